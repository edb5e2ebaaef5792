// SPDX-License-Identifier: Apache-2.0
import ClusterCore
@_spi(Verification) import ClusterModel
import Testing

@Suite struct ValidityTests {
    private static let bob = Notary.key("bob 1")
    private static let grant = Notary.grant("web2", by: bob)
    private static let late = Notary.year + 1

    @Test("A revocation keeps what it covers and refolds what is beyond")
    func covers() {
        let end = Notary.revoke(
            .grant(Self.grant.hash), covers: [Notary.head("web2", 5)], by: Self.bob)
        let authority = Notary.authority(Notary.first + [end])
        #expect(authority.judge("web2", 4, under: Self.grant) == .allowed(user: "bob"))
        #expect(authority.judge("web2", 5, under: Self.grant) == .allowed(user: "bob"))
        #expect(authority.judge("web2", 6, under: Self.grant).code == "revoked")
        #expect(authority.judge("web2", 1, under: Self.grant, epoch: 2).code == "revoked")
        #expect(
            authority.judge("web2", 5, under: Self.grant, seen: Self.late) == .allowed(user: "bob"))
        #expect(authority.admitted(Notary.curve("web2")) == nil)
    }

    @Test("Of two revocations the lower cover wins, in whatever order they came")
    func lower() {
        let ends = [9, 5].map {
            Notary.revoke(
                .grant(Self.grant.hash), covers: [Notary.head("web2", $0)], by: Notary.root)
        }
        for ends in [ends, ends.reversed()] {
            let authority = Notary.authority(Notary.first + ends)
            #expect(authority.judge("web2", 5, under: Self.grant) == .allowed(user: "bob"))
            #expect(authority.judge("web2", 6, under: Self.grant).code == "revoked")
        }
    }

    @Test("A cover names a hash: another batch at that position is not covered")
    func otherHash() {
        let forged = EpochHead(
            log: Notary.log("web2"), last: 5, chain: Notary.chain("web2", 99))
        let end = Notary.revoke(.node(Notary.node("web2")), covers: [forged], by: Notary.root)
        let authority = Notary.authority(Notary.first + [end])
        #expect(authority.judge("web2", 5, under: Self.grant).code == "revoked")
    }

    @Test("A removed user's events count as far as the revocation of his key covers them")
    func removedUser() {
        let records = [
            Notary.account("bob", 2, isRemoved: true, by: Notary.root),
            Notary.revoke(.user(Self.bob), covers: [Notary.head("web2", 5)], by: Notary.root),
        ]
        var authority = Notary.authority()
        _ = authority.setUsers([Notary.allow("bob")])
        _ = authority.add(records)
        #expect(authority.judge("web2", 5, under: Self.grant) == .allowed(user: "bob"))
        #expect(authority.judge("web2", 6, under: Self.grant).code == "revoked")
    }

    @Test("What is first seen late counts where another member has dated it")
    func checkpoint() {
        var authority = Notary.authority()
        let judged = { (authority: Authority, sequence: UInt64) in
            authority.judge("web2", sequence, under: Self.grant, seen: Self.late).code
        }
        #expect(judged(authority, 3) == "held undated")
        let heads = [Notary.head("web2", 3)]
        _ = authority.note(
            Checkpoint(heads: heads, wall: Notary.wall(Notary.year - 5)),
            by: Notary.node("web2"))
        #expect(judged(authority, 3) == "held undated", "his own word proves nothing")
        _ = authority.note(
            Checkpoint(heads: heads, wall: Notary.wall(Notary.year - 5)),
            by: Notary.node("stranger"))
        #expect(judged(authority, 3) == "held undated", "a stranger's word proves nothing")
        _ = authority.note(
            Checkpoint(heads: heads, wall: Notary.wall(Self.late)), by: Notary.node("web1"))
        #expect(judged(authority, 3) == "held undated", "too late")
        let changes = authority.note(
            Checkpoint(heads: heads, wall: Notary.wall(Notary.year)), by: Notary.node("web1"))
        #expect(changes.contains(.standing))
        #expect(judged(authority, 3) == "allowed")
        #expect(judged(authority, 2) == "allowed")
        #expect(judged(authority, 4) == "held undated")
    }

    @Test("What is first seen late counts where a later grant covers it")
    func successor() {
        let next = Notary.grant(
            "web2", serial: 2, notAfter: 2 * Notary.year, covers: [Notary.head("web2", 3)],
            by: Self.bob)
        let authority = Notary.authority(Notary.first + [next])
        #expect(
            authority.judge("web2", 3, under: Self.grant, seen: Self.late) == .allowed(user: "bob"))
        #expect(
            authority.judge("web2", 4, under: Self.grant, seen: Self.late).code == "held undated")
        #expect(authority.judge("web2", 4, under: next, seen: Self.late) == .allowed(user: "bob"))
    }

    @Test("A later grant covers its own user's batches, not another's")
    func otherSuccessor() {
        let next = Notary.grant(
            "web2", serial: 2, notAfter: 2 * Notary.year, covers: [Notary.head("web2", 3)],
            by: Notary.root)
        let authority = Notary.authority(Notary.first + [next])
        let judgement = authority.judge("web2", 3, under: Self.grant, seen: Self.late)
        #expect(judgement.code == "held undated")
    }

    @Test("Checkpoints give one state in any order", arguments: 0..<20)
    func checkpointOrder(seed: UInt64) {
        let checkpoints = (1...8).map { step in
            Checkpoint(
                heads: [Notary.head("web2", step)],
                wall: Notary.wall(Notary.year - 4 + step))
        }
        var jitter = Jitter(seed: seed)
        var authority = Notary.authority()
        for checkpoint in shuffled(checkpoints + checkpoints, &jitter) {
            _ = authority.note(checkpoint, by: Notary.node("web1"))
        }
        let codes = (1...8).map {
            authority.judge("web2", UInt64($0), under: Self.grant, seen: Self.late).code
        }
        #expect(codes == (1...8).map { $0 <= 4 ? "allowed" : "held undated" })
    }

    @Test("More checkpoints than are kept still date what the kept ones cover")
    func manyCheckpoints() {
        var authority = Notary.authority()
        for step in 1...UInt64(2_000) {
            _ = authority.note(
                Checkpoint(heads: [Notary.head("web2", step)], wall: Notary.wall(step)),
                by: Notary.node("web1"))
        }
        #expect(
            authority.judge("web2", 2_000, under: Self.grant, seen: Self.late)
                == .allowed(user: "bob"))
        #expect(
            authority.judge("web2", 2_001, under: Self.grant, seen: Self.late).code
                == "held undated")
    }

    @Test("An expired grant still admits its node, and is shown as such")
    func expiry() {
        let authority = Notary.authority()
        let day: UInt64 = 86_400_000
        let states = { (wall: UInt64) in
            authority.grants(at: Notary.wall(wall)).map(\.state)
        }
        #expect(states(0) == [.valid, .valid])
        #expect(states(Notary.year - 30 * day - 1) == [.valid, .valid])
        #expect(states(Notary.year - 30 * day) == [.expiring, .expiring])
        #expect(states(Self.late) == [.expired, .expired])
        #expect(authority.admitted(Notary.curve("web2")) == .node(Notary.node("web2")))
    }

    @Test("A node that an administrator ended is never admitted again")
    func endedNode() {
        let end = Notary.revoke(.node(Notary.node("web2")), by: Notary.root)
        let again = Notary.grant("web2", serial: 2, by: Notary.root)
        let authority = Notary.authority(Notary.first + [again, end])
        #expect(authority.admitted(Notary.curve("web2")) == nil)
        #expect(authority.judge("web2", under: again).code == "revoked")
    }

    @Test("A user ends his own grants, not another user's")
    func ownGrants() {
        let theirs = Notary.grant("web1", by: Notary.root)
        let authority = Notary.authority(
            Notary.first + [
                Notary.revoke(.grant(theirs.hash), by: Self.bob),
                Notary.revoke(.node(Notary.node("web1")), by: Self.bob),
                Notary.revoke(.node(Notary.node("web2")), by: Self.bob),
            ])
        #expect(authority.members.map(\.user) == ["alice"])
    }

    @Test("A foreign client is admitted with its scopes until its key is revoked")
    func clients() {
        let key = Notary.curve("shop")
        let client = Notary.sign(
            .client(ClientKey(name: "shop", curveKey: key, scopes: .query)), by: Notary.root)
        var authority = Notary.authority(Notary.first + [client])
        #expect(authority.admitted(key) == .client(name: "shop", scopes: .query))
        #expect(authority.admission.count == 3)
        _ = authority.add([Notary.revoke(.client(key), by: Notary.root)])
        #expect(authority.admitted(key) == nil)
    }

    @Test("A client's key never takes a node's place")
    func clientWithNodeKey() {
        let client = Notary.sign(
            .client(
                ClientKey(name: "web2", curveKey: Notary.curve("web2"), scopes: .query)),
            by: Notary.root)
        let authority = Notary.authority(Notary.first + [client])
        #expect(authority.admitted(Notary.curve("web2")) == .node(Notary.node("web2")))
    }

    @Test("An administrator's void counts")
    func voids() {
        let event = EventID(log: Notary.log("web2"), sequence: 3)
        let authority = Notary.authority(
            Notary.first + [Notary.sign(.void(event), by: Notary.root)])
        #expect(authority.isVoided(event))
    }

    @Test("A grant that begins later counts at once: a login must not wait for another's clock")
    func notYet() {
        let future = Notary.grant(
            "web2", serial: 2, notAfter: 3 * Notary.year, from: 2 * Notary.year, by: Self.bob)
        let authority = Notary.authority(Notary.first + [future])
        #expect(authority.judge("web2", 1, under: future) == .allowed(user: "bob"))
        #expect(authority.admitted(Notary.curve("web2")) != nil)
        #expect(authority.judge("web2", 1, under: Self.grant) == .allowed(user: "bob"))
    }
}
