// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel
import Testing

@Suite struct AuthorityFoldTests {
    private static let root = Notary.root
    private static let bob = Notary.key("bob 1")

    /// Everything that can happen to three users and three nodes, contradictions included.
    static var everything: [VerifiedRecord] {
        let carol = Notary.key("carol 1")
        let bob2 = Notary.key("bob 2")
        let web3 = Notary.grant("web3", by: carol)
        return Notary.first + [
            Notary.account("carol", by: root),
            Notary.account("dave", scopes: .publish, by: carol),
            Notary.account("bob", 2, scopes: [.publish, .invalidate], by: bob),
            Notary.account("bob", 2, key: carol, scopes: .all, by: bob),
            Notary.account("mallory", by: Notary.key("mallory 1")),
            Notary.account("alice", 2, by: root),
            Notary.account("carol", by: Notary.key("alice 2")),
            Notary.grant("web2", serial: 2, covers: [Notary.head("web2", 5)], by: bob2),
            Notary.grant("web1", serial: 2, by: Notary.key("alice 2")),
            Notary.grant("web4", by: Notary.key("dave 1")),
            web3,
            Notary.revoke(.grant(web3.hash), covers: [Notary.head("web3", 3)], by: carol),
            Notary.revoke(.node(Notary.node("web4")), by: Notary.key("alice 2")),
            Notary.revoke(.user(Notary.key("dave 1")), by: carol),
            Notary.sign(
                .void(EventID(log: Notary.log("web2"), sequence: 3)), by: carol),
            Notary.sign(
                .client(
                    ClientKey(name: "shop", curveKey: Notary.curve("shop"), scopes: .query)),
                by: carol),
        ]
    }

    @Test("Any order, any portions and any repetition give one state", arguments: 0..<100)
    func commutes(seed: UInt64) {
        let all = Self.everything
        let expected = Notary.authority(all).summary
        var jitter = Jitter(seed: seed)
        var authority = Notary.authority([])
        var left = shuffled(all, &jitter)
        while !left.isEmpty {
            let count = min(left.count, 1 + Int(jitter.next() % 4))
            _ = authority.add(Array(left.prefix(count)))
            left.removeFirst(count)
            _ = authority.add([all[Int(jitter.next() % UInt64(all.count))]])
        }
        #expect(authority.summary == expected)
        #expect(authority.add(all).isEmpty)
    }

    @Test("Two nodes that exchange what they lack end up equal", arguments: 0..<20)
    func exchanges(seed: UInt64) {
        var jitter = Jitter(seed: seed)
        let all = Self.everything
        let byHash = Dictionary(uniqueKeysWithValues: all.map { ($0.sealed, $0) })
        var here = Notary.authority(all.filter { _ in jitter.next() % 2 == 0 })
        var there = Notary.authority(all.filter { _ in jitter.next() % 2 == 0 })
        for _ in 0..<6 {
            let mine = there.records(here.missing(from: there.hashes))
            let theirs = here.records(there.missing(from: here.hashes))
            _ = here.add(mine.compactMap { byHash[$0] })
            _ = there.add(theirs.compactMap { byHash[$0] })
        }
        #expect(here.summary == there.summary)
        #expect(here.digest == there.digest)
    }

    @Test("A record waits for its signer, and is kept when he comes")
    func waits() {
        let account = Notary.account("bob", by: Self.root)
        let grant = Notary.grant("web2", by: Self.bob)
        var authority = Notary.authority([Notary.account("alice", key: Self.root, by: Self.root)])
        let before = authority.digest
        #expect(authority.add([grant]).isEmpty)
        #expect(authority.standing(of: grant.hash) == .waiting)
        #expect(authority.digest == before)
        let changes = authority.add([account])
        let kept = [account, grant].sorted { $0.hash < $1.hash }
        #expect(changes.contains(.store(kept)))
        #expect(changes.contains(.members))
        #expect(authority.isMember(Notary.node("web2")))
    }

    @Test("A stranger's records never count, however many come")
    func strangers() {
        var authority = Notary.authority()
        let before = authority.digest
        let mallory = Notary.key("mallory 1")
        let junk = (0..<3_000).map { Notary.grant("evil \($0)", by: mallory) }
        let changes = authority.add(junk + [Notary.account("mallory", by: mallory)])
        #expect(changes == [.dropped(count: 2_001)])
        #expect(authority.digest == before)
        #expect(authority.admitted(Notary.curve("evil 1")) == nil)
    }

    @Test("A user's records cannot fill the set: an administrator's revocation still counts")
    func flood() {
        var authority = Notary.authority()
        _ = authority.add((0..<6_000).map { Notary.grant("flood \($0)", by: Self.bob) })
        #expect(authority.hashes.count == 5_003)
        let revocation = Notary.revoke(.user(Self.bob), by: Self.root)
        #expect(authority.add([revocation]).contains(.members))
        #expect(authority.members.map(\.node) == [Notary.node("web1")])
    }

    @Test("Without a pinned cluster nothing counts; with it what came before does")
    func pins() {
        var authority = Authority(pin: nil, own: Notary.node("web1"))
        _ = authority.add(Notary.first)
        #expect(authority.members.isEmpty)
        let changes = authority.setClusterPin(Notary.pin)
        #expect(changes.contains(.members))
        #expect(authority.ownMember?.user == "alice")
        _ = authority.setClusterPin(nil)
        #expect(authority.ownGrant == nil)
    }

    @Test("Without the scope admin a user makes nobody, and gives himself nothing")
    func privileges() {
        let bob = Self.bob
        let records = [
            Notary.account("eve", scopes: .publish, by: bob),
            Notary.account("bob", 2, key: bob, scopes: .all, by: bob),
            Notary.account("bob", 3, key: bob, scopes: [.publish], by: bob),
            Notary.account(
                "bob", 2, key: bob, scopes: .publish, email: "alice@example.com", by: bob),
            Notary.sign(.void(EventID(log: Notary.log("web1"), sequence: 1)), by: bob),
            Notary.revoke(.node(Notary.node("web1")), by: bob),
            Notary.revoke(.user(Self.root), by: bob),
            Notary.sign(
                .client(ClientKey(name: "x", curveKey: Notary.curve("x"), scopes: .all)), by: bob),
        ]
        let authority = Notary.authority(Notary.first + records)
        #expect(authority.accounts.map(\.account.name) == ["alice", "bob"])
        #expect(authority.account(named: "bob")?.account.serial == 1)
        #expect(authority.members.count == 2)
        #expect(authority.clients.isEmpty)
        #expect(!authority.isVoided(EventID(log: Notary.log("web1"), sequence: 1)))
        for record in records {
            #expect(authority.standing(of: record.hash) != .effective)
        }
        #expect(authority.standing(of: records[0].hash) == .waiting)
    }

    @Test("A removed administrator authorises nobody, and cannot count himself back in")
    func removal() {
        let carol = Notary.key("carol 1")
        let records = [
            Notary.account("carol", by: Self.root),
            Notary.account("dave", by: carol),
            Notary.grant("web3", by: Notary.key("dave 1")),
            Notary.account("carol", 2, isRemoved: true, by: Self.root),
            Notary.account("carol", 2, by: carol),
            Notary.account("carol", 3, by: Notary.key("carol 2")),
            Notary.account("carol", 3, key: carol, by: carol),
        ]
        let authority = Notary.authority(Notary.first + records)
        #expect(authority.account(named: "carol") == nil)
        #expect(authority.account(named: "dave") == nil)
        #expect(!authority.isMember(Notary.node("web3")))
        let renewed = authority.judge("web3", under: records[2])
        #expect(renewed.code == "held unknown-grant")
        let again = Notary.authority(
            Notary.first + records + [Notary.account("dave", by: Self.root)],
            users: [Notary.allow("dave")])
        #expect(again.judge("web3", under: records[2]) == .allowed(user: "dave"))
    }

    @Test("Who was an administrator and is none makes nobody and revokes nobody's key")
    func demotion() {
        let carol = Notary.key("carol 1")
        let records = [
            Notary.account("carol", by: Self.root),
            Notary.account("carol", 2, key: carol, scopes: .publish, by: Self.root),
            Notary.account("eve", by: carol),
            Notary.account("bob", 5, isRemoved: true, by: carol),
            Notary.revoke(.user(Self.bob), by: carol),
        ]
        let authority = Notary.authority(Notary.first + records)
        #expect(authority.accounts.map(\.account.name) == ["alice", "bob", "carol"])
        #expect(authority.account(named: "bob")?.keys == [Self.bob])
        #expect(!authority.isAdministrator(carol))
    }

    @Test("An administrator revokes the key of his peer, not of his senior")
    func peerRevocation() {
        let carol = Notary.key("carol 1")
        let authority = Notary.authority(
            Notary.first + [
                Notary.account("carol", by: Self.root),
                Notary.revoke(.user(Self.bob), by: carol),
                Notary.revoke(.user(Self.root), by: carol),
            ])
        #expect(authority.account(named: "bob") == nil)
        #expect(authority.members.map(\.user) == ["alice"])
        #expect(authority.account(named: "alice")?.keys == [Self.root])
    }

    @Test("What an administrator denied stays denied after his removal, not after his key's end")
    func denials() {
        let carol = Notary.key("carol 1")
        let event = EventID(log: Notary.log("web1"), sequence: 1)
        let records = [
            Notary.account("carol", by: Self.root),
            Notary.sign(.void(event), by: carol),
            Notary.revoke(.node(Notary.node("web2")), by: carol),
            Notary.account("carol", 2, isRemoved: true, by: Self.root),
        ]
        var authority = Notary.authority(Notary.first + records)
        #expect(authority.isVoided(event))
        #expect(!authority.isMember(Notary.node("web2")))
        _ = authority.add([Notary.revoke(.user(carol), by: Self.root)])
        #expect(!authority.isVoided(event))
        #expect(authority.isMember(Notary.node("web2")))
    }

    @Test("Two administrators who remove each other are both removed; the founder is not")
    func mutualRemoval() {
        let carol = Notary.key("carol 1")
        let dave = Notary.key("dave 1")
        let authority = Notary.authority(
            Notary.first + [
                Notary.account("carol", by: Self.root), Notary.account("dave", by: Self.root),
                Notary.account("carol", 2, isRemoved: true, by: dave),
                Notary.account("dave", 2, isRemoved: true, by: carol),
            ])
        #expect(authority.accounts.filter(\.isRemoved).map(\.account.name) == ["carol", "dave"])
        #expect(authority.account(named: "alice") != nil)
    }

    @Test("A junior's removal of the founder ends his account, not what he signed")
    func founder() {
        let carol = Notary.key("carol 1")
        let authority = Notary.authority(
            Notary.first + [
                Notary.account("carol", by: Self.root),
                Notary.account("alice", 2, key: Self.root, isRemoved: true, by: carol),
            ])
        #expect(authority.account(named: "alice") == nil)
        #expect(authority.account(named: "carol") != nil)
        #expect(authority.members.map(\.user) == ["bob"])
        let grant = Notary.grant("web1", by: Self.root)
        #expect(authority.judge("web1", under: grant).code == "removed-user")
    }

    @Test("The digest of what is allowed tells users and scopes apart")
    func allowedDigest() {
        let both = [Notary.allow("alice"), Notary.allow("bob")]
        let digest = Notary.authority(users: both).allowedDigest
        #expect(Notary.authority(users: both.reversed()).allowedDigest == digest)
        #expect(Notary.authority(users: [both[0]]).allowedDigest != digest)
        let narrower = [both[0], Notary.allow("bob", .publish)]
        #expect(Notary.authority(users: narrower).allowedDigest != digest)
        #expect(Notary.authority(users: []).allowedDigest == .none)
    }
}
