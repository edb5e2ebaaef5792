// SPDX-License-Identifier: Apache-2.0

/// The URL of one node of the site, as the list names it.
///
/// It says two things: where the installation's web site is, for clearing caches over HTTP, and
/// on which host and port the node's door is. `tcp://host:port` names a door without a web site.
public struct SiteURL: Sendable, Hashable, CustomStringConvertible {
    /// The door's port where nothing else names one.
    public static let defaultDoorPort: UInt16 = 5570
    /// The highest port a door can have: the two after it belong to the mesh.
    public static let highestDoorPort: UInt16 = 65533

    /// The URL as it was written, which is how `status` shows it.
    public let display: String
    /// The host of web site and door.
    public let host: HostName
    /// The scheme of the web site, `http` where none was written; `nil` without a web site.
    public let webScheme: String?
    /// The port of the web site; `nil` without a web site.
    public let webPort: UInt16?
    /// The path of the installation below the web site's root, `/` where none was written.
    public let webPath: String
    /// The door's port, if the URL itself names it.
    public let namedDoorPort: UInt16?

    /// The door's port as others find it: the one named, or the usual one.
    public var doorPort: UInt16 { namedDoorPort ?? Self.defaultDoorPort }
    /// The door as `host:port`, which is also the `Host` header that tells installations apart.
    ///
    /// Invariant: two URLs of one node's door and host have the same key, however they were
    /// written.
    public var key: String { "\(host.inURL):\(doorPort)" }
    /// The URL as it was written.
    public var description: String { display }

    /// The address of the web site; `nil` for a door without one.
    public var webAddress: String? {
        guard let webScheme, let webPort else { return nil }
        return "\(webScheme)://\(host.inURL):\(webPort)\(webPath)"
    }

    /// Reads a URL of the list.
    ///
    /// - Throws: ``ConfigurationError`` with code `invalid` for anything but an HTTP URL, a host
    ///   with or without port, or `tcp://host:port`.
    public init(_ text: String) throws(ConfigurationError) {
        do {
            try self.init(parsing: text)
        } catch {
            throw ConfigurationError(
                code: .invalid, operation: "read the URL",
                findings: [
                    Finding(
                        file: "URL", expected: error.expected, found: error.found,
                        hint: error.hint)
                ])
        }
    }

    init(parsing text: String) throws(ValueProblem) {
        try WebAddress.checkCharacters(text)
        let (written, rest) = splitScheme(text)
        let scheme = written?.lowercased()
        guard scheme == nil || ["http", "https", "tcp"].contains(scheme) else {
            throw ValueProblem(
                expected: "http://, https://, tcp:// or no scheme", found: quoted(text))
        }
        let (address, fragment) = splitOnce(rest, at: "#")
        guard !address.contains("?") else {
            throw ValueProblem(expected: "a URL without a query", found: quoted(text))
        }
        let slash = address.firstIndex(of: "/") ?? address.endIndex
        let authority = try Authority(parsing: String(address[..<slash]))
        if scheme == nil { try Self.refuseForeignScheme(authority.host, text) }
        let path = String(address[slash...])
        display = text
        host = authority.host
        if scheme == "tcp" {
            guard let port = authority.port, path.isEmpty, fragment == nil else {
                throw ValueProblem(
                    expected: "tcp://HOST:PORT and nothing else", found: quoted(text))
            }
            namedDoorPort = try Authority.port("\(port)", upTo: Self.highestDoorPort)
            webScheme = nil
            webPort = nil
            webPath = "/"
            return
        }
        try WebAddress.checkPath(path)
        namedDoorPort =
            if let fragment {
                try Authority.port(String(fragment), upTo: Self.highestDoorPort)
            } else {
                nil
            }
        webScheme = scheme ?? "http"
        webPort = authority.port ?? (scheme == "https" ? 443 : 80)
        webPath = path.isEmpty ? "/" : path
    }

    /// Refuses `ipc:...` and its like, which without slashes would pass for a host.
    private static func refuseForeignScheme(
        _ host: HostName, _ text: String
    ) throws(ValueProblem) {
        let schemes = [
            "http", "https", "tcp", "udp", "ipc", "inproc", "pgm", "epgm", "norm", "vmci", "ws",
            "wss", "tipc", "file",
        ]
        guard !schemes.contains(host.canonical) else {
            throw ValueProblem(
                expected: "a host name", found: quoted(text),
                hint: "\"\(host.canonical)\" is the name of a transport")
        }
    }
}

/// An HTTP address which a node calls: a cache, a web hook, the site itself.
public struct WebAddress: Sendable, Hashable {
    /// Whether the address is called over TLS.
    public let isEncrypted: Bool
    /// The host.
    public let host: HostName
    /// The port, the scheme's own where none was written.
    public let port: UInt16
    /// Path and query, beginning with a slash.
    public let target: String

    /// The address as text.
    public var text: String {
        "\(isEncrypted ? "https" : "http")://\(host.inURL):\(port)\(target)"
    }

    init(parsing text: String) throws(ValueProblem) {
        try Self.checkCharacters(text)
        let (scheme, rest) = splitScheme(text)
        guard let scheme = scheme?.lowercased(), ["http", "https"].contains(scheme),
            !rest.contains("#")
        else {
            throw ValueProblem(
                expected: "an address such as http://127.0.0.1/", found: quoted(text))
        }
        let (address, query) = splitOnce(rest, at: "?")
        let slash = address.firstIndex(of: "/") ?? address.endIndex
        let authority = try Authority(parsing: String(address[..<slash]))
        let path = String(address[slash...])
        try Self.checkPath(path)
        isEncrypted = scheme == "https"
        host = authority.host
        port = authority.port ?? (isEncrypted ? 443 : 80)
        target = (path.isEmpty ? "/" : path) + (query.map { "?\($0)" } ?? "")
    }

    /// Refuses what no URL may hold.
    ///
    /// Limit: 1,024 bytes of visible ASCII.
    static func checkCharacters(_ text: String) throws(ValueProblem) {
        guard !text.isEmpty, text.utf8.count <= 1024,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#""\<>^`{|}"#.utf8.contains($0) })
        else {
            throw ValueProblem(
                expected: "a URL of 1 to 1024 visible ASCII characters", found: quoted(text))
        }
    }

    /// Refuses paths that climb or hide control characters.
    static func checkPath(_ path: String) throws(ValueProblem) {
        let bytes = Array(path.utf8)
        for index in bytes.indices where bytes[index] == UInt8(ascii: "%") {
            let digits = String(decoding: bytes[(index + 1)...].prefix(2), as: UTF8.self)
            guard digits.count == 2, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                let value = UInt8(digits, radix: 16), value >= 0x20, value != 0x7F
            else {
                throw ValueProblem(
                    expected: "a path without control characters", found: quoted(path))
            }
        }
        guard !path.split(separator: "/").contains(where: { $0 == ".." || $0 == "." }) else {
            throw ValueProblem(
                expected: "a path without \".\" and \"..\"", found: quoted(path))
        }
    }
}

/// What stands before `://` and what after it.
func splitScheme(_ text: String) -> (scheme: String?, rest: Substring) {
    guard let mark = text.firstRange(of: "://") else { return (nil, text[...]) }
    return (String(text[..<mark.lowerBound]), text[mark.upperBound...])
}

/// What stands before the first `mark` and what after it.
func splitOnce(_ text: Substring, at mark: Character) -> (Substring, Substring?) {
    guard let index = text.firstIndex(of: mark) else { return (text, nil) }
    return (text[..<index], text[text.index(after: index)...])
}
