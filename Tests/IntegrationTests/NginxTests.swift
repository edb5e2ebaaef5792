// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("nginx in front, as the guide has it", .enabled(if: RealNginx.isUsable))
    struct NginxTests {}
}

extension BlackBox.NginxTests {
    @Test(
        "Who is not ready is taken out, and comes back when it is", .timeLimit(.minutes(3)))
    func takesOut() async throws {
        try await Cluster.founded { cluster in
            try await RealNginx.run(of: cluster) { balancer in
                try await balancer.serves([1, 2, 3])

                try await cluster[3].done("logout", "--local", "--yes")
                try await balancer.serves([1, 2])
                #expect(try balancer.downServers() == [3])
                try await cluster[3].logIn()
                try await balancer.serves([1, 2, 3])
                #expect(try balancer.downServers().isEmpty)

                try await cluster[2].crash()
                try await balancer.serves([1, 3])

                // With nobody ready everybody serves.
                for number in [1, 3] { try await cluster[number].stop() }
                try await balancer.serves([1, 2, 3])
            }
        }
    }
}

/// nginx and the loop beside it from `docs/guides/load-balancer.md`, in front of three tiny web
/// servers which say their number.
final class RealNginx {
    private static let program = "/usr/sbin/nginx"

    /// Whether tests that need it run: skipped without it, but never in continuous integration.
    static let isUsable =
        FileManager.default.isExecutableFile(atPath: program)
        || ProcessInfo.processInfo.environment["CI"] != nil

    private let loop: RunningProcess
    private let process: RunningProcess
    private let list: String

    /// Gives a test nginx in front of its servers, and ends it.
    static func run(of cluster: Cluster, _ test: (RealNginx) async throws -> Void) async throws {
        let balancer = try await RealNginx(of: cluster)
        do {
            try await test(balancer)
        } catch {
            try await balancer.stop()
            throw error
        }
        try await balancer.stop()
    }

    private init(of cluster: Cluster) async throws {
        let root = cluster[1].root
        let (configuration, list) = ("\(root)/nginx.conf", "\(root)/site-servers.conf")
        self.list = list
        let reload = "\(RealNginx.program) -p \(root) -c \(configuration) -s reload"
        let script = try RealNginx.recipe("sh")
            .replacing("nginx -s reload", with: reload)
        try script.write(toFile: "\(root)/loop", atomically: true, encoding: .utf8)
        try RealNginx.configuration(cluster, root: root, list: list)
            .write(toFile: configuration, atomically: true, encoding: .utf8)

        // nginx does not start without the list.
        let loop = try RunningProcess("/bin/sh", ["\(root)/loop", list], directory: root)
        self.loop = loop
        try await eventually("the list of servers: \(loop.errors)") {
            FileManager.default.fileExists(atPath: list)
        }
        let process = try RunningProcess(
            RealNginx.program, ["-p", root, "-c", configuration], directory: root)
        self.process = process
        try await LoadBalancing.becomesReachable(process)
    }

    /// The guide's upstream and server, and the three pages.
    private static func configuration(
        _ cluster: Cluster, root: String, list: String
    ) throws -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(root)/nginx-\($0);\n" }.joined()
        let pages = cluster.servers.map { server in
            "server { listen 127.0.0.\(server.number):\(LoadBalancing.pagePort); "
                + "location / { return 200 \(server.number); } }\n"
        }.joined()
        let guide = try recipe("nginx")
            .replacing("/etc/nginx/site-servers.conf", with: list)
            .replacing("listen 80;", with: "listen 127.0.0.1:\(LoadBalancing.frontPort);")
        return """
            daemon off;
            pid \(root)/nginx.pid;
            error_log stderr;
            events {}
            http {
            access_log off;
            \(temporary)\(pages)\(guide)
            }
            """
    }

    /// The guide's first block of a kind, with the ports of this test.
    private static func recipe(_ kind: String) throws -> String {
        guard let block = try LoadBalancing.recipes(kind).first else {
            throw Overdue(description: "expected a recipe of \(kind)")
        }
        return block.replacing("$host:5570", with: "$host:\(Server.door)")
            .replacing("server $host:80", with: "server $host:\(LoadBalancing.pagePort)")
    }

    func serves(_ numbers: Set<Int>) async throws {
        try await LoadBalancing.serves(numbers, process)
    }

    /// The servers that the loop has taken out.
    func downServers() throws -> [Int] {
        let lines = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
        return (1...3).filter { number in
            lines.contains { $0.contains("127.0.0.\(number):") && $0.hasSuffix(" down;") }
        }
    }

    /// Ends both; nginx takes its workers along where it is asked, not where it is killed.
    private func stop() async throws {
        try await loop.crash()
        try await process.stop()
    }
}
