// SPDX-License-Identifier: Apache-2.0
import Glibc

/// One plain TCP connection, for peers that do not speak ZeroMQ or speak it badly.
final class TCPPeer {
    private let descriptor: CInt
    private var isOpen = true

    init(descriptor: CInt) {
        self.descriptor = descriptor
        // A measurement that hangs is a failed one.
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        // Small, so that what was written is known to have been read.
        var small: CInt = 64 << 10
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &small, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { finish() }

    static func connect(port: UInt16) -> TCPPeer? {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let peer = TCPPeer(descriptor: descriptor)
        let status = withLoopback(port) { Glibc.connect(descriptor, $0, $1) }
        return status == 0 ? peer : nil
    }

    /// Writes everything; false if the other side closed.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
                    CInt(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Reads what is there, or waits for it; empty if the other side closed, nil if it is silent.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 { return errno == EAGAIN ? nil : [] }
        return Array(buffer.prefix(count))
    }

    /// Reads until the other side closes; false if it stays for five seconds.
    func readToEnd() -> Bool {
        while let bytes = read() {
            if bytes.isEmpty { return true }
        }
        return false
    }

    func finish() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }
}

/// A plain TCP listener on a free port.
final class TCPListener {
    private let descriptor: CInt
    let port: UInt16

    init?() {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var one: CInt = 1
        setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        let listener = descriptor
        guard withLoopback(0, { bind(listener, $0, $1) }) == 0, listen(listener, 16) == 0 else {
            close(listener)
            return nil
        }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(listener, $0, &size)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    func accept() -> TCPPeer? {
        let accepted = Glibc.accept(descriptor, nil, nil)
        return accepted < 0 ? nil : TCPPeer(descriptor: accepted)
    }
}

func withLoopback(
    _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
) -> CInt {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

/// ZMTP 3.0 by hand.
///
/// Source: ZeroMQ RFC 23/ZMTP.
enum ZMTP {
    /// The 64 bytes that open a connection.
    static func greeting(mechanism: String) -> [UInt8] {
        let name = Array(mechanism.utf8)
        return [0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3, 0] + name
            + [UInt8](repeating: 0, count: 20 - name.count) + [UInt8](repeating: 0, count: 32)
    }

    /// The command that ends a NULL handshake.
    static func ready(socketType: String) -> [UInt8] {
        var body: [UInt8] = [5] + Array("READY".utf8)
        let key = Array("Socket-Type".utf8)
        let value = Array(socketType.utf8)
        body += [UInt8(key.count)] + key + [0, 0, 0, UInt8(value.count)] + value
        return [0x04, UInt8(body.count)] + body
    }

    /// One frame of at most 255 bytes.
    static func frame(_ bytes: [UInt8], more: Bool) -> [UInt8] {
        [more ? 1 : 0, UInt8(bytes.count)] + bytes
    }

    /// The head of a command of any size.
    static func longCommand(byteCount: UInt64) -> [UInt8] {
        [0x06] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: byteCount >> ($0 * 8)) }
    }
}
