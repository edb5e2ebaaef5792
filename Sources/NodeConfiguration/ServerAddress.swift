// SPDX-License-Identifier: Apache-2.0

/// Where a server on this host or near it listens.
public enum ServerAddress: Sendable, Hashable {
    /// A socket in the file system, by its absolute path.
    case unix(path: String)
    /// A TCP port.
    case tcp(host: HostName, port: UInt16)

    /// Reads `unix:/path`, `host:port` or `tcp://host:port`.
    init(parsing text: String, defaultPort: UInt16? = nil) throws(ValueProblem) {
        if text.hasPrefix("unix:") {
            self = .unix(path: try socketPath(String(text.dropFirst(5))))
            return
        }
        let (scheme, rest) = splitScheme(text)
        guard scheme == nil || scheme == "tcp" else {
            throw ValueProblem(
                expected: "unix:/PATH or HOST:PORT", found: quoted(text))
        }
        let authority = try Authority(parsing: String(rest))
        guard let port = authority.port ?? defaultPort else {
            throw ValueProblem(expected: "unix:/PATH or HOST:PORT", found: quoted(text))
        }
        self = .tcp(host: authority.host, port: port)
    }
}

/// An absolute path that fits into a socket's address.
///
/// Limit: 107 bytes. Source: unix(7).
func socketPath(_ text: String) throws(ValueProblem) -> String {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    guard text.hasPrefix("/"), text.utf8.count <= 107,
        parts.allSatisfy({ !["", ".", ".."].contains($0) })
    else {
        throw ValueProblem(
            expected: "the absolute path of a socket, at most 107 bytes", found: quoted(text))
    }
    return text
}

/// A path or pattern below the root of the installation, which it cannot leave.
func relativePath(_ text: String) throws(ValueProblem) -> String {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !["", ".", ".."].contains($0) }), !text.hasPrefix("~") else {
        throw ValueProblem(
            expected: "a path below the installation's root, without \".\" and \"..\"",
            found: quoted(text))
    }
    return text
}

/// The database of the site, whose version and size `status` shows.
public struct DatabaseAddress: Sendable, Hashable {
    /// Which program serves it.
    public enum Engine: String, Sendable, Hashable {
        /// MySQL or MariaDB.
        case mysql
        /// PostgreSQL.
        case postgresql
        /// SQLite, a file.
        case sqlite
    }

    /// Which program serves it.
    public let engine: Engine
    /// The server's host; `nil` for a file.
    public let host: HostName?
    /// The server's port; `nil` for a file.
    public let port: UInt16?
    /// The user to log in as.
    public let user: String?
    /// The password to log in with.
    public let password: Secret?
    /// The name of the database, or the path of the file.
    public let name: String

    /// Reads `mysql://user:password@host/name`, the same with `postgresql`, or `sqlite:path`.
    ///
    /// No error repeats any of it but the scheme.
    init(parsing text: String) throws(ValueProblem) {
        let scheme = text.prefix { $0 != ":" }
        let problem = ValueProblem(
            expected: "mysql://USER:PASSWORD@HOST/NAME, postgresql://... or sqlite:PATH",
            found: scheme.count < text.count && scheme.count < 16 && scheme.allSatisfy(\.isLetter)
                ? "\"\(scheme):...\"" : "something else",
            hint: "write special characters of a password as %XX")
        if scheme == "sqlite" {
            var path = text.dropFirst("sqlite:".count)
            if path.hasPrefix("//") { path = path.dropFirst(2) }
            guard !path.isEmpty, !path.split(separator: "/").contains("..") else { throw problem }
            engine = .sqlite
            (host, port, user, password) = (nil, nil, nil, nil)
            name = String(path)
            return
        }
        let engines: [String: (Engine, UInt16)] = [
            "mysql": (.mysql, 3306), "mariadb": (.mysql, 3306),
            "postgresql": (.postgresql, 5432), "postgres": (.postgresql, 5432),
        ]
        let (written, rest) = splitScheme(text)
        guard let written, let (engine, usual) = engines[written],
            let slash = rest.lastIndex(of: "/")
        else { throw problem }
        let credentials = Credentials(rest[..<slash])
        guard let credentials,
            let name = percentDecoded(rest[rest.index(after: slash)...]), !name.isEmpty,
            !name.contains("/"), !name.contains("?"), !name.contains("#")
        else { throw problem }
        do {
            let authority = try Authority(parsing: credentials.address)
            host = authority.host
            port = authority.port ?? usual
        } catch {
            throw problem
        }
        self.engine = engine
        self.name = name
        user = credentials.user
        password = credentials.password
    }
}

/// User, password and address of a URL's authority.
struct Credentials {
    let user: String?
    let password: Secret?
    let address: String

    /// Splits `user:password@address`; `nil` where the percent signs are wrong.
    init?(_ authority: Substring) {
        guard let at = authority.lastIndex(of: "@") else {
            (user, password, address) = (nil, nil, String(authority))
            return
        }
        let (name, word) = splitOnce(authority[..<at], at: ":")
        guard let user = percentDecoded(name) else { return nil }
        self.user = user.isEmpty ? nil : user
        if let word {
            guard let decoded = percentDecoded(word) else { return nil }
            password = Secret(decoded)
        } else {
            password = nil
        }
        address = String(authority[authority.index(after: at)...])
    }
}

/// Text with its `%XX` resolved; `nil` where that is no text or hides a control character.
func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        let digits = rest.prefix(2)
        guard digits.count == 2, let pair = String(Substring(digits)).nilUnlessHex,
            let value = UInt8(pair, radix: 16)
        else { return nil }
        bytes.append(value)
        rest = rest.dropFirst(2)
    }
    guard let result = String(validating: bytes, as: UTF8.self),
        !result.unicodeScalars.contains(where: isUnprintable)
    else { return nil }
    return result
}

extension String {
    fileprivate var nilUnlessHex: String? {
        allSatisfy { $0.isASCII && $0.isHexDigit } ? self : nil
    }
}

/// A Redis server and one of its databases.
public struct RedisAddress: Sendable, Hashable {
    /// Where the server listens.
    public let server: ServerAddress
    /// The user to log in as, if not the default one.
    public let user: String?
    /// The password to log in with.
    public let password: Secret?
    /// The number of the database.
    public let database: Int

    /// Reads `redis://[[user]:password@]host[:port][/database]`, `unix:/path`, or
    /// `unix://[[user]:password@]/path[?db=database]`.
    init(parsing text: String) throws(ValueProblem) {
        let (scheme, rest) = splitScheme(text)
        let isSocket = text.hasPrefix("unix:")
        if let hint = Self.unspoken(scheme, rest) {
            throw ValueProblem(
                expected: "redis://HOST:PORT/DATABASE or unix:/PATH", found: quoted(text),
                hint: hint)
        }
        let parts = isSocket ? Self.socketParts(text) : Self.hostParts(rest)
        guard isSocket || scheme == "redis", let parts,
            let credentials = Credentials(parts.authority),
            let database = decimal(parts.database), database <= 65535
        else {
            throw ValueProblem(
                expected: "redis://HOST:PORT/DATABASE or unix:/PATH", found: quoted(text),
                hint: "write special characters of a password as %XX")
        }
        user = credentials.user
        password = credentials.password
        self.database = database
        server =
            isSocket
            ? .unix(path: try socketPath(credentials.address))
            : try ServerAddress(parsing: credentials.address, defaultPort: 6379)
    }

    /// What the address asks for that is not spoken here, in words; `nil` where nothing is.
    private static func unspoken(_ scheme: String?, _ rest: Substring) -> String? {
        if ["rediss", "tls", "redis+tls"].contains(scheme) {
            return "TLS is not spoken to Redis: let it listen on loopback or on a Unix socket"
        }
        let place = rest.prefix { $0 != "/" && $0 != "?" }
        let servers = place[(place.lastIndex(of: "@") ?? place.startIndex)...]
        let isGroup = scheme?.contains("sentinel") == true || scheme?.contains("cluster") == true
        guard isGroup || servers.contains(",") else { return nil }
        return "neither Redis Cluster nor Sentinel is spoken: name the one server that takes writes"
    }

    private static func hostParts(
        _ rest: Substring
    ) -> (authority: Substring, database: String)? {
        let (authority, number) = splitOnce(rest, at: "/")
        return (authority, number.map { $0.isEmpty ? "0" : String($0) } ?? "0")
    }

    /// What stands before a path, and the path; nothing where the rest is something else.
    private static func socketParts(
        _ text: String
    ) -> (authority: Substring, database: String)? {
        let (place, query) = splitOnce(text.dropFirst("unix:".count), at: "?")
        let authority = place.hasPrefix("//") ? place.dropFirst(2) : place
        guard let query else { return (authority, "0") }
        let (name, number) = splitOnce(query, at: "=")
        guard name == "db", let number else { return nil }
        return (authority, String(number))
    }
}
