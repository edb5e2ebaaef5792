// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import Testing

/// A listener on loopback that says whatever a test wants, to one connection after another.
final class FakeServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var heard: [UInt8] = []
        var open: Int32?
        var isEnding = false
    }

    /// One connection, as the script of a test sees it.
    struct Connection {
        let socket: Int32
        let server: FakeServer

        /// Sends all bytes; `false` where the other side is gone.
        func send(_ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        /// Waits for something, and keeps it in what was heard; `false` at the end.
        func receive() -> Bool {
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = recv(socket, &bytes, bytes.count, 0)
            guard count > 0 else { return false }
            server.state.withLock { $0.heard += bytes.prefix(count) }
            return true
        }
    }

    init(_ script: @escaping @Sendable (Connection) -> Void) throws {
        (listener, port) = try Self.listen()
        Thread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else {
                    // Here alone, so that nobody accepts on a number that is another's by then.
                    close(listener)
                    return
                }
                let goesOn = state.withLock { state in
                    state.open = connection
                    return !state.isEnding
                }
                if goesOn { script(Connection(socket: connection, server: self)) }
                state.withLock { $0.open = nil }
                close(connection)
            }
        }.start()
    }

    /// Everything that was received so far.
    var heard: [UInt8] { state.withLock { $0.heard } }

    /// Hangs up and listens no more.
    func end() {
        state.withLock { state in
            state.isEnding = true
            if let open = state.open { shutdown(open, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func listen() throws -> (listener: Int32, port: UInt16) {
        let listener = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && Glibc.listen(listener, 8) == 0
                    ? getsockname(listener, $0, &size) : -1
            }
        }
        guard status == 0 else { throw POSIXError(.EADDRINUSE) }
        return (listener, UInt16(bigEndian: name.sin_port))
    }
}
