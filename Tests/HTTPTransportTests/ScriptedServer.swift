// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Glibc

/// A server that sends what a script says, byte for byte, whatever it is asked.
final class ScriptedServer: Sendable {
    /// What it does after its words.
    enum Ending: Sendable {
        /// Closes.
        case close
        /// Says no more until the client leaves.
        case silence
        /// Says one thing more once it is released, then closes.
        case whenReleased([UInt8], DispatchSemaphore)
    }

    let port: UInt16

    /// Listens on a free port of 127.0.0.1 and serves one connection.
    init(_ pieces: [[UInt8]], then ending: Ending = .close) {
        let (descriptor, port) = Self.bound()
        self.port = port
        precondition(listen(descriptor, 1) == 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        // A thread of its own, because it blocks.
        Thread.detachNewThread { Self.serve(descriptor, pieces, ending) }
    }

    convenience init(_ text: String, then ending: Ending = .close) {
        self.init([Array(text.utf8)], then: ending)
    }

    /// A port of 127.0.0.1 that nobody listens at.
    static func closedPort() -> UInt16 {
        let (descriptor, port) = bound()
        close(descriptor)
        return port
    }

    private static func bound() -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, length) == 0)
                precondition(getsockname(descriptor, $0, &length) == 0)
            }
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private static func serve(_ listener: Int32, _ pieces: [[UInt8]], _ ending: Ending) {
        let connection = accept(listener, nil, nil)
        close(listener)
        guard connection >= 0 else { return }
        var chunk = [UInt8](repeating: 0, count: 4096)
        // The head of the request, which all tests send in one piece.
        _ = recv(connection, &chunk, chunk.count, 0)
        func say(_ piece: [UInt8]) {
            _ = piece.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }
        for piece in pieces { say(piece) }
        switch ending {
        case .close: shutdown(connection, Int32(SHUT_WR))
        case .silence: break
        case .whenReleased(let piece, let release):
            release.wait()
            say(piece)
            shutdown(connection, Int32(SHUT_WR))
        }
        while recv(connection, &chunk, chunk.count, 0) > 0 {}
        close(connection)
    }
}
