// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQ
internal import Glibc

/// A TCP connection of this process, as the kernel knows it.
///
/// libzmq tells nothing of a connection whose message has not ended; the kernel does. Reading takes
/// nothing away from the connection, and a descriptor that libzmq closes meanwhile reads as none.
public struct TCPConnection: Sendable {
    /// Its descriptor, which is used again once it is closed.
    public let descriptor: CInt
    /// The kernel's number of the socket, which is not used again for long.
    public let socket: UInt64
    /// The port at this end.
    public let localPort: UInt16
    /// The numeric address of the other end.
    public let peerAddress: String
    /// What it has brought so far.
    ///
    /// Unit: bytes. Source: tcp(7), `tcpi_bytes_received`.
    public let receivedByteCount: UInt64

    /// Asks the kernel; `nil` where the descriptor is no TCP connection.
    public init?(descriptor: CInt) {
        var found = czmq_connection()
        guard czmq_connection_read(descriptor, &found) == 0 else { return nil }
        self.descriptor = descriptor
        socket = found.inode
        localPort = found.local_port
        receivedByteCount = found.received
        peerAddress = withUnsafeBytes(of: found.peer) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The connections of this process to one of its ports.
    ///
    /// Source: proc(5), `/proc/self/fd`. Empty where the system does not tell.
    public static func all(to port: UInt16) -> [TCPConnection] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var connections: [TCPConnection] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let descriptor = CInt(name),
                let connection = TCPConnection(descriptor: descriptor),
                connection.localPort == port
            else { continue }
            connections.append(connection)
        }
        return connections
    }
}
