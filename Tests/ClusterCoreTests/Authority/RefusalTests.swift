// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel
import Testing

@Suite struct RefusalTests {
    /// One situation, the event judged in it, and the words that come of it.
    struct Situation: Sendable, CustomTestStringConvertible {
        let name: String
        let judgement: @Sendable () -> Judgement
        let code: String
        let message: String
        var testDescription: String { name }
    }

    private static let bob = Notary.key("bob 1")
    private static let web2 = Notary.grant("web2", by: bob)
    private static let node2 = Notary.node("web2").short

    private static func judge(
        adding records: [VerifiedRecord] = [], users: [AllowedUser]? = nil,
        pins: [PinnedUser] = [], under grant: VerifiedRecord? = nil, sequence: UInt64 = 1,
        requiring scopes: Scopes = .publish, seen: UInt64 = 1_000
    ) -> Judgement {
        let authority = Notary.authority(
            Notary.first + records, users: users ?? [Notary.allow("alice"), Notary.allow("bob")],
            pins: pins)
        return authority.judge(
            "web2", sequence, under: grant ?? web2, requiring: scopes, seen: seen)
    }

    static let situations: [Situation] = [
        Situation(
            name: "a grant that never came",
            judgement: { judge(under: Notary.grant("web2", serial: 9, by: bob)) },
            code: "held unknown-grant",
            message: "the grant \(Notary.grant("web2", serial: 9, by: bob).hash.short) of node "
                + "\(node2) is not known here yet"),
        Situation(
            name: "another node's grant",
            judgement: { judge(under: Notary.grant("web1", by: Notary.root)) },
            code: "wrong-node",
            message: "node \(node2) speaks under a grant of node \(Notary.node("web1").short)"),
        Situation(
            name: "a revoked grant",
            judgement: {
                judge(adding: [Notary.revoke(.grant(web2.hash), by: Notary.root)])
            },
            code: "revoked",
            message: "the grant of user \"bob\" for node \(node2) was revoked before this"),
        Situation(
            name: "a removed user",
            judgement: {
                judge(adding: [Notary.account("bob", 2, isRemoved: true, by: Notary.root)])
            },
            code: "removed-user", message: "user \"bob\" was removed from the cluster"),
        Situation(
            name: "a replaced key that no new one vouches for",
            judgement: {
                judge(adding: [
                    Notary.account("bob", 2, scopes: [.publish, .invalidate], by: bob)
                ])
            },
            code: "retired-key",
            message: "user \"bob\" has a new key, which does not vouch for node \(node2); "
                + "log that node in again"),
        Situation(
            name: "an expired grant", judgement: { judge(seen: Notary.year + 1) },
            code: "held undated",
            message: "first seen after the grant of user \"bob\" for node \(node2) expired, and "
                + "nothing proves that it is older; log that node in again"),
        Situation(
            name: "a scope that was not granted", judgement: { judge(requiring: .update) },
            code: "missing-scope",
            message: "user \"bob\" has not granted node \(node2) the scope \"update\", or does "
                + "not have it"),
        Situation(
            name: "a user who is not listed", judgement: { judge(users: [Notary.allow("alice")]) },
            code: "unlisted-user",
            message: "user \"bob\" is not listed in ~/.sitestacker/users on this node"),
        Situation(
            name: "no users file", judgement: { judge(users: []) }, code: "unlisted-user",
            message: "user \"bob\" is not listed in ~/.sitestacker/users on this node"),
        Situation(
            name: "a user listed without the scope",
            judgement: { judge(users: [Notary.allow("bob", [.invalidate, .update])]) },
            code: "unlisted-scope",
            message: "user \"bob\" is listed in ~/.sitestacker/users on this node without the "
                + "scope \"publish\""),
        Situation(
            name: "another key than the pinned one",
            judgement: {
                judge(pins: [PinnedUser(identifier: "bob", key: Notary.key("elder bob"))])
            },
            code: "unpinned-key",
            message: "user \"bob\" is listed in ~/.sitestacker/users on this node, but has another "
                + "key than the pinned one; check it, then run \"sitestacker user pin bob\""),
        Situation(
            name: "two live keys under one name",
            judgement: {
                let scopes: Scopes = [.publish, .invalidate]
                let twins = ["b", "c"].map {
                    Notary.account("bob", 2, key: Notary.key("bob 2\($0)"), scopes: scopes, by: bob)
                }
                let grant = Notary.grant("web2", serial: 2, by: Notary.key("bob 2b"))
                return judge(adding: twins + [grant], under: grant)
            },
            code: "ambiguous-key",
            message: "user \"bob\" is listed in ~/.sitestacker/users on this node, but several "
                + "keys are in use under that name; run \"sitestacker user pin bob\""),
    ]

    @Test("Each refusal says who, where and why", arguments: situations)
    func message(_ situation: Situation) throws {
        let judgement = situation.judgement()
        #expect(judgement.code == situation.code)
        switch judgement {
        case .allowed: Issue.record("allowed")
        case .held(let refusal), .refused(let refusal):
            #expect(refusal.message == situation.message)
        }
    }

    @Test("Who is listed with the scope is allowed, and receipts need no listing")
    func allowed() {
        #expect(Self.judge() == .allowed(user: "bob"))
        #expect(Self.judge(users: [], requiring: []) == .allowed(user: "bob"))
        #expect(Self.judge(users: [Notary.allow("bob@example.com")]) == .allowed(user: "bob"))
    }

    @Test("The users file does not gate this node's own events")
    func own() {
        let grant = Notary.grant("web1", by: Notary.root)
        let authority = Notary.authority(users: [])
        #expect(authority.judge("web1", under: grant) == .allowed(user: "alice"))
        #expect(authority.refusalToPublish(.all, at: Notary.wall(5)) == nil)
    }

    @Test("This node publishes under a live grant that includes the scope only")
    func publishing() {
        let web2 = Notary.authority(own: "web2")
        #expect(web2.refusalToPublish(.publish, at: Notary.wall(5)) == nil)
        #expect(web2.refusalToPublish(.update, at: Notary.wall(5))?.code == .missingScope)
        let late = Notary.wall(Notary.year + 1)
        #expect(
            web2.refusalToPublish(.publish, at: late)?.message
                == "the grant of user \"bob\" for this node has expired; log this node in again")
        let web3 = Notary.authority(own: "web3")
        #expect(
            web3.refusalToPublish(.publish, at: late)?.message
                == "this node is not logged in; run \"sitestacker login\"")
    }
}
