// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import Foundation
import Glibc
import ServerTesting

/// A server on a Unix socket which answers one connection with whatever a test wants.
final class FakeServer: Sendable {
    let address: SocketAddress
    private let directory: TemporaryDirectory
    private let listener: Int32

    /// Listens; `answer` gets the connection once the first bytes of a request have come.
    init(_ answer: @escaping @Sendable (Int32) -> Void) throws {
        directory = try TemporaryDirectory()
        let path = "\(directory.path)/fake.sock"
        address = .unix(path: path)
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        listener = number
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let status = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0, listen(number, 8) == 0 else { throw POSIXError(.EADDRINUSE) }
        let thread = Thread {
            while true {
                let connection = accept(number, nil, nil)
                guard connection >= 0 else {
                    // Here and not in `deinit`: the number would be another server's while an
                    // answer is still being given, and this thread would take its connections.
                    _ = close(number)
                    return
                }
                var bytes = [UInt8](repeating: 0, count: 64 * 1_024)
                if recv(connection, &bytes, bytes.count, 0) > 0 { answer(connection) }
                // A server that was started meanwhile may hold a copy, which would stay open.
                _ = shutdown(connection, Int32(SHUT_RDWR))
                _ = close(connection)
            }
        }
        thread.start()
    }

    deinit {
        _ = shutdown(listener, Int32(SHUT_RDWR))
    }

    /// Sends everything; false once the client has gone.
    @discardableResult
    static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    connection, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Waits until the client has closed its side.
    static func waitForClose(_ connection: Int32) {
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
    }
}

extension FakeServer {
    /// Answers each request with the next of `steps`, then hangs up.
    static func scripted(_ steps: [[UInt8]]) throws -> FakeServer {
        try FakeServer { connection in
            var bytes = [UInt8](repeating: 0, count: 64 * 1_024)
            for (index, step) in steps.enumerated() {
                if index > 0, recv(connection, &bytes, bytes.count, 0) <= 0 { return }
                guard send(step, to: connection) else { return }
            }
        }
    }

    /// Answers the first request with `first` and every further one with `rest`.
    static func endless(_ first: [UInt8], _ rest: [UInt8]) throws -> FakeServer {
        try FakeServer { connection in
            var bytes = [UInt8](repeating: 0, count: 64 * 1_024)
            var next = first
            while send(next, to: connection), recv(connection, &bytes, bytes.count, 0) > 0 {
                next = rest
            }
        }
    }
}
