// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// The git note that an update leaves at the commit it brought: `refs/notes/update`.
///
///     Updated-On: 2026-11-23T14:03:21Z
///     Updated-By: Alice Admin (alice, alice@example.com)
///
/// Invariant: the two lines stand first and in this order. Lines of the same form may follow and
/// are left to those who know them; anything else is no such note.
public struct UpdateNote: Hashable, Sendable {
    /// When the update was performed.
    public let time: WallTime
    /// Who performed it.
    public let person: String

    /// Why a note says nothing.
    public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// What would have been right.
        public let expected: String
        /// What was there instead.
        public let found: String

        init(_ expected: String, found: some StringProtocol) {
            self.expected = expected
            self.found = PrintableText.make(found, limit: 80)
        }

        /// The whole message on one line.
        public var description: String {
            "its note in refs/notes/update is no update's: expected \(expected), "
                + "found \"\(found)\""
        }
    }

    /// The most that a note may hold.
    ///
    /// Unit: bytes.
    static let maximumLength = 4_096
    /// The longest name of a person.
    ///
    /// Unit: bytes.
    static let maximumPerson = 200

    /// Reads a note strictly.
    ///
    /// - Throws: ``Refusal`` with the first thing that is wrong.
    public init(parsing bytes: [UInt8]) throws(Refusal) {
        guard bytes.count <= Self.maximumLength else {
            throw Refusal("at most \(Self.maximumLength) bytes", found: "\(bytes.count)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Refusal("UTF-8", found: String(decoding: bytes, as: UTF8.self))
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        // Git ends a note with a line feed, and its format adds another.
        while lines.last?.isEmpty == true { lines.removeLast() }
        let first = try Self.value(of: "Updated-On", in: lines.popFirst())
        guard let time = RFC3339.parse(first) else {
            throw Refusal("a time such as 2026-11-23T14:03:21Z", found: first)
        }
        let person = try Self.value(of: "Updated-By", in: lines.popFirst())
        guard !person.allSatisfy(\.isWhitespace), person.utf8.count <= Self.maximumPerson,
            person.unicodeScalars.allSatisfy(PrintableText.isPrintable)
        else {
            throw Refusal("a name of at most \(Self.maximumPerson) bytes", found: person)
        }
        if let line = lines.first(where: { !Self.isTrailer($0) }) {
            throw Refusal("a line \"Key: value\"", found: line)
        }
        self.time = time
        self.person = String(person)
    }

    private static func value(
        of key: String, in line: Substring?
    ) throws(Refusal) -> Substring {
        guard let line, line.hasPrefix("\(key): ") else {
            throw Refusal("a line \"\(key): ...\"", found: line ?? "")
        }
        return line.dropFirst(key.count + 2)
    }

    private static func isTrailer(_ line: Substring) -> Bool {
        let key = line.prefix { $0.isASCII && ($0.isLetter || $0 == "-") }
        return !key.isEmpty && line[key.endIndex...].hasPrefix(": ")
            && line.unicodeScalars.allSatisfy(PrintableText.isPrintable)
    }
}

/// Times as people and programs exchange them.
enum RFC3339 {
    /// `2026-11-23T14:03:21Z`, with a fraction or an offset where written; `nil` for all else.
    ///
    /// Only years from 1970; a leap second counts as the second after it.
    /// Source: RFC 3339, section 5.6.
    static func parse(_ text: some StringProtocol) -> WallTime? {
        let bytes = Array(text.utf8)
        let form = Array("dddd-dd-ddTdd:dd:dd".utf8)
        guard bytes.count > form.count, bytes.count <= 40 else { return nil }
        for (byte, expected) in zip(bytes, form) {
            guard expected == UInt8(ascii: "d") ? digit(byte) != nil : byte == expected else {
                return nil
            }
        }
        func number(_ range: Range<Int>) -> Int {
            bytes[range].reduce(0) { $0 * 10 + (digit($1) ?? 0) }
        }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard year >= 1970, (1...12).contains(month), (1...days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var rest = bytes[form.count...]
        var milliseconds = 0
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix { digit($0) != nil }
            guard !fraction.isEmpty else { return nil }
            let padded = (Array(fraction) + Array("00".utf8)).prefix(3)
            milliseconds = padded.reduce(0) { $0 * 10 + (digit($1) ?? 0) }
            rest = rest[fraction.endIndex...]
        }
        guard let offset = offset(Array(rest)) else { return nil }
        let dayCount = daysSince1970(year: year, month: month, day: day)
        let seconds = dayCount * 86_400 + hour * 3_600 + minute * 60 + second - offset
        guard seconds >= 0 else { return nil }
        return WallTime(milliseconds: UInt64(seconds * 1_000 + milliseconds))
    }

    /// Seconds east of Greenwich.
    private static func offset(_ bytes: [UInt8]) -> Int? {
        if bytes == [UInt8(ascii: "Z")] { return 0 }
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
            let sign = [UInt8(ascii: "+"): 1, UInt8(ascii: "-"): -1][bytes[0]],
            let h1 = digit(bytes[1]), let h2 = digit(bytes[2]),
            let m1 = digit(bytes[4]), let m2 = digit(bytes[5])
        else { return nil }
        let (hours, minutes) = (h1 * 10 + h2, m1 * 10 + m2)
        guard hours < 24, minutes < 60 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            ? Int(byte - UInt8(ascii: "0")) : nil
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let before = year - 1
        let leapDays = before / 4 - before / 100 + before / 400 - 477
        let months = (1..<month).reduce(0) { $0 + days(in: $1, of: year) }
        return (year - 1970) * 365 + leapDays + months + day - 1
    }
}
