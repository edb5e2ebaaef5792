// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    /// Grants that have expired need another clock: `RefusalTests` of NodeRuntimeTests.
    @Suite("What is refused is said, has no effect, is counted and noted")
    struct MisdeedTests {}
}

/// Something that nobody may do.
enum Misdeed: String, CaseIterable {
    case wrongPassword, wrongSignature, unknownUser, wrongServer, revokedGrant, unlistedUser,
        unlistedScope
    case missingScope, clonedNode

    /// The servers that run beforehand.
    var running: Set<Int> {
        switch self {
        case .wrongPassword, .unknownUser: [1, 2]
        case .wrongServer, .wrongSignature, .missingScope: [2]
        case .revokedGrant, .unlistedUser, .unlistedScope, .clonedNode: [1, 2, 3]
        }
    }
}

/// How it is tried, and what is to come of it.
struct Scene {
    /// Who tries it, or asks what came of it.
    let server: Server
    let command: [String]
    var input = ""
    let status: Int32
    /// What he is told.
    let words: [String]
    /// Who refuses it.
    let witness: Server
    /// How the witness counts it.
    let count: String
    /// How the witness notes it: those of the fields that are known; of the reason a part.
    let noted: AuditLine
    /// What runs beside the cluster.
    var others: [Server] = []
}

extension BlackBox.MisdeedTests {
    @Test(
        "It is told, changes nothing, is counted and noted", .timeLimit(.minutes(4)),
        arguments: Misdeed.allCases)
    func refused(_ misdeed: Misdeed) async throws {
        try await Cluster.founded(running: misdeed.running) { cluster in
            let scene = try await misdeed.scene(in: cluster)
            let before = try await scene.witness.kept()
            let outcome = try await eventually("an outcome of \(scene.command)") {
                let outcome = try await scene.server.begin(
                    scene.command, input: Array(scene.input.utf8)
                ).end()
                // A clone signs until it has heard of the other one.
                return misdeed == .clonedNode && outcome.status == 3 ? nil : outcome
            }
            #expect(outcome.status == scene.status, "\(outcome)")
            for words in scene.words {
                #expect((outcome.text + outcome.errors).contains(words), "\(outcome)")
            }
            try await eventually("\(scene.noted) in the audit trail") {
                try scene.witness.auditLines().contains { $0.isLike(scene.noted) }
            }
            let refusals = try await scene.witness.refusals()
            #expect(refusals[scene.count, default: 0] > 0, "\(refusals)")
            #expect(try await scene.witness.kept() == before)
            for other in scene.others { try await other.stop() }
        }
    }
}

extension Misdeed {
    fileprivate func scene(in cluster: Cluster) async throws -> Scene {
        switch self {
        case .wrongPassword: login(cluster, as: "alice", "not the password")
        case .wrongSignature: wrongSignature(cluster[2])
        case .unknownUser: login(cluster, as: "nobody", Cluster.password)
        case .wrongServer: try await wrongServer(cluster)
        case .revokedGrant: try await revokedGrant(cluster)
        case .unlistedUser: try await unlistedUser(cluster)
        case .unlistedScope: try await unlistedScope(cluster)
        case .missingScope: try await missingScope(cluster)
        case .clonedNode: try await clonedNode(cluster)
        }
    }

    private func login(_ cluster: Cluster, as user: String, _ password: String) -> Scene {
        Scene(
            server: cluster[2],
            command: ["login", "-r", cluster[2].url, "-u", user, "--password-stdin"],
            input: password + "\n", status: 77,
            words: ["no account with this name and password", cluster[1].url],
            witness: cluster[1], count: "login.login-refused",
            noted: AuditLine(
                event: "login", outcome: "refused", user: user, address: "127.0.0.1",
                reason: "login-refused"))
    }

    private func wrongSignature(_ server: Server) -> Scene {
        Scene(
            server: server,
            command: [
                "user", "add", "mallory", "--email", "mallory@example.com", "--name", "Mallory",
                "--password-stdin",
            ],
            input: "not the password\nanother password\n", status: 77,
            words: ["this is not the password of alice"], witness: server,
            count: "records.wrong-password",
            noted: AuditLine(
                event: "records", outcome: "refused", user: "alice", address: "local",
                reason: "wrong-password"))
    }

    private func wrongServer(_ cluster: Cluster) async throws -> Scene {
        let other = Server(number: 4, root: "\(cluster[3].root)-other")
        try other.makeFolders()
        try other.configure(urls: [other.url])
        try await other.found()
        try await other.start()
        try cluster[2].configure(urls: [cluster[2].url, other.url])
        try await eventually("server 2 to note what is in its list") {
            try cluster[2].auditLines().contains {
                $0.event == "server" && $0.subject == other.url && $0.reason == "wrong-cluster"
            }
        }
        return Scene(
            server: cluster[2],
            command: ["login", "-r", cluster[2].url, "-u", "alice", "--password-stdin"],
            input: "of no account\n", status: 77,
            words: [other.url, "belongs to cluster"], witness: cluster[2],
            count: "login.other-cluster",
            noted: AuditLine(
                event: "login", outcome: "refused", user: "alice", address: "local",
                subject: other.url, reason: "other-cluster"),
            others: [other])
    }

    /// The third server publishes, is removed where nobody has heard of it, and is heard of then.
    private func revokedGrant(_ cluster: Cluster) async throws -> Scene {
        let node = try await cluster[3].nodeID()
        try await cluster[1].stop()
        let id = try await cluster[3].publish("order.fake")
        try await cluster[3].stop()
        try await cluster[2].stop()
        try cluster[1].launch()
        try await cluster[1].becomeAbleToPublish()
        try await cluster[1].done(
            "node", "remove", node, "--yes", "--password-stdin", input: Cluster.password + "\n")
        let before = try await cluster[1].kept()
        try cluster[2].launch()
        try await eventually("server 1 to withhold the event") {
            try await cluster[1].event(id)?.disposition == "withheld"
        }
        #expect(try await cluster[1].kept() == before)
        return Scene(
            server: cluster[1], command: ["events", "show", id], status: 0,
            words: ["refused", "was revoked before this"], witness: cluster[1],
            count: "withheld",
            noted: AuditLine(
                event: "events", outcome: "refused", address: node,
                reason: "was revoked before this"))
    }

    private func unlistedUser(_ cluster: Cluster) async throws -> Scene {
        try await cluster[1].addBob()
        try await eventually("server 3 to know bob") {
            try await cluster[3].done("user", "list").text.contains("bob@example.com")
        }
        try await cluster[3].logIn(as: "bob", password: "bob's own password")
        return withheld(
            cluster, from: cluster[3], node: try await cluster[3].nodeID(),
            reason: "user \"bob\" is not listed in")
    }

    private func unlistedScope(_ cluster: Cluster) async throws -> Scene {
        try cluster[1].write("alice query\n", to: cluster[1].usersFile)
        try await eventually("server 2 to hear of it") {
            try await cluster[2].status().own.warnings.contains {
                $0.contains(cluster[1].url) && $0.contains("allows something else")
            }
        }
        return withheld(
            cluster, from: cluster[2], node: try await cluster[2].nodeID(),
            reason: "without the scope \"invalidate\"")
    }

    private func withheld(
        _ cluster: Cluster, from server: Server, node: String, reason: String
    ) -> Scene {
        Scene(
            server: server, command: ["invalidate"], status: 1,
            words: ["refused", reason, cluster[1].url], witness: cluster[1], count: "withheld",
            noted: AuditLine(event: "events", outcome: "refused", address: node, reason: reason))
    }

    private func missingScope(_ cluster: Cluster) async throws -> Scene {
        let server = cluster[2]
        try await server.done(
            "login", "-r", server.url, "-u", "alice", "--scopes", "query", "--password-stdin",
            "--timeout", "1h", input: Cluster.password + "\n")
        let reason = "has not granted node"
        return Scene(
            server: server, command: ["publish", "order.fake", "{}"], status: 77,
            words: [reason, "the scope \"publish\""], witness: server,
            count: "publish.not-allowed",
            noted: AuditLine(
                event: "publish", outcome: "refused", user: "alice", address: "local",
                subject: try await server.nodeID(), reason: reason))
    }

    private func clonedNode(_ cluster: Cluster) async throws -> Scene {
        let copy = try await cluster.startCopyOfThird()
        try await eventually("the door of the copy") {
            try await copy.run("login", "-r", copy.url).status == 0
        }
        try await eventually("server 1 to note both") {
            try cluster[1].auditLines().contains {
                $0.event == "server" && $0.reason == "cloned-peer"
                    && $0.subject?.contains(copy.url) == true
            }
        }
        return Scene(
            server: copy,
            command: ["publish", "order.fake", "{}", "--confirm", "local", "--timeout", "1s"],
            status: 77, words: ["cloned machine", "log it in again"], witness: copy,
            count: "clone-heard",
            noted: AuditLine(
                event: "clone", outcome: "refused", reason: "a process with this node's identity"),
            others: [copy])
    }
}

/// What no refusal may change.
struct Kept: Equatable {
    let users: String
    let members: [String]
    let secrets: [String: Foundation.Data]
    /// The application's events that had their effect.
    let accepted: [String]
}

extension Server {
    /// What is to stay as it is.
    func kept() async throws -> Kept {
        Kept(
            users: try await done("user", "list", "--json").text, members: try await members(),
            secrets: try secrets(),
            accepted: try await applicationEvents().filter { $0.disposition == "accepted" }
                .map(\.id))
    }

    private func members() async throws -> [String] {
        try await done("node", "list", "--json").document(MemberList.self).members
            .compactMap(\.node).sorted()
    }

    /// This server's node.
    func nodeID() async throws -> String {
        let members = try await done("node", "list", "--json").document(MemberList.self).members
        return try #require(members.first { $0.state == "self" }?.node)
    }

    /// The audit trail, taken apart.
    func auditLines() throws -> [AuditLine] {
        try audit().map {
            try JSONDecoder().decode(AuditLine.self, from: Foundation.Data($0.utf8))
        }
    }
}

private struct MemberList: Decodable {
    struct Member: Decodable {
        var node: String?
        var state: String
    }

    var members: [Member]
}

/// One line of `audit.log`.
struct AuditLine: Decodable {
    var event: String
    var outcome: String
    var user: String?
    var address: String?
    var subject: String?
    var reason: String?

    /// Whether it says all that the other one does.
    func isLike(_ other: AuditLine) -> Bool {
        event == other.event && outcome == other.outcome
            && (other.user == nil || user == other.user)
            && (other.address == nil || address == other.address)
            && (other.subject == nil || subject == other.subject)
            && (other.reason == nil || reason?.contains(other.reason ?? "") == true)
    }
}
