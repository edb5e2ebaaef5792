// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ServerTesting

/// A plain TCP connection, for whatever no client of ours would send.
final class RawConnection {
    private let descriptor: Int32

    /// Connects.
    init(_ address: String, _ port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, address, &name.sin_addr)
        let status = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { close(descriptor) }

    /// Sends what the other side takes; it may have hung up already.
    func send(_ bytes: [UInt8]) {
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// What has come, until the other side hangs up or says nothing for long.
    func receive(within milliseconds: Int32 = 10_000) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&wanted, 1, milliseconds) == 1 else { return all }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return all }
            all += buffer.prefix(count)
        }
    }
}

/// A plain HTTP request, and the whole answer as text.
func visit(
    _ address: String, _ port: Int, _ target: String, host: String = "127.0.0.1",
    method: String = "GET"
) async throws -> String {
    let connection = try RawConnection(address, port)
    connection.send(
        Array(
            ("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 0\r\n"
                + "Connection: close\r\n\r\n").utf8))
    return String(decoding: connection.receive(), as: UTF8.self)
}

/// A web server that is none of ours: it keeps what it is sent, and answers as it is told.
final class SmallWebServer {
    private let process: RunningProcess
    private let directory: String
    let port: Int

    /// Starts it.
    ///
    /// - Parameter status: What it answers a POST with; everything else gets 404.
    init(directory root: String, status: Int = 404) async throws {
        directory = "\(root)/web"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        try SmallWebServer.script.write(
            toFile: "\(directory)/server.py", atomically: true, encoding: .utf8)
        let process = try RunningProcess(
            "/usr/bin/python3", ["server.py", "\(status)"], directory: directory)
        self.process = process
        port = try await eventually("a small web server: \(process.errors)") {
            process.text.hasSuffix("\n") ? Int(process.text.dropLast()) : nil
        }
    }

    /// What it was sent: head and body of every POST, in order.
    func requests() async throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".post") }.sorted()
        return names.map {
            String(
                decoding: FileManager.default.contents(atPath: "\(directory)/\($0)")
                    ?? Foundation.Data(), as: UTF8.self)
        }
    }

    /// Ends it; it has nothing to lose.
    func stop() async throws { try await process.crash() }

    private static let script = """
        import http.server, itertools, os, socketserver, sys
        numbers = itertools.count()

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                name = "%06d" % next(numbers)
                with open(name, "wb") as file:
                    file.write(bytes(self.headers) + body)
                os.rename(name, name + ".post")
                self.send_response(int(sys.argv[1]))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        # HTTPServer would ask the resolver for its own name, which may take long.
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers)
        print(server.server_address[1], flush=True)
        server.serve_forever()

        """
}
