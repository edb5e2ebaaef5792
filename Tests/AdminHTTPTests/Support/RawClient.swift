// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A client that says what it likes, byte for byte.
enum RawClient {
    /// Where to connect.
    enum Place: Sendable {
        case socket(String)
        case port(UInt16)
    }

    /// Sends pieces one after another and returns everything that comes until the other side
    /// closes, or nothing more for ten seconds.
    ///
    /// After `hold` pieces the client waits for the end without closing its own side.
    static func exchange(_ pieces: [String], at place: Place, half: Bool = false) async -> String {
        await exchange(bytes: pieces.map { Array($0.utf8) }, at: place, half: half)
    }

    static func exchange(
        bytes pieces: [[UInt8]], at place: Place, half: Bool = false
    ) async -> String {
        await withCheckedContinuation { continuation in
            // Off the pool of the servers under test: this blocks.
            Thread.detachNewThread {
                let descriptor = connected(to: place)
                defer { close(descriptor) }
                for piece in pieces {
                    let count = piece.withUnsafeBytes {
                        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    if count < piece.count { break }
                }
                if half { shutdown(descriptor, Int32(SHUT_WR)) }
                continuation.resume(returning: everything(from: descriptor))
            }
        }
    }

    /// A connection that is held open; the caller closes it.
    static func connected(to place: Place) -> Int32 {
        let descriptor: Int32
        switch place {
        case .socket(let path):
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            connect(descriptor, &address)
        case .port(let port):
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            connect(descriptor, &address)
        }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        return descriptor
    }

    private static func connect<Address>(_ descriptor: Int32, _ address: inout Address) {
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    /// What comes until the end; `(still open)` stands for an end that did not come.
    static func everything(from descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else {
                let isOpen = count < 0 && errno == EAGAIN
                return String(decoding: bytes, as: UTF8.self) + (isOpen ? "(still open)" : "")
            }
            bytes += chunk[..<count]
        }
    }
}
