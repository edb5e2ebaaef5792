// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import Testing

/// What a login is checked against travels beside the records, to members alone.
@Suite struct CredentialTests {
    private static let digest = Digest(Notary.bytes32("credential of bob"))
    private static let credential: [UInt8] = [1, 2, 3]
    private static let whole = Notary.account(
        "bob", credential: digest, beside: credential, by: Notary.root)
    private static let bare = Notary.account("bob", credential: digest, by: Notary.root)

    /// A cluster of alice, whose credential is nobody's concern, and what else is known.
    private func authority(_ records: [VerifiedRecord]) -> Authority {
        Notary.authority([Notary.account("alice", key: Notary.root, by: Notary.root)] + records)
    }

    private func bob(_ authority: Authority) throws -> Account {
        try #require(authority.account(named: "bob")?.account)
    }

    @Test("Only members are given credentials")
    func membersOnly() throws {
        let authority = self.authority([Self.whole])
        #expect(authority.records(authority.hashes).allSatisfy { $0.credential == nil })
        let forMembers = authority.recordsForMembers(authority.hashes)
        #expect(forMembers.compactMap(\.credential) == [Self.credential])
        #expect(authority.credential(of: try bob(authority)) == Self.credential)
    }

    @Test("A credential that comes later completes the record, which is stored again, once")
    func comesLater() throws {
        var authority = self.authority([Self.bare])
        let digest = authority.digest
        #expect(!authority.isComplete)
        #expect(!authority.completeHashes.contains(Self.bare.hash))
        #expect(authority.credential(of: try bob(authority)) == nil)
        #expect(authority.add([Self.whole]) == [.store([Self.whole])])
        #expect(authority.isComplete)
        #expect(authority.completeHashes == authority.hashes)
        #expect(authority.credential(of: try bob(authority)) == Self.credential)
        #expect(authority.digest == digest)
        #expect(authority.add([Self.whole, Self.bare]).isEmpty)
    }

    @Test("With or without credentials the set has one digest, and one state")
    func digest() {
        #expect(authority([Self.whole]).digest == authority([Self.bare]).digest)
        #expect(authority([Self.whole]).summary == authority([Self.bare]).summary)
    }

    @Test("An account which is signed again has the credential of the first")
    func signedAgain() {
        let again = Notary.account(
            "bob", 2, key: Notary.key("bob 1"), credential: Self.digest,
            by: Notary.key("bob 1"))
        var authority = self.authority([Self.whole, again])
        #expect(authority.isComplete)
        #expect(authority.recordsForMembers([again.hash]).map(\.credential) == [Self.credential])
        authority = self.authority([Self.bare, again])
        _ = authority.add([Self.whole])
        #expect(authority.isComplete)
    }

    @Test("A credential that comes while its record waits is kept with it")
    func waiting() throws {
        let mallory = Notary.account(
            "carol", credential: Self.digest, beside: Self.credential, by: Notary.key("bob 1"))
        var authority = self.authority([])
        _ = authority.add([
            Notary.account("carol", credential: Self.digest, by: Notary.key("bob 1"))
        ])
        _ = authority.add([mallory])
        #expect(authority.standing(of: mallory.hash) == .waiting)
        _ = authority.add([Notary.account("bob", by: Notary.root)])
        #expect(authority.recordsForMembers([mallory.hash]).map(\.credential) == [Self.credential])
    }

    @Test("The founding credential is the root's own, whatever was signed later")
    func founding() {
        let founder = Notary.account(
            "alice", 1, key: Notary.root, credential: Self.digest, beside: Self.credential,
            by: Notary.root)
        let other = Notary.account(
            "bob", credential: Digest(Notary.bytes32("other")), beside: [9], by: Notary.root)
        #expect(
            Notary.authority([founder, other]).foundingCredential(by: Notary.root)
                == Self.credential)
        #expect(Notary.authority([other]).foundingCredential(by: Notary.root) == nil)
    }
}
