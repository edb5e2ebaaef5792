// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("HAProxy in front, as the guide has it", .enabled(if: RealHAProxy.isUsable))
    struct LoadBalancerTests {}
}

extension BlackBox.LoadBalancerTests {
    @Test(
        "Who is not ready is taken out, and comes back when it is", .timeLimit(.minutes(3)))
    func takesOut() async throws {
        try await Cluster.founded { cluster in
            let balancer = try await RealHAProxy(of: cluster)
            try await balancer.serves([1, 2, 3])

            try await cluster[3].done("logout", "--local", "--yes")
            try await balancer.serves([1, 2])
            #expect(try await balancer.word(of: 3) == "503 not ready: login")
            try await cluster[3].logIn()
            try await balancer.serves([1, 2, 3])
            #expect(try await balancer.word(of: 3) == "200 ready")

            try await cluster[2].crash()
            try await balancer.serves([1, 3])
            try cluster[2].launch()
            try await balancer.serves([1, 2, 3])

            // Stale pages are better than none, says the second backend of the guide.
            for server in cluster.servers { try await server.stop() }
            try await eventually("HAProxy to see nobody ready") {
                try await balancer.readyServers() == 0
            }
            try await balancer.serves([1, 2, 3])
            try await balancer.stop()
        }
    }
}

/// HAProxy with the backends of `docs/guides/load-balancer.md`, in front of three tiny web servers
/// which say their number.
final class RealHAProxy {
    private static let program = "/usr/sbin/haproxy"

    /// Whether tests that need it run: skipped without it, but never in continuous integration.
    static let isUsable =
        FileManager.default.isExecutableFile(atPath: program)
        || ProcessInfo.processInfo.environment["CI"] != nil

    private let process: RunningProcess
    private static let countPort = Server.door + 7

    init(of cluster: Cluster) async throws {
        let root = cluster[1].root
        var text = """
            defaults
                mode http
                timeout connect 1s
                timeout client 5s
                timeout server 5s
            frontend count
                bind 127.0.0.1:\(RealHAProxy.countPort)
                http-request return status 200 content-type text/plain lf-string "%[nbsrv(site)]"

            """
        for server in cluster.servers {
            text += """
                frontend page-\(server.number)
                    bind 127.0.0.\(server.number):\(LoadBalancing.pagePort)
                    http-request return status 200 content-type text/plain string \(server.number)

                """
        }
        for recipe in try RealHAProxy.recipes() { text += recipe + "\n" }
        let path = "\(root)/haproxy.cfg"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        process = try RunningProcess(RealHAProxy.program, ["-db", "-f", path], directory: root)
        try await LoadBalancing.becomesReachable(process)
    }

    /// The guide's blocks, with the ports of this test.
    private static func recipes() throws -> [String] {
        let blocks = try LoadBalancing.recipes("haproxy")
        guard blocks.count == 2 else { throw Overdue(description: "expected two recipes") }
        return blocks.map { block in
            (1...3).reduce(block) { text, number in
                text.replacing(
                    "127.0.0.\(number):80", with: "127.0.0.\(number):\(LoadBalancing.pagePort)")
            }
            .replacing("check port 5570", with: "check port \(Server.door)")
            .replacing("bind :80", with: "bind 127.0.0.1:\(LoadBalancing.frontPort)")
        }
    }

    func serves(_ numbers: Set<Int>) async throws {
        try await LoadBalancing.serves(numbers, process)
    }

    /// How many servers pass their checks.
    func readyServers() async throws -> Int? {
        Int(try await LoadBalancing.body("127.0.0.1", RealHAProxy.countPort, "/"))
    }

    /// What the door of a server says: status and body.
    func word(of number: Int) async throws -> String {
        let address = "127.0.0.\(number)"
        let answer = try await visit(address, Server.door, "/ready", host: address)
        let body = answer.components(separatedBy: "\r\n\r\n").last ?? ""
        return "\(answer.dropFirst(9).prefix(3)) \(body.split(separator: "\n").first ?? "")"
    }

    /// Ends it.
    func stop() async throws { try await process.crash() }
}
