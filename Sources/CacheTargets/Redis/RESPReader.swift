// SPDX-License-Identifier: Apache-2.0

/// Reads values of the Redis serialization protocol from bytes in pieces of any size.
///
/// Pure: the connection feeds it, and tests feed it without one.
/// Invariant: one reply takes at most `limit` bytes, `maximumElements` values and `maximumDepth`
/// levels; what is announced beyond that is refused before it arrives.
public struct RESPReader: Sendable {
    /// Why the bytes are not a reply.
    public enum Refusal: Error, Sendable, Equatable {
        /// No value of version 2 begins with this byte.
        case type(UInt8)
        /// A number is none, or is written in an unusual way.
        case number
        /// A line is longer than `maximumLine`, or holds a lone CR or LF.
        case line
        /// What follows a text of known length is no line end.
        case ending
        /// The reply is larger than the limit.
        case tooLarge(limit: Int)
        /// The reply holds more values than `maximumElements`.
        case tooMany
        /// Lists lie in one another more deeply than `maximumDepth`.
        case tooDeep
    }

    /// The longest line: a number, a short text, or an error.
    ///
    /// Unit: bytes.
    public static let maximumLine = 8 * 1_024
    /// The most values of one reply, lists counted.
    public static let maximumElements = 200_000
    /// How deeply lists may lie in one another.
    public static let maximumDepth = 4

    private struct List {
        var missing: Int
        var values: [RESPValue]
    }

    private let limit: Int
    private var pending: [UInt8] = []
    private var position = 0
    private var size = 0
    private var elements = 0
    private var open: [List] = []

    /// Reads replies of at most `limit` bytes each.
    public init(limit: Int) { self.limit = limit }

    /// Takes the next bytes.
    public mutating func take(_ bytes: ArraySlice<UInt8>) {
        if position > 0 {
            pending.removeFirst(position)
            position = 0
        }
        pending += bytes
    }

    /// Whether bytes are left which belong to no reply yet.
    public var hasRest: Bool { position < pending.count || !open.isEmpty }

    /// The next whole reply among the bytes taken, if there is one.
    ///
    /// - Throws: `Refusal`, as soon as no continuation can make the bytes an acceptable reply.
    public mutating func next() throws(Refusal) -> RESPValue? {
        while let token = try token() {
            elements += 1
            guard elements <= Self.maximumElements else { throw .tooMany }
            var value: RESPValue
            switch token {
            case .value(let whole): value = whole
            case .list(let count):
                guard open.count < Self.maximumDepth else { throw .tooDeep }
                guard count <= Self.maximumElements - elements else { throw .tooMany }
                guard count == 0 else {
                    open.append(List(missing: count, values: []))
                    continue
                }
                value = .array([])
            }
            if let whole = close(value) {
                (size, elements) = (0, 0)
                return whole
            }
        }
        return nil
    }

    /// Puts a value into the innermost open list; gives what is whole by that, if anything is.
    private mutating func close(_ value: RESPValue) -> RESPValue? {
        var value = value
        while var list = open.popLast() {
            list.values.append(value)
            list.missing -= 1
            guard list.missing == 0 else {
                open.append(list)
                return nil
            }
            value = .array(list.values)
        }
        return value
    }

    private enum Token {
        case value(RESPValue)
        case list(Int)
    }

    private mutating func token() throws(Refusal) -> Token? {
        guard position < pending.count else { return nil }
        let type = pending[position]
        guard "+-:$*".utf8.contains(type) else { throw .type(type) }
        guard let end = try lineEnd() else { return nil }
        let text = pending[(position + 1)..<end]
        let used = end + 2 - position
        switch type {
        case UInt8(ascii: "+"):
            try advance(used)
            return .value(.simple(Array(text)))
        case UInt8(ascii: "-"):
            try advance(used)
            return .value(.error(Array(text)))
        case UInt8(ascii: ":"):
            let number = try Self.number(text)
            try advance(used)
            return .value(.integer(number))
        case UInt8(ascii: "$"):
            guard let count = try Self.count(text) else {
                try advance(used)
                return .value(.bulk(nil))
            }
            guard count <= limit - size - used else { throw .tooLarge(limit: limit) }
            guard pending.count >= end + 2 + count + 2 else { return nil }
            let content = pending[(end + 2)..<(end + 2 + count)]
            guard pending[content.endIndex] == 0x0D, pending[content.endIndex + 1] == 0x0A else {
                throw .ending
            }
            try advance(used + count + 2)
            return .value(.bulk(Array(content)))
        case _:
            let count = try Self.count(text)
            try advance(used)
            return count.map { .list($0) } ?? .value(.array(nil))
        }
    }

    private mutating func advance(_ count: Int) throws(Refusal) {
        size += count
        guard size <= limit else { throw .tooLarge(limit: limit) }
        position += count
    }

    /// Where the CR of the line that begins at `position` is; nothing while it is not there.
    private func lineEnd() throws(Refusal) -> Int? {
        let line = pending[position...].prefix(Self.maximumLine)
        guard let end = line.firstIndex(where: { $0 == 0x0D || $0 == 0x0A }) else {
            guard line.count < Self.maximumLine else { throw .line }
            return nil
        }
        guard pending[end] == 0x0D else { throw .line }
        guard end + 1 < pending.count else { return nil }
        guard pending[end + 1] == 0x0A else { throw .line }
        return end
    }

    private static func number(_ text: ArraySlice<UInt8>) throws(Refusal) -> Int64 {
        let word = String(decoding: text, as: UTF8.self)
        // One way to write a number: no plus, no zeros in front, no minus before zero.
        guard let number = Int64(word), "\(number)" == word else { throw .number }
        return number
    }

    /// A length; nothing for -1, which means that there is no value.
    private static func count(_ text: ArraySlice<UInt8>) throws(Refusal) -> Int? {
        let number = try number(text)
        guard number >= -1 else { throw .number }
        return number == -1 ? nil : Int(number)
    }
}
