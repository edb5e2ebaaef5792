// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc

/// A port of 127.0.0.1 that is free now.
///
/// - Parameter limit: what the port lies below, for servers that take a second one above it.
/// - Throws: `POSIXError` where there is none.
public func freePort(below limit: UInt16 = .max) throws -> UInt16 {
    for _ in 0..<200 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { _ = close(number) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, size) == 0 ? getsockname(number, $0, &size) : -1
            }
        }
        guard status == 0 else { throw POSIXError(.EADDRINUSE) }
        let port = UInt16(bigEndian: name.sin_port)
        if port < limit { return port }
    }
    throw POSIXError(.EADDRINUSE)
}
