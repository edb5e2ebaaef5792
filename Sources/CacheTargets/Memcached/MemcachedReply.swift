// SPDX-License-Identifier: Apache-2.0

import ClusterModel

/// One line that Memcached answers in its text protocol.
///
/// Only what this program asks for is understood; values of entries are never asked for.
/// Source: memcached's `doc/protocol.txt`.
public enum MemcachedReply: Sendable, Hashable {
    /// The entry was there and is gone.
    case deleted
    /// There is no such entry.
    case notFound
    /// The command was carried out.
    case ok
    /// The end of a list.
    case end
    /// The new value of a counter.
    case number(UInt64)
    /// One line of `stats`.
    case statistic(name: String, value: String)
    /// One line of `lru_crawler metadump`: the key of an entry.
    case entry(key: [UInt8])
    /// The crawler is at work for somebody else.
    case busy
    /// The crawler found nothing to crawl.
    case notStarted
    /// The command is refused; the line as it came.
    case refused(String)

    /// Why a line is no reply.
    public enum Refusal: Error, Sendable, Equatable {
        /// The line is none of those that Memcached writes.
        case unknown(String)
        /// The key of an entry is not written as it must be.
        case key
        /// The line is longer than `MemcachedReader.maximumLine`.
        case line
    }

    /// Reads a line without its end.
    ///
    /// - Throws: `Refusal` for a line that Memcached never answers to our commands.
    public static func decode(_ line: ArraySlice<UInt8>) throws(Refusal) -> MemcachedReply {
        if line.starts(with: "key=".utf8) { return .entry(key: try key(line.dropFirst(4))) }
        let text = String(decoding: line, as: UTF8.self)
        if let number = UInt64(text) {
            // `incr` leaves spaces behind a number that has become shorter; none are sent.
            return .number(number)
        }
        let words = text.split(separator: " ", maxSplits: 2)
        switch words.first {
        case "DELETED" where words.count == 1: return .deleted
        case "NOT_FOUND" where words.count == 1, "NF" where words.count == 1: return .notFound
        case "OK" where words.count == 1, "HD" where words.count == 1: return .ok
        case "END" where words.count == 1: return .end
        case "STAT" where words.count >= 2:
            return .statistic(
                name: String(words[1]), value: words.count == 3 ? String(words[2]) : "")
        case "BUSY": return .busy
        case "NOTSTARTED": return .notStarted
        case "ERROR", "CLIENT_ERROR", "SERVER_ERROR", "BADCLASS", "RESET": return .refused(text)
        case _: throw .unknown(PrintableText.make(text))
        }
    }

    /// The key up to the next space, with its `%XX` resolved.
    private static func key(_ text: ArraySlice<UInt8>) throws(Refusal) -> [UInt8] {
        var key: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst(), byte != 0x20 {
            guard byte == UInt8(ascii: "%") else {
                guard (0x21...0x7E).contains(byte) else { throw .key }
                key.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit),
                let low = rest.popFirst().flatMap(digit)
            else { throw .key }
            key.append(high << 4 | low)
        }
        guard (1...MemcachedKey.maximumLength).contains(key.count) else { throw .key }
        return key
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        case _: nil
        }
    }
}

/// What the text protocol can name.
enum MemcachedKey {
    /// The longest key.
    ///
    /// Unit: bytes. Source: memcached's `doc/protocol.txt`.
    static let maximumLength = 250

    /// The longest key that meta commands can name in Base64, which the server keeps as it is.
    ///
    /// Unit: bytes. Source: tried with memcached 1.6.18, whose limit is 250 bytes of Base64.
    static let maximumEncoded = 186

    /// Whether the bytes can be named, as they are or in Base64.
    static func isNameable(_ bytes: [UInt8]) -> Bool {
        isKey(bytes) || (1...maximumEncoded).contains(bytes.count)
    }

    /// Whether the bytes are a key: no spaces, line ends or other control bytes, which would end
    /// the key or the command and begin another one.
    static func isKey(_ bytes: [UInt8]) -> Bool {
        (1...maximumLength).contains(bytes.count) && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}

/// Cuts what Memcached sends into lines, from pieces of any size.
///
/// Pure: the connection feeds it, and tests feed it without one.
/// Invariant: holds at most `maximumLine` bytes besides the last piece.
public struct MemcachedReader: Sendable {
    /// The longest line: an entry whose key takes three bytes for each.
    ///
    /// Unit: bytes.
    public static let maximumLine = 2_048

    private var pending: [UInt8] = []
    private var position = 0

    /// Begins without bytes.
    public init() {}

    /// Takes the next bytes.
    public mutating func take(_ bytes: ArraySlice<UInt8>) {
        pending.removeFirst(position)
        position = 0
        pending += bytes
    }

    /// Whether bytes are left which belong to no line yet.
    public var hasRest: Bool { position < pending.count }

    /// The next whole line among the bytes taken, if there is one.
    ///
    /// - Throws: `Refusal`, as soon as the bytes cannot become a reply any more.
    public mutating func next() throws(MemcachedReply.Refusal) -> MemcachedReply? {
        let window = pending[position...].prefix(Self.maximumLine + 1)
        guard let end = window.firstIndex(of: 0x0A) else {
            guard window.count <= Self.maximumLine else { throw .line }
            return nil
        }
        // The crawler ends its lines without CR.
        let line = pending[position..<end]
        position = end + 1
        return try MemcachedReply.decode(line.last == 0x0D ? line.dropLast() : line)
    }
}
