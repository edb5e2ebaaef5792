// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension BlackBox {
    @Suite("What a server refuses before it is published")
    struct RefusalTests {}
}

extension BlackBox.RefusalTests {
    @Test(
        "Orders that no cache here could carry out, and payloads beyond the limit",
        .timeLimit(.minutes(3)))
    func refused() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            // Nobody listens there, and nobody has to: nothing is asked before it is judged.
            try server.configure(
                urls: cluster.urls,
                """
                caches:
                  - varnish: http://127.0.0.1:1
                    timeout: 1s
                  - redis: redis://127.0.0.1:1/0
                    prefix: "site:"
                    timeout: 1s
                limits: {payload: 1KiB}

                """)
            let payload = [UInt8](repeating: 0x20, count: 1_025)
            let words = ["publish", "picture.new", "--confirm", "local", "--json"]
            try await server.tookConfiguration()
            let large = try await server.begin(words, input: payload).end()
            #expect(large.status == 1)
            #expect(try large.failure().code == "payload-too-large")
            #expect(try large.failure().message.contains("at most 1024 bytes, found 1025"))
            let fits = try await server.begin(words, input: Array(payload.dropLast())).end()
            #expect(fits.status == 0, "\(fits)")
            let before = try await server.applicationEvents().count
            for (arguments, reason) in [
                (["--opcache"], "no configured cache is an opcode cache"), ([], "a user cache"),
                (["--path", "index.php"], "knows files"), (["--key-pattern", "("], "pattern ("),
                (["--url", "/\""], "the URL"), (["--key-pattern", "("], "expression"),
                (["--key-pattern", "(", "--no-wait"], "expression"),
                (["--key-pattern", "(", "--elsewhere"], "expression"),
            ] {
                let outcome = try await server.begin(
                    ["invalidate", "--json", "--timeout", "1s"] + arguments
                ).end()
                #expect(outcome.status == 64, "\(arguments): \(outcome)")
                #expect(try outcome.failure().code == "cannot-clear")
                #expect(try outcome.failure().message.contains(reason), "\(outcome)")
            }
            let events = try await server.done("events", "--json", "--since", "0")
                .documents(EventReport.self)
            #expect(!events.contains { $0.kind == "invalidation" })
            #expect(try await server.applicationEvents().count == before)
            // Redis takes a tag that Varnish cannot: that step alone says that it never can.
            let half = try await server.run("invalidate", "--tag", "a b", "--timeout", "5s")
            #expect(half.text.contains("nothing cleared  FAILED: tags a b is no tag"), "\(half)")
            let there = try await server.run(
                "invalidate", "--opcache", "--elsewhere", "--timeout", "5s")
            #expect(there.errors.contains("On no server: nothing to clear"), "\(there)")
        }
    }
}
