// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CacheTargets

/// Pseudo-random numbers which are the same in every run (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

@Suite("FastCGI records, requests and replies")
struct FastCGICodecTests {
    @Test("A record survives encoding and decoding", arguments: FastCGIRecord.Kind.allCases)
    func roundTrip(kind: FastCGIRecord.Kind) throws {
        for length in [0, 1, 255, 256, FastCGIRecord.maximumContent] {
            let content = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            let record = try #require(
                FastCGIRecord(kind: kind, requestID: 0xABCD, content: content))
            let bytes = record.encoded()
            #expect(
                FastCGIRecord.decode(bytes[...]) == .record(record, consumed: bytes.count))
        }
        let tooLong = [UInt8](repeating: 0, count: FastCGIRecord.maximumContent + 1)
        #expect(FastCGIRecord(kind: kind, requestID: 1, content: tooLong) == nil)
    }

    @Test("A record cut anywhere is incomplete, and padding belongs to it")
    func prefixes() throws {
        let bytes: [UInt8] = [1, 6, 0, 1, 0, 3, 2, 0, 65, 66, 67, 0, 0]
        for count in 0..<bytes.count {
            let wanted = (count < 8 ? 8 : bytes.count) - count
            #expect(FastCGIRecord.decode(bytes[..<count]) == .incomplete(missing: wanted))
        }
        let record = try #require(
            FastCGIRecord(kind: .standardOutput, requestID: 1, content: [65, 66, 67]))
        #expect(FastCGIRecord.decode((bytes + [1])[...]) == .record(record, consumed: 13))
    }

    @Test("Another version and an unknown type are malformed at once")
    func malformed() {
        #expect(FastCGIRecord.decode([2]) == .malformed(.version(2)))
        #expect(FastCGIRecord.decode([1, 0, 0, 0, 0, 0, 0, 0]) == .malformed(.kind(0)))
        #expect(FastCGIRecord.decode([1, 12, 0, 0, 0, 0, 0, 0]) == .malformed(.kind(12)))
    }

    @Test("No bytes whatsoever trap the reader, and it never holds more than its limit")
    func fuzz() throws {
        var random = SeededGenerator(state: 4_711)
        for _ in 0..<3_000 {
            var reader = FastCGIReplyReader(requestID: 1, limit: 4_096)
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let isValid = Int.random(in: 0..<4, using: &random) > 0
                let length = Int.random(in: 0..<40, using: &random)
                let content = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                let kind: UInt8 = [3, 6, 6, 7].randomElement(using: &random) ?? 6
                bytes += isValid ? [1, kind, 0, 1, 0, UInt8(length), 0, 0] + content : content
            }
            var outcome = false
            do {
                outcome = try reader.take(bytes[...]) != nil
            } catch {
                outcome = true
            }
            #expect(outcome || bytes.count < 4_096)
        }
    }

    @Test("A reply in pieces of one byte is the reply in one piece")
    func pieces() throws {
        let head = "Status: 201 Created\r\nX: y\r\n\r\nbody"
        let output = try #require(
            FastCGIRecord(kind: .standardOutput, requestID: 7, content: Array(head.utf8)))
        let notice = try #require(
            FastCGIRecord(kind: .standardError, requestID: 7, content: Array("oh".utf8)))
        let end = try #require(
            FastCGIRecord(
                kind: .endRequest, requestID: 7, content: [UInt8](repeating: 0, count: 8)))
        let bytes = output.encoded() + notice.encoded() + end.encoded()
        var whole = FastCGIReplyReader(requestID: 7, limit: 1_000)
        let reply = try #require(try whole.take(bytes[...]))
        #expect(reply.status == 201)
        #expect(reply.body == Array("body".utf8))
        #expect(reply.errorText == "oh")
        var slow = FastCGIReplyReader(requestID: 7, limit: 1_000)
        for (index, byte) in bytes.enumerated() {
            #expect(try slow.take([byte]) == (index == bytes.count - 1 ? reply : nil))
        }
        var last = FastCGIReplyReader(requestID: 7, limit: 1_000)
        #expect(throws: FastCGIReplyReader.Refusal.trailing(2)) {
            try last.take((bytes + [1, 2])[...])
        }
        var small = FastCGIReplyReader(requestID: 7, limit: bytes.count - 1)
        #expect(throws: FastCGIReplyReader.Refusal.tooLarge(limit: bytes.count - 1)) {
            try small.take(bytes[...])
        }
    }

    @Test("A request is the bytes the specification says, and never beyond its limits")
    func request() throws {
        let long = String(repeating: "v", count: 128)
        let request = FastCGIRequest(parameters: [("A", "b"), ("C", long)], body: [9])
        let bytes = try #require(request.encoded(requestID: 3))
        let begin: [UInt8] = [1, 1, 0, 3, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        let first: [UInt8] = [1, 4, 0, 3, 0, 138, 0, 0, 1, 1, 65, 98]
        let second: [UInt8] = [1, 128, 0, 0, 128, 67] + Array(long.utf8)
        let ends: [UInt8] = [1, 4, 0, 3, 0, 0, 0, 0]
        let body: [UInt8] = [1, 5, 0, 3, 0, 1, 0, 0, 9, 1, 5, 0, 3, 0, 0, 0, 0]
        #expect(bytes == begin + first + second + ends + body)
        let huge = String(repeating: "v", count: FastCGIRequest.maximumParameters)
        let tooWide = FastCGIRequest(parameters: [("A", huge)])
        #expect(tooWide.encoded(requestID: 1) == nil)
        let tooLong = FastCGIRequest(
            parameters: [], body: [UInt8](repeating: 0, count: FastCGIRequest.maximumBody + 1))
        #expect(tooLong.encoded(requestID: 1) == nil)
    }

    @Test(
        "Addresses are read as they are written",
        arguments: [
            ("unix:/run/a.sock", "unix:/run/a.sock"), ("/run/a.sock", "unix:/run/a.sock"),
            ("tcp:127.0.0.1:9000", "tcp:127.0.0.1:9000"), ("localhost:9", "tcp:127.0.0.1:9"),
            ("[::1]:9000", "tcp:[::1]:9000"),
        ])
    func address(text: String, expected: String) throws {
        let address = try SocketAddress(text)
        #expect(address.description == expected)
        #expect(try SocketAddress(address.description) == address)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", "unix:", "unix:a.sock", "/" + String(repeating: "x", count: 107), "/a\0b",
            "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "::1:9000", ":9000",
            "tcp:[]:1",
        ])
    func badAddress(text: String) {
        let error = #expect(throws: CacheTargetError.self) { try SocketAddress(text) }
        #expect(error?.code == .invalidAddress)
    }
}
