// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel
import Testing

@Suite struct RotationTests {
    private static let scopes: Scopes = [.publish, .invalidate]
    private static let bob1 = Notary.key("bob 1")
    private static let bob2 = Notary.key("bob 2")
    private static let old = Notary.grant("web2", by: bob1)
    private static let new = Notary.grant("web2", serial: 2, by: bob2)
    private static let rotation = Notary.account("bob", 2, scopes: scopes, by: bob1)

    @Test("After a password change old and new grants of the node count, and the pin stays")
    func passwd() {
        var authority = Notary.authority()
        let changes = authority.add([Self.rotation, Self.new])
        #expect(!changes.contains { if case .pin = $0 { true } else { false } })
        #expect(authority.judge("web2", under: Self.old) == .allowed(user: "bob"))
        #expect(authority.judge("web2", under: Self.new) == .allowed(user: "bob"))
        #expect(authority.members.last { $0.user == "bob" }?.grantHash == Self.new.hash)
        #expect(authority.allowedScopes(of: Self.bob2) == .all)
        #expect(authority.allowedScopes(of: Self.bob1) == [])
    }

    @Test("What the old key grants after a password change counts nowhere")
    func oldKey() {
        let theft = Notary.grant("evil", by: Self.bob1)
        let authority = Notary.authority(Notary.first + [Self.rotation, Self.new, theft])
        #expect(!authority.isMember(Notary.node("evil")))
        #expect(authority.admitted(Notary.curve("evil")) == nil)
        #expect(authority.judge("evil", under: theft).code == "retired-key")
    }

    @Test("What a later grant covers stays covered when the password changes")
    func coversStay() {
        let later = Notary.grant(
            "web2", serial: 2, notAfter: 2 * Notary.year, covers: [Notary.head("web2", 3)],
            by: Self.bob1)
        var authority = Notary.authority(Notary.first + [later])
        let renewals = authority.renewals(of: Self.bob1, successor: Self.bob2)
            .map { Notary.sign($0, by: Self.bob2) }
        #expect(renewals.count == 2)
        _ = authority.add([Self.rotation] + renewals)
        let judged = [3, 4].map {
            authority.judge("web2", $0, under: Self.old, seen: Notary.year + 1).code
        }
        #expect(judged == ["allowed", "held undated"])
    }

    @Test("Ending the new grant ends the old one with it")
    func endNew() {
        let end = Notary.revoke(.grant(Self.new.hash), by: Self.bob2)
        let authority = Notary.authority(Notary.first + [Self.rotation, Self.new, end])
        #expect(!authority.isMember(Notary.node("web2")))
        #expect(authority.judge("web2", under: Self.old).code == "retired-key")
        #expect(authority.judge("web2", under: Self.new).code == "revoked")
    }

    @Test("The founder's password change ends the root key, once renewals are signed")
    func founder() {
        let next = Notary.key("alice 2")
        let first = Notary.authority()
        let renewals = first.renewals(of: Notary.root, successor: next)
            .map { Notary.sign($0, by: next) }
        #expect(renewals.count == 2)
        var authority = first
        _ = authority.add([Notary.account("alice", 2, by: Notary.root)] + renewals)
        #expect(authority.members.map(\.user).sorted() == ["alice", "bob"])
        #expect(authority.ownGrant == renewals.last { $0.signer == next && isGrant($0) }?.hash)
        #expect(authority.judge("web2", under: Self.old) == .allowed(user: "bob"))
        let theft = Notary.account("mallory", by: Notary.root)
        _ = authority.add([theft])
        #expect(authority.account(named: "mallory") == nil)
        #expect(!authority.isAdministrator(Notary.root))
        #expect(authority.isAdministrator(next))
    }

    private func isGrant(_ record: VerifiedRecord) -> Bool {
        if case .grant = record.record { true } else { false }
    }

    @Test("Renewals of a removed administrator keep his denials and accounts, not his grants")
    func renewals() {
        let carol = Notary.key("carol 1")
        let records = [
            Notary.account("carol", by: Notary.root),
            Notary.account("dave", by: carol),
            Notary.grant("web3", by: carol),
            Notary.revoke(.node(Notary.node("web2")), by: carol),
        ]
        var authority = Notary.authority(Notary.first + records)
        let renewals = authority.renewals(of: carol, successor: nil)
            .map { Notary.sign($0, by: Notary.root) }
        _ = authority.add(
            renewals + [
                Notary.account("carol", 2, isRemoved: true, by: Notary.root),
                Notary.revoke(.user(carol), by: Notary.root),
            ])
        #expect(authority.account(named: "dave") != nil)
        #expect(authority.members.map(\.node) == [Notary.node("web1")])
    }

    @Test("An administrator's new key under a pinned name allows nobody until it is pinned")
    func reset() {
        var authority = Notary.authority()
        let key = Notary.key("bob reset")
        let grant = Notary.grant("web2", serial: 2, by: key)
        _ = authority.add([
            Notary.account("bob", 2, key: key, scopes: Self.scopes, by: Notary.root), grant,
        ])
        #expect(authority.judge("web2", under: grant).code == "unpinned-key")
        #expect(authority.judge("web2", under: Self.old).code == "retired-key")
        #expect(authority.account(named: "bob")?.keys == [key])
        #expect(authority.isMember(Notary.node("web2")))
        let changes = authority.pinUser("bob", key: key)
        #expect(changes.first == .pin(PinnedUser(identifier: "bob", key: key)))
        #expect(changes.contains(.standing))
        #expect(authority.judge("web2", under: grant) == .allowed(user: "bob"))
    }

    @Test("Two successors of one key allow nobody until one is pinned")
    func fork() {
        let twins = ["a", "b"].map {
            Notary.account(
                "bob", 2, key: Notary.key("bob 2\($0)"), scopes: Self.scopes, by: Self.bob1)
        }
        let grants = ["a", "b"].map {
            Notary.grant("web2", serial: 2, by: Notary.key("bob 2\($0)"))
        }
        var authority = Notary.authority()
        _ = authority.add(twins + grants)
        #expect(authority.judge("web2", under: grants[0]).code == "ambiguous-key")
        _ = authority.pinUser("bob", key: Notary.key("bob 2a"))
        #expect(authority.judge("web2", under: grants[0]) == .allowed(user: "bob"))
        #expect(authority.judge("web2", under: grants[1]).code == "unpinned-key")
        _ = authority.add([Notary.revoke(.user(Notary.key("bob 2b")), by: Notary.root)])
        #expect(authority.account(named: "bob")?.keys == [Notary.key("bob 2a")])
    }

    @Test("A key revoked by its own successor leaves the successor alone")
    func revokeOld() {
        let revocation = Notary.revoke(.user(Self.bob1), by: Self.bob2)
        let authority = Notary.authority(
            Notary.first + [Self.rotation, Self.new, revocation])
        #expect(authority.account(named: "bob")?.keys == [Self.bob2])
        #expect(authority.judge("web2", under: Self.old).code == "revoked")
        #expect(authority.judge("web2", under: Self.new) == .allowed(user: "bob"))
    }

    @Test("Names and addresses are pinned where they are first resolved, and only there")
    func pinning() {
        let carol = Notary.account("carol", scopes: .publish, by: Notary.root)
        var authority = Notary.authority(users: [Notary.allow("carol@example.com")])
        #expect(authority.unresolved == ["carol@example.com"])
        #expect(
            authority.setUsers([Notary.allow("carol"), Notary.allow("nobody")]).isEmpty == false)
        let changes = authority.add([carol])
        #expect(
            changes.contains(
                .pin(PinnedUser(identifier: "carol", key: Notary.key("carol 1")))))
        #expect(authority.unresolved == ["nobody"])
        #expect(authority.setUsers([Notary.allow("carol")]).contains(.standing))
    }

    @Test("Pins made while starting are reported by the first change")
    func startingPins() {
        var authority = Authority(
            pin: Notary.pin, own: Notary.node("web1"), records: Notary.first,
            users: [Notary.allow("alice"), Notary.allow("bob")])
        let changes = authority.setUsers([Notary.allow("alice"), Notary.allow("bob")])
        #expect(
            changes == [
                .pin(PinnedUser(identifier: "alice", key: Notary.root)),
                .pin(PinnedUser(identifier: "bob", key: Self.bob1)),
            ])
        #expect(authority.setUsers([Notary.allow("alice"), Notary.allow("bob")]).isEmpty)
    }

    @Test("Two accounts with one address allow nobody by it")
    func address() {
        let twin = Notary.account("twin", email: "bob@example.com", by: Notary.root)
        let authority = Notary.authority(
            Notary.first + [twin], users: [Notary.allow("bob@example.com")])
        #expect(authority.judge("web2", under: Self.old).code == "ambiguous-key")
    }

    @Test("A replaced key stays replaced, whatever else it signs")
    func staysReplaced() {
        let alias = Notary.account("bob", 2, key: Self.bob1, scopes: .publish, by: Self.bob1)
        let authority = Notary.authority(Notary.first + [Self.rotation, alias])
        #expect(authority.account(named: "bob")?.keys == [Self.bob2])
    }

    @Test("A user does not take back a scope that an administrator took")
    func lessScopes() {
        let authority = Notary.authority(
            Notary.first + [
                Notary.account("bob", 2, key: Self.bob1, scopes: .publish, by: Notary.root),
                Notary.account("bob", 3, scopes: Self.scopes, by: Self.bob1),
            ])
        #expect(authority.account(named: "bob")?.account.scopes == .publish)
        #expect(authority.account(named: "bob")?.keys == [Self.bob1])
    }
}
