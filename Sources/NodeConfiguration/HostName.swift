// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A host as a URL names it: a name, an IPv4 address or an IPv6 address.
///
/// Invariant: `canonical` is equal for two spellings of one name or address, and holds nothing
/// but letters, digits, dots, hyphens, underscores and colons.
public struct HostName: Sendable, Hashable {
    /// What kind of host it is.
    public enum Kind: Sendable, Hashable {
        /// A name that has to be resolved.
        case name
        /// An IPv4 address.
        case ipv4
        /// An IPv6 address.
        case ipv6
    }

    /// What kind of host it is.
    public let kind: Kind
    /// The name in lower case without a final dot, or the address in its shortest form.
    public let canonical: String

    /// The host as it stands in a URL: an IPv6 address in brackets.
    public var inURL: String { kind == .ipv6 ? "[\(canonical)]" : canonical }

    /// Reads a host as it stands in a URL.
    ///
    /// Source: RFC 3986 3.2.2, RFC 1123 2.1, RFC 5952.
    init(parsing text: String) throws(ValueProblem) {
        if text.hasPrefix("[") {
            guard text.hasSuffix("]") else {
                throw ValueProblem(expected: "\"]\" after an IPv6 address", found: quoted(text))
            }
            try self.init(ipv6: String(text.dropFirst().dropLast()))
        } else if text.contains(":") {
            throw ValueProblem(
                expected: "a host", found: quoted(text),
                hint: "an IPv6 address is written in brackets, such as [fd00::1]:8080")
        } else if Self.looksNumeric(text) {
            try self.init(ipv4: text)
        } else {
            try self.init(name: text)
        }
    }

    /// Reads a bare numeric address to listen on, which may stand for all interfaces.
    init(listening text: String) throws(ValueProblem) {
        if let everywhere = Self.everywhere[text] {
            self = everywhere
            return
        }
        if text.contains(":") {
            let bare = text.hasPrefix("[") && text.hasSuffix("]")
            try self.init(ipv6: bare ? String(text.dropFirst().dropLast()) : text)
        } else {
            guard Self.looksNumeric(text) else {
                throw ValueProblem(
                    expected: "a numeric IP address", found: quoted(text),
                    hint: "names can stand for several addresses")
            }
            try self.init(ipv4: text)
        }
    }

    private static let everywhere = [
        "0.0.0.0": HostName(kind: .ipv4, canonical: "0.0.0.0"),
        "::": HostName(kind: .ipv6, canonical: "::"),
        "[::]": HostName(kind: .ipv6, canonical: "::"),
    ]

    private init(kind: Kind, canonical: String) {
        self.kind = kind
        self.canonical = canonical
    }

    private init(ipv4 text: String) throws(ValueProblem) {
        var address = in_addr()
        guard inet_pton(AF_INET, text, &address) == 1 else {
            throw ValueProblem(
                expected: "an IPv4 address of four decimal numbers up to 255",
                found: quoted(text))
        }
        let bytes = withUnsafeBytes(of: address) { Array($0) }
        try self.init(ipv4: bytes, text: text)
    }

    private init(ipv4 bytes: [UInt8], text: String) throws(ValueProblem) {
        guard bytes[0] != 0, bytes[0] < 224 else {
            throw ValueProblem(
                expected: "the address of one host", found: quoted(text),
                hint: "unspecified, multicast and broadcast addresses reach nobody in particular")
        }
        self.init(kind: .ipv4, canonical: bytes.map(String.init).joined(separator: "."))
    }

    private init(ipv6 text: String) throws(ValueProblem) {
        guard !text.contains("%") else {
            throw ValueProblem(
                expected: "an IPv6 address without a scope ID", found: quoted(text),
                hint: "a scope ID means something on one server only")
        }
        var address = in6_addr()
        guard text.utf8.count < 46, inet_pton(AF_INET6, text, &address) == 1 else {
            throw ValueProblem(expected: "an IPv6 address", found: quoted(text))
        }
        let bytes = withUnsafeBytes(of: address) { Array($0) }
        if bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10...11] == [0xFF, 0xFF] {
            try self.init(ipv4: Array(bytes[12...]), text: text)
            return
        }
        let isUnspecified = bytes.allSatisfy { $0 == 0 }
        let isLinkLocal = bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
        guard !isUnspecified, !isLinkLocal, bytes[0] != 0xFF else {
            throw ValueProblem(
                expected: "the address of one host", found: quoted(text),
                hint: "unspecified, link-local and multicast addresses cannot be used")
        }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(AF_INET6, &address, &buffer, socklen_t(INET6_ADDRSTRLEN))
        let short = buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        self.init(kind: .ipv6, canonical: String(decoding: short, as: UTF8.self))
    }

    private init(name text: String) throws(ValueProblem) {
        let bare = text.hasSuffix(".") ? String(text.dropLast()) : text
        let labels = bare.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            bare.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-")
                    && !label.hasSuffix("-") && label.utf8.allSatisfy(Self.isNameByte)
            }
        guard isName else {
            throw ValueProblem(
                expected: "a host name of letters, digits, dots and hyphens",
                found: quoted(text),
                hint: text.utf8.allSatisfy { $0 < 0x80 }
                    ? nil : "write an international name in its xn-- form")
        }
        self.init(kind: .name, canonical: bare.lowercased())
    }

    /// Whether old resolvers would read this as an address, such as `127.1` or `0x7f000001`.
    private static func looksNumeric(_ text: String) -> Bool {
        let bare = text.hasSuffix(".") ? text.dropLast() : text[...]
        guard let last = bare.split(separator: ".", omittingEmptySubsequences: false).last,
            !last.isEmpty
        else { return false }
        if last.utf8.allSatisfy({ (48...57).contains($0) }) { return true }
        return last.lowercased().hasPrefix("0x")
            && last.dropFirst(2).allSatisfy { $0.isASCII && $0.isHexDigit }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        case _:
            false
        }
    }
}

/// A host with an optional port: the authority of a URL without credentials.
struct Authority {
    let host: HostName
    let port: UInt16?

    /// Reads `host`, `host:port` or `[address]:port`.
    init(parsing text: String) throws(ValueProblem) {
        guard !text.contains("@") else {
            throw ValueProblem(
                expected: "an address without user name and password", found: quoted(text))
        }
        guard !text.isEmpty else {
            throw ValueProblem(expected: "a host", found: "none")
        }
        let bracket = text.lastIndex(of: "]")
        let tail = bracket.map { text[$0...] } ?? text[...]
        guard let colon = tail.lastIndex(of: ":"),
            bracket != nil || text.firstIndex(of: ":") == colon
        else {
            host = try HostName(parsing: text)
            port = nil
            return
        }
        host = try HostName(parsing: String(text[..<colon]))
        port = try Self.port(String(text[text.index(after: colon)...]), upTo: .max)
    }

    /// Reads a port number.
    static func port(_ text: String, upTo limit: UInt16) throws(ValueProblem) -> UInt16 {
        guard let number = decimal(text), (1...Int(limit)).contains(number) else {
            throw ValueProblem(
                expected: "a port from 1 to \(limit)", found: quoted(text))
        }
        return UInt16(number)
    }
}
