// SPDX-License-Identifier: Apache-2.0

/// A web address that a node calls.
public struct WebPlace: Sendable, Hashable, CustomStringConvertible {
    /// Whether it is called over TLS.
    public let isEncrypted: Bool
    /// The host's name or numeric address, without brackets.
    public let host: String
    /// The port.
    public let port: UInt16
    /// Path and query, percent-encoded.
    public let target: String

    /// Names a place.
    ///
    /// - Throws: `invalidAddress` for what would not be one header or one word of a request.
    public init(
        isEncrypted: Bool = false, host: String, port: UInt16, target: String = "/"
    ) throws(CacheTargetError) {
        self.isEncrypted = isEncrypted
        self.host = host
        self.port = port
        self.target = target
        let isVisible = (host + target).utf8.allSatisfy {
            (0x21...0x7E).contains($0) && !#""\<>^`{|}"#.utf8.contains($0)
        }
        let hasLimits = !host.contains { "/?#@[]".contains($0) } && !target.contains("#")
        guard isVisible, hasLimits, !host.isEmpty, port > 0, target.hasPrefix("/") else {
            throw CacheTargetError(
                .invalidAddress, target: "web address", operation: "read address",
                expected: "a host, a port and a percent-encoded path", found: host,
                hint: "Write an address such as http://127.0.0.1:8080/path.")
        }
    }

    /// The host as a URL writes it.
    private var hostInURL: String { host.contains(":") ? "[\(host)]" : host }

    /// What the `Host` header says: the port only where it is not the scheme's own.
    var authority: String {
        port == (isEncrypted ? 443 : 80) ? hostInURL : "\(hostInURL):\(port)"
    }

    /// The path without the query.
    var path: String { String(target.prefix { $0 != "?" }) }

    /// The whole address, for the one who is called.
    var url: String { "\(isEncrypted ? "https" : "http")://\(hostInURL):\(port)\(target)" }

    /// The address for people: without its query, which may hold a token.
    public var description: String {
        let scheme = isEncrypted ? "https" : "http"
        return "\(scheme)://\(authority)\(path)" + (path == target ? "" : "?...")
    }

    /// The same server with another path.
    func with(target: String) throws(CacheTargetError) -> WebPlace {
        try WebPlace(isEncrypted: isEncrypted, host: host, port: port, target: target)
    }
}
