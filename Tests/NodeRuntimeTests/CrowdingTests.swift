// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import NodeRuntimeTesting
import Testing
import WireFormat

@testable import NodeRuntime

@Suite("Many requests at once", .timeLimit(.minutes(1)))
struct CrowdingTests {
    @Test("One who asks for too much is told to come again later; others are answered")
    func flood() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let (asked, node) = (cluster.servers[0], cluster.servers[0].identity.node)
            let loud = try await cluster.servers[1].installation.loggedInNode()
            let quiet = try await cluster.servers[2].installation.loggedInNode()
            let counters = try await asked.installation.loggedInNode().counters
            let (limit, excess) = (OpenRequest.limitOfAsker, 20)
            asked.surveyor.setStuck(true)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<(limit + excess) {
                    group.addTask {
                        switch await loud.reply(to: .status, of: node) {
                        case .success((_, .status)): return true
                        case .failure(.refused(let refusal)):
                            #expect(refusal.status == .busy)
                            return false
                        case let other:
                            Issue.record("\(other)")
                            return false
                        }
                    }
                }
                try await eventually("what is too much to be refused") {
                    counters["request.too-many"] == UInt64(excess)
                }
                guard
                    case .success((_, .heads)) = await quiet.reply(
                        to: .heads(after: nil), of: node)
                else {
                    Issue.record("the other asker was not answered")
                    return
                }
                asked.surveyor.setStuck(false)
                var answered = 0
                for try await isAnswered in group where isAnswered { answered += 1 }
                #expect(answered == limit)
            }
            guard case .success = await loud.reply(to: .status, of: node) else {
                Issue.record("there is no room again")
                return
            }
        }
    }
}
