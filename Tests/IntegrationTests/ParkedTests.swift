// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("Parked events")
    struct ParkedTests {}
}

extension BlackBox.ParkedTests {
    @Test("Once its handler is mended, replay lets a parked event go on", .timeLimit(.minutes(2)))
    func replay() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try server.install("work", "echo x >> \"$1\"; test -e \"$2\"")
            try server.addReactions(
                """
                  - on: "order.*"
                    run: ["bin/work", "\(server.root)/scratch/tries", "\(server.root)/mended"]
                    retries: 0

                """)
            try await server.tookConfiguration()
            var ids: [String] = []
            for number in 1...3 {
                ids.append(try await server.publish("order.\(number)", "{}", confirm: "local"))
            }
            for id in ids {
                try await eventually("\(id) to be parked") {
                    try await server.outcome(of: id, on: server) == "parked"
                }
            }
            #expect(try await server.content(of: "scratch/tries") == "x\nx\nx\n")
            try server.write("", to: "\(server.root)/mended")
            let one = try await server.run("replay", ids[1])
            #expect(one.status == 0 && one.text == "1 parked event is tried again.")
            try await eventually("one event to be applied") {
                try await server.outcome(of: ids[1], on: server) == "applied"
            }
            #expect(try await server.outcome(of: ids[0], on: server) == "parked")
            let again = try await server.run("replay", ids[1])
            #expect(again.status == 1 && again.errors.contains("is not parked"), "\(again)")
            let rest = try await server.done("replay", "--parked")
            #expect(rest.text == "2 parked events are tried again.")
            for id in ids {
                try await eventually("\(id) to be applied") {
                    try await server.outcome(of: id, on: server) == "applied"
                }
            }
            #expect(try await server.content(of: "scratch/tries").count == 12)
        }
    }
}
