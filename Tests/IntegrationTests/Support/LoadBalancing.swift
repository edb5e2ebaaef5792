// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting

/// What the tests of `docs/guides/load-balancer.md` share: the guide's own text, and what visitors
/// see.
enum LoadBalancing {
    /// Where the three tiny web servers say their number, each at its own address.
    static let pagePort = Server.door + 5
    /// Where visitors come in.
    static let frontPort = Server.door + 6

    /// The guide's blocks of a kind, with the addresses of this test.
    static func recipes(_ kind: String) throws -> [String] {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        let root = (0..<4).reduce(file) { folder, _ in folder.deletingLastPathComponent() }
        let guide = root.appending(path: "docs/guides/load-balancer.md")
        var text = try String(contentsOf: guide, encoding: .utf8)
        for (index, host) in ["192.168.7.8", "192.168.7.9", "10.80.2.15"].enumerated() {
            text = text.replacing(host, with: "127.0.0.\(index + 1)")
        }
        return text.components(separatedBy: "```\(kind)\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
    }

    /// Waits until a balancer accepts visitors.
    static func becomesReachable(_ process: RunningProcess) async throws {
        try await eventually("the load balancer to listen: \(process.errors)") {
            guard process.isRunning else { throw Overdue(description: process.errors) }
            do {
                _ = try RawConnection("127.0.0.1", frontPort)
                return true
            } catch is POSIXError {
                return false
            }
        }
    }

    /// Waits until visitors reach exactly these servers.
    static func serves(_ numbers: Set<Int>, _ process: RunningProcess) async throws {
        var last: Set<String> = []
        do {
            try await eventually("visitors to reach \(numbers.sorted()) alone") {
                last = []
                for _ in 0..<6 { last.insert(try await body("127.0.0.1", frontPort, "/")) }
                return last == Set(numbers.map(String.init))
            }
        } catch let error as Overdue {
            throw Overdue(description: "\(error); found \(last.sorted()): \(process.errors)")
        }
    }

    /// The body of an answer.
    static func body(_ address: String, _ port: Int, _ target: String) async throws -> String {
        try await visit(address, port, target).components(separatedBy: "\r\n\r\n").last ?? ""
    }
}
