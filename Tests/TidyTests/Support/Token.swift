// SPDX-License-Identifier: Apache-2.0

/// One word, sign or string literal of Swift source; comments are not tokens.
struct Token: Sendable, Equatable {
    /// What stands there; for a string literal a single quotation mark.
    var text: String
    /// Counted from 1.
    var line: Int
    var isWord: Bool
    /// Whether nothing stands between it and the token before.
    var isJoined: Bool
}

extension Token {
    /// The tokens of a whole file.
    ///
    /// It knows comments (nested), string literals (raw, multi-line, with code inside) and nothing
    /// else of the language: that is enough for rules about words, and fast enough for every run.
    static func scan(_ bytes: [UInt8]) -> [Token] {
        var scanner = TokenScanner(bytes: bytes)
        scanner.scanCode(untilParenthesis: false)
        return scanner.tokens
    }

    /// The tokens of a snippet.
    static func scan(_ text: String) -> [Token] { scan(Array(text.utf8)) }
}

/// The state of one pass over a file.
private struct TokenScanner {
    let bytes: [UInt8]
    var position = 0
    var line = 1
    var tokens: [Token] = []
    /// Where the last token ended.
    private var lastEnd = -1

    init(bytes: [UInt8]) { self.bytes = bytes }

    private func byte(at offset: Int = 0) -> UInt8 {
        position + offset < bytes.count ? bytes[position + offset] : 0
    }

    private mutating func advance() {
        if byte() == Sign.lineFeed { line += 1 }
        position += 1
    }

    /// Reads up to the end, or up to the parenthesis that ends an interpolation.
    mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while position < bytes.count {
            let current = byte()
            if Self.isWordByte(current) {
                scanWord()
            } else if current == Sign.slash, byte(at: 1) == Sign.slash {
                while position < bytes.count, byte() != Sign.lineFeed { position += 1 }
            } else if current == Sign.slash, byte(at: 1) == Sign.star {
                skipBlockComment()
            } else if current == Sign.quote || isRawStringStart() {
                scanString()
            } else if current <= Sign.space {
                advance()
            } else {
                if current == Sign.open { depth += 1 }
                if current == Sign.close {
                    if untilParenthesis, depth == 0 { return position += 1 }
                    depth -= 1
                }
                append(String(UnicodeScalar(current)), from: position, isWord: false)
                position += 1
                lastEnd = position
            }
        }
    }

    private mutating func append(_ text: String, from start: Int, isWord: Bool) {
        let isJoined = start == lastEnd
        tokens.append(Token(text: text, line: line, isWord: isWord, isJoined: isJoined))
    }

    private mutating func scanWord() {
        let start = position
        while position < bytes.count, Self.isWordByte(byte()) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        append(text, from: start, isWord: true)
        lastEnd = position
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if byte() == Sign.slash, byte(at: 1) == Sign.star {
                depth += 1
                position += 2
            } else if byte() == Sign.star, byte(at: 1) == Sign.slash {
                depth -= 1
                position += 2
            } else {
                advance()
            }
        } while depth > 0 && position < bytes.count
    }

    private func isRawStringStart() -> Bool {
        guard byte() == Sign.hash else { return false }
        var offset = 1
        while byte(at: offset) == Sign.hash { offset += 1 }
        return byte(at: offset) == Sign.quote
    }

    private mutating func scanString() {
        append("\"", from: position, isWord: false)
        var hashes = 0
        while byte() == Sign.hash {
            hashes += 1
            position += 1
        }
        let quotes = startsWith(Sign.quote, times: 3) ? 3 : 1
        position += quotes
        while position < bytes.count {
            if startsWith(Sign.quote, times: quotes), hasHashes(hashes, after: quotes) {
                return position += quotes + hashes
            }
            if byte() == Sign.escape, hasHashes(hashes, after: 1) {
                position += 1 + hashes
                if byte() == Sign.open {
                    position += 1
                    scanCode(untilParenthesis: true)
                } else {
                    advance()
                }
            } else {
                advance()
            }
        }
    }

    private func startsWith(_ wanted: UInt8, times: Int) -> Bool {
        (0..<times).allSatisfy { byte(at: $0) == wanted }
    }

    private func hasHashes(_ count: Int, after offset: Int) -> Bool {
        (0..<count).allSatisfy { byte(at: offset + $0) == Sign.hash }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool { Sign.isOfWord[Int(byte)] }
}

/// The bytes that matter; constants, as a debug build computes literals anew each time.
private enum Sign {
    static let lineFeed = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let slash = UInt8(ascii: "/")
    static let star = UInt8(ascii: "*")
    static let quote = UInt8(ascii: "\"")
    static let open = UInt8(ascii: "(")
    static let close = UInt8(ascii: ")")
    static let hash = UInt8(ascii: "#")
    static let escape = UInt8(ascii: "\\")
    /// For each byte whether it belongs to a word: letters, digits, the underscore, and all
    /// beyond ASCII.
    static let isOfWord: [Bool] = (0...255).map { (byte: Int) in
        let scalar = UnicodeScalar(UInt8(byte))
        return byte >= 0x80 || scalar == "_" || ("0"..."9").contains(scalar)
            || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }
}
