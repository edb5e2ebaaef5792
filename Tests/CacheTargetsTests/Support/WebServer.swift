// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import ServerTesting
import Synchronization

/// A web server of a test's own, which answers each request with what a closure says.
final class WebServer: Sendable {
    /// One request as it came.
    struct Request: Sendable {
        var method = ""
        var target = ""
        /// Names in lower case.
        var fields: [String: String] = [:]
        var body = ""
    }

    let port: UInt16
    private let listener: Int32
    private let seen = Mutex<[Request]>([])

    /// All requests so far.
    var requests: [Request] { seen.withLock { $0 } }

    /// Listens on 127.0.0.1; `answer` gives the bytes of an answer, or nothing for silence.
    init(_ answer: @escaping @Sendable (Request) -> String?) throws {
        port = try freePort()
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listener = number
        var on: Int32 = 1
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0, listen(number, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(number, nil, nil)
                guard connection >= 0, self != nil else { return }
                Thread.detachNewThread { [weak self] in
                    while let request = Self.read(connection) {
                        self?.seen.withLock { $0.append(request) }
                        guard let text = answer(request) else {
                            FakeServer.waitForClose(connection)
                            break
                        }
                        FakeServer.send(Array(text.utf8), to: connection)
                        // Varnish keeps its connections; others say that they do not.
                        if request.fields["connection"] == "close" { break }
                    }
                    _ = close(connection)
                }
            }
        }
    }

    deinit {
        _ = shutdown(listener, Int32(SHUT_RDWR))
        _ = close(listener)
    }

    /// A whole answer with its length.
    static func answer(_ status: Int, _ body: String, _ fields: [String] = []) -> String {
        "HTTP/1.1 \(status) Said\r\nContent-Length: \(body.utf8.count)\r\n"
            + fields.map { "\($0)\r\n" }.joined() + "\r\n\(body)"
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let request = parse(text[..<end.lowerBound], String(text[end.upperBound...]))
                let length = Int(request.fields["content-length"] ?? "0") ?? 0
                if request.body.utf8.count >= length { return request }
            }
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }

    private static func parse(_ head: Substring, _ body: String) -> Request {
        var request = Request()
        request.body = body
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ")
        request.method = String(words.first ?? "")
        request.target = words.count > 1 ? String(words[1]) : ""
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            request.fields[line[..<colon].lowercased()] = String(value)
        }
        return request
    }
}
