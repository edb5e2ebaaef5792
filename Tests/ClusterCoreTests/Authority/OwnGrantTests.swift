// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel
import Testing

/// Whose grant a node speaks under, whatever other users of the cluster sign for its keys.
@Suite struct OwnGrantTests {
    private static let bob = Notary.key("bob 1")
    private static let far = UInt64(Int64.max)
    private static let alices = Notary.grant("web1", by: Notary.root)
    /// As far ahead as can be written, and of no use for anything but to be in the way.
    private static let claim = Notary.grant(
        "web1", serial: far, scopes: .query, from: far, by: bob)

    @Test("Another user's grant does not become the own one, however far ahead it is dated")
    func claimed() {
        let authority = Notary.authority(Notary.first + [Self.claim], joinedAs: "alice")
        #expect(authority.ownGrant == Self.alices.hash)
        #expect(authority.ownMember?.user == "alice")
        #expect(authority.refusalToPublish(.publish, at: Notary.wall(1)) == nil)
        #expect(authority.highestSerial(of: "alice", for: authority.own) == 1)
    }

    @Test("Once the grant of the user as whom a node joined has ended, no other takes its place")
    func ended() {
        let end = Notary.revoke(.grant(Self.alices.hash), by: Notary.root)
        let authority = Notary.authority(Notary.first + [Self.claim, end], joinedAs: "alice")
        #expect(authority.ownGrant == nil)
        #expect(authority.refusalToPublish(.publish, at: Notary.wall(1))?.code == .notLoggedIn)
    }

    @Test("Other nodes see the node as an administrator's who vouches for it", arguments: 0..<20)
    func seen(seed: UInt64) {
        var jitter = Jitter(seed: seed)
        var authority = Notary.authority([], own: "web3")
        for record in shuffled(Notary.first + [Self.claim], &jitter) {
            _ = authority.add([record])
        }
        #expect(authority.members.first { $0.node == Notary.node("web1") }?.user == "alice")
    }

    @Test("Which of two grants a node speaks under it says itself, and no other than counts")
    func spoken() {
        let carol = Notary.key("carol 1")
        let own = Notary.grant("web4", by: carol)
        let other = Notary.grant("web4", curve: "wrong", from: Self.far, by: Self.bob)
        let node = Notary.node("web4")
        var authority = Notary.authority(
            Notary.first + [
                Notary.account("carol", scopes: .publish, by: Notary.root), own, other,
            ])
        #expect(authority.member(node, speakingUnder: own.hash)?.user == "carol")
        #expect(authority.member(node, speakingUnder: Self.alices.hash)?.user == "bob")
        #expect(
            authority.members.first { $0.node == node }?.curveKeys
                == [Notary.curve("web4"), Notary.curve("wrong")])
        _ = authority.add([Notary.revoke(.grant(own.hash), by: Notary.root)])
        #expect(authority.member(node, speakingUnder: own.hash)?.user == "bob")
    }

    @Test("Of one user's grants the highest serial counts, whatever clock it was dated by")
    func serials() {
        let newer = Notary.grant("web1", serial: 2, from: 0, by: Notary.root)
        let older = Notary.grant("web1", serial: 1, from: 9_000, by: Notary.root)
        let authority = Notary.authority(
            Notary.first + [older, newer], joinedAs: "alice")
        #expect(authority.ownGrant == newer.hash)
    }

    @Test("A replaced key outranks nothing with a serial as high as can be")
    func replaced() {
        let theft = Notary.grant("web2", serial: Self.far, scopes: .publish, by: Self.bob)
        let new = Notary.grant("web2", serial: 2, by: Notary.key("bob 2"))
        let rotation = Notary.account(
            "bob", 2, scopes: [.publish, .invalidate], by: Self.bob)
        let authority = Notary.authority(
            Notary.first + [rotation, new, theft], own: "web2", joinedAs: "bob")
        #expect(authority.ownGrant == new.hash)
        #expect(authority.highestSerial(of: "bob", for: authority.own) == 2)
    }

    @Test("A grant with the highest serial there is can be renewed all the same")
    func exhausted() {
        let last = Notary.grant("web2", serial: Self.far, by: Self.bob)
        let next = Notary.key("bob 2")
        let authority = Notary.authority(Notary.first + [last])
        let serials = authority.renewals(of: Self.bob, successor: next).compactMap { record in
            if case .grant(let grant) = record { grant.serial } else { nil }
        }
        #expect(serials.sorted() == [2, Self.far])
    }

    @Test("A CURVE key that an administrator vouches for is not taken over by an early date")
    func curveKey() {
        let mine = Notary.grant("web5", serial: 2, by: Notary.root)
        let theirs = Notary.grant("evil", curve: "web5", from: 0, by: Self.bob)
        let authority = Notary.authority(Notary.first + [mine, theirs])
        #expect(authority.admitted(Notary.curve("web5")) == .node(Notary.node("web5")))
    }
}
