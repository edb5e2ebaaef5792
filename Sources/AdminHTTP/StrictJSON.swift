// SPDX-License-Identifier: Apache-2.0

/// Why a body is not the JSON we take.
package struct JSONFlaw: Error, Hashable {
    let expected: String
    /// Unit: bytes from the beginning.
    let offset: Int
}

/// Refuses JSON whose meaning depends on who reads it.
///
/// A decoder would take the first or the last of two equal keys, replace half a surrogate pair,
/// and recurse as deep as it is told to; this pass runs before it and uses no recursion.
///
/// Limit: depth 16, 64 keys an object. Source: RFC 8259; RFC 8785, section 3.1.
package struct StrictJSON {
    static let depthLimit = 16
    static let keyLimit = 64

    private let bytes: [UInt8]
    private var position = 0
    /// The keys of each open object; `nil` for an open array.
    private var open: [Set<[UInt8]>?] = []

    /// Checks a whole body.
    ///
    /// - Throws: ``JSONFlaw`` at the first thing that is wrong.
    package static func check(_ bytes: [UInt8]) throws(JSONFlaw) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw JSONFlaw(expected: "UTF-8", offset: 0)
        }
        var checker = StrictJSON(bytes: bytes)
        try checker.checkDocument()
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func checkDocument() throws(JSONFlaw) {
        try value()
        while !open.isEmpty {
            skipSpace()
            switch next() {
            case UInt8(ascii: ","):
                if open.last == .some(nil) { try value() } else { try member() }
            case UInt8(ascii: "}") where open.last != .some(nil): open.removeLast()
            case UInt8(ascii: "]") where open.last == .some(nil): open.removeLast()
            default: throw flaw("a comma or the end of what is open")
            }
        }
        skipSpace()
        guard position == bytes.count else { throw flaw("nothing more") }
    }

    /// Reads a value; of an object or array only its beginning and its first element.
    private mutating func value() throws(JSONFlaw) {
        while true {
            skipSpace()
            switch peek() {
            case UInt8(ascii: "{"):
                position += 1
                try opened([])
                skipSpace()
                guard peek() != UInt8(ascii: "}") else { return }
                try key()
            case UInt8(ascii: "["):
                position += 1
                try opened(nil)
                skipSpace()
                guard peek() != UInt8(ascii: "]") else { return }
            case UInt8(ascii: "\""):
                _ = try string()
                return
            case let byte? where byte == UInt8(ascii: "-") || isDigit(byte):
                return try number()
            default:
                return try word()
            }
        }
    }

    private mutating func opened(_ keys: Set<[UInt8]>?) throws(JSONFlaw) {
        guard open.count < Self.depthLimit else {
            throw flaw("at most \(Self.depthLimit) levels")
        }
        open.append(keys)
    }

    private mutating func member() throws(JSONFlaw) {
        skipSpace()
        try key()
        try value()
    }

    private mutating func key() throws(JSONFlaw) {
        let name = try string()
        guard var keys = open.removeLast() else { throw flaw("a value") }
        guard keys.insert(name).inserted else { throw flaw("each key once") }
        guard keys.count <= Self.keyLimit else { throw flaw("at most \(Self.keyLimit) keys") }
        open.append(keys)
        skipSpace()
        guard next() == UInt8(ascii: ":") else { throw flaw("a colon") }
    }

    /// Reads a string and returns its content in UTF-8, escapes resolved.
    private mutating func string() throws(JSONFlaw) -> [UInt8] {
        guard next() == UInt8(ascii: "\"") else { throw flaw("a string") }
        var content: [UInt8] = []
        while let byte = next() {
            switch byte {
            case UInt8(ascii: "\""): return content
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw flaw("no control character in a string")
            default: content.append(byte)
            }
        }
        throw flaw("the end of a string")
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONFlaw) {
        let plain: [UInt8: UInt8] = [
            0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9,
        ]
        guard let byte = next() else { throw flaw("an escape") }
        if let character = plain[byte] { return content.append(character) }
        guard byte == UInt8(ascii: "u") else { throw flaw("an escape") }
        var code = UInt32(try unit())
        if (0xD800..<0xDC00).contains(code) {
            guard next() == UInt8(ascii: "\\"), next() == UInt8(ascii: "u") else {
                throw flaw("the second half of a surrogate pair")
            }
            let low = UInt32(try unit())
            guard (0xDC00..<0xE000).contains(low) else {
                throw flaw("the second half of a surrogate pair")
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw flaw("a whole surrogate pair") }
        content.append(contentsOf: Array(String(scalar).utf8))
    }

    private mutating func unit() throws(JSONFlaw) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        let text = String(decoding: digits, as: UTF8.self)
        guard digits.count == 4, text.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt16(text, radix: 16)
        else { throw flaw("four hexadecimal digits") }
        position += 4
        return value
    }

    /// Reads a number that a double can hold.
    private mutating func number() throws(JSONFlaw) {
        let start = position
        while let byte = peek(), "+-.0123456789Ee".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        var digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        let isNegativeOnce = text.utf8.count - digits.count <= 1
        let isPadded =
            digits.first == UInt8(ascii: "0") && digits.dropFirst().first.map(isDigit) == true
        digits = digits.drop(while: isDigit)
        if digits.first == UInt8(ascii: ".") {
            let fraction = digits.dropFirst()
            digits = fraction.drop(while: isDigit)
            guard digits.count < fraction.count else { throw flaw("a number") }
        }
        guard isNegativeOnce, !isPadded, text.utf8.last.map(isDigit) == true,
            digits.isEmpty || "eE".utf8.contains(digits.first ?? 0),
            let value = Double(text), value.isFinite
        else { throw flaw("a number") }
    }

    private mutating func word() throws(JSONFlaw) {
        for word in ["true", "false", "null"] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return
        }
        throw flaw("a value")
    }

    private mutating func skipSpace() {
        while let byte = peek(), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func next() -> UInt8? {
        guard let byte = peek() else { return nil }
        position += 1
        return byte
    }

    private func flaw(_ expected: String) -> JSONFlaw {
        JSONFlaw(expected: expected, offset: position)
    }
}

private func isDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte)
}
