// SPDX-License-Identifier: Apache-2.0

/// What the clear script answered, decoded strictly.
///
/// Law: an unknown, missing or repeated key, a value of another shape, and anything before the
/// first or after the last line are refused: what answers so is not our script.
package struct ClearReply: Sendable, Equatable {
    /// What the script found of one cache.
    enum Part<Counters: Sendable & Equatable>: Sendable, Equatable {
        /// The counters before and after, and the numbers of the result.
        case active(before: Counters, after: Counters, result: [Int])
        /// There is none, in the script's word for why.
        case absent(String)
    }

    /// Why bytes are not a reply.
    package struct Refusal: Error, Sendable, Equatable {
        let reason: String
    }

    /// Unit: bytes.
    static let maximumLength = 8 * 1_024
    private static let opening = "sitestacker-clear 1"

    let version: String
    let parent: Int
    let namespace: String
    let realpathSeconds: Int
    let fileCache: String
    let opcode: Part<OpcodeCounters>
    let user: Part<UserCounters>

    package static func decode(_ bytes: [UInt8]) throws(Refusal) -> ClearReply {
        guard bytes.count <= maximumLength else { throw Refusal(reason: "too long") }
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
        guard lines.popFirst().map({ $0.elementsEqual(opening.utf8) }) == true else {
            throw Refusal(reason: "does not begin with \(opening)")
        }
        guard lines.popLast()?.isEmpty == true, lines.popLast()?.elementsEqual("end 1".utf8) == true
        else { throw Refusal(reason: "does not end with its last line") }
        var fields = Fields()
        for line in lines { try fields.add(line) }
        let reply = try ClearReply(&fields)
        try fields.finish()
        return reply
    }

    private init(_ fields: inout Fields) throws(Refusal) {
        version = try fields.text("php")
        parent = try fields.numbers("parent", count: 1)[0]
        namespace = try fields.text("namespace")
        realpathSeconds = try fields.numbers("realpath", count: 1)[0]
        fileCache = try fields.text("filecache")
        opcode = try Self.part("opcode", &fields, results: 3, counters: 8) { OpcodeCounters($0) }
        user = try Self.part("user", &fields, results: 3, counters: 6) { UserCounters($0) }
    }

    /// Reads one cache: counters before and after, or one and the same word for why not.
    private static func part<Counters>(
        _ name: String, _ fields: inout Fields, results: Int, counters: Int,
        make: ([Int]) -> Counters
    ) throws(Refusal) -> Part<Counters> {
        let result = try fields.numbers("\(name).result", count: results)
        if let word = fields.absence("\(name).before") {
            guard try fields.text("\(name).after") == word else {
                throw Refusal(reason: "\(name) came into being in between")
            }
            return .absent(word)
        }
        return .active(
            before: make(try fields.numbers("\(name).before", count: counters)),
            after: make(try fields.numbers("\(name).after", count: counters)), result: result)
    }
}

/// The lines of a reply, each of which must be taken exactly once.
private struct Fields {
    private var values: [String: String] = [:]

    mutating func add(_ line: ArraySlice<UInt8>) throws(ClearReply.Refusal) {
        let text = String(decoding: line, as: UTF8.self)
        guard let space = text.firstIndex(of: " ") else {
            throw ClearReply.Refusal(reason: "a line without a value")
        }
        let key = String(text[..<space])
        guard values.updateValue(String(text[text.index(after: space)...]), forKey: key) == nil
        else { throw ClearReply.Refusal(reason: "\(key) comes twice") }
    }

    mutating func text(_ key: String) throws(ClearReply.Refusal) -> String {
        let encoded = Array(try take(key).utf8)
        var bytes: [UInt8] = []
        var position = 0
        while position < encoded.count {
            guard encoded[position] == 0x25 else {
                bytes.append(encoded[position])
                position += 1
                continue
            }
            let digits = encoded[(position + 1)...].prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
                let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw ClearReply.Refusal(reason: "\(key) is badly escaped") }
            bytes.append(byte)
            position += 3
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Numbers which are not negative, exactly `count` of them.
    mutating func numbers(_ key: String, count: Int) throws(ClearReply.Refusal) -> [Int] {
        let words = try take(key).split(separator: " ", omittingEmptySubsequences: false)
        let numbers = words.compactMap { Int($0) }.filter { $0 >= 0 }
        guard numbers.count == count, words.count == count else {
            throw ClearReply.Refusal(reason: "\(key) is not \(count) numbers")
        }
        return numbers
    }

    /// Takes the value if it is a word for why a cache is absent.
    mutating func absence(_ key: String) -> String? {
        guard let word = values[key],
            ["missing", "disabled", "restricted", "file-only"].contains(word)
        else { return nil }
        values.removeValue(forKey: key)
        return word
    }

    func finish() throws(ClearReply.Refusal) {
        guard values.isEmpty else {
            throw ClearReply.Refusal(
                reason: "unknown keys: \(values.keys.sorted().joined(separator: " "))")
        }
    }

    private mutating func take(_ key: String) throws(ClearReply.Refusal) -> String {
        guard let value = values.removeValue(forKey: key) else {
            throw ClearReply.Refusal(reason: "\(key) is missing")
        }
        return value
    }
}

extension OpcodeCounters {
    /// Takes the eight numbers in the script's order.
    fileprivate init(_ numbers: [Int]) {
        self.init(
            scripts: numbers[0], startTime: numbers[1], lastRestartTime: numbers[2],
            manualRestarts: numbers[3], fullRestarts: numbers[4],
            isRestartPending: numbers[5] != 0, hits: numbers[6], misses: numbers[7])
    }
}

extension UserCounters {
    /// Takes the six numbers in the script's order.
    fileprivate init(_ numbers: [Int]) {
        self.init(
            entries: numbers[0], startTime: numbers[1], hits: numbers[2], misses: numbers[3],
            inserts: numbers[4], memory: numbers[5])
    }
}
