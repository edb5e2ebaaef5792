// SPDX-License-Identifier: Apache-2.0

/// Where a server listens.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// A Unix socket, by its absolute path.
    case unix(path: String)
    /// A TCP port at a numeric address, IPv4 or IPv6 without brackets, or at a host's name.
    case tcp(host: String, port: UInt16)

    /// The longest path of a Unix socket.
    ///
    /// Unit: bytes. Source: unix(7), `sun_path` less its terminator.
    public static let maximumPath = 107

    /// Reads `unix:/path`, `/path`, `tcp:HOST:PORT` or `HOST:PORT`; IPv6 stands in brackets.
    ///
    /// `localhost` means 127.0.0.1.
    /// - Parameter server: whose address it is, for the message.
    /// - Throws: `CacheTargetError` with `invalidAddress`, which says what is wrong.
    public init(_ text: String, of server: String = "php-fpm") throws(CacheTargetError) {
        func refusal(_ expected: String) -> CacheTargetError {
            CacheTargetError(
                .invalidAddress, target: server, operation: "read address",
                expected: expected, found: text,
                hint: "Write an address such as unix:/run/server.sock or 127.0.0.1:9000.")
        }
        if text.hasPrefix("unix:") || text.hasPrefix("/") {
            let path = text.hasPrefix("unix:") ? String(text.dropFirst(5)) : text
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw refusal("an absolute path")
            }
            guard path.utf8.count <= Self.maximumPath else {
                throw refusal("a path of at most \(Self.maximumPath) bytes")
            }
            self = .unix(path: path)
            return
        }
        let rest = text.hasPrefix("tcp:") ? text.dropFirst(4) : text[...]
        guard let colon = rest.lastIndex(of: ":"),
            let port = UInt16(rest[rest.index(after: colon)...]), port > 0
        else { throw refusal("HOST:PORT with a port from 1 to 65535") }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw refusal("an IPv6 address in brackets")
        }
        guard !host.isEmpty, !host.utf8.contains(0) else { throw refusal("a host") }
        self = .tcp(host: host == "localhost" ? "127.0.0.1" : String(host), port: port)
    }

    /// The address as the configuration writes it.
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp: "tcp:\(endpoint)"
        }
    }

    /// The address without the word `tcp`.
    var endpoint: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}
