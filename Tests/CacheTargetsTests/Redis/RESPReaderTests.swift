// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import Testing

@Suite("Redis' protocol")
struct RESPReaderTests {
    private static let values: [RESPValue] = [
        .simple(Array("OK".utf8)), .simple([]), .error(Array("ERR no".utf8)), .integer(0),
        .integer(.max), .integer(.min), .bulk(nil), .bulk([]), .bulk([0x0D, 0x0A, 0, 255]),
        .array(nil), .array([]), .array([.array([.integer(1), .bulk(nil)]), .array([])]),
    ]

    @Test("What is written is read again, however the stream is cut", arguments: [1, 2, 7, 1_000])
    func roundTrip(size: Int) throws {
        let bytes = Self.values.flatMap { $0.encoded() }
        var reader = RESPReader(limit: 1_000)
        var read: [RESPValue] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.take(bytes[start..<min(start + size, bytes.count)])
            while let value = try reader.next() { read.append(value) }
        }
        #expect(read == Self.values)
        #expect(!reader.hasRest)
    }

    @Test(
        "What is too much is refused before it arrives",
        arguments: [
            ("$101\r\n", RESPReader.Refusal.tooLarge(limit: 100)),
            ("*2\r\n$40\r\n\(String(repeating: "x", count: 40))\r\n$60\r\n", .tooLarge(limit: 100)),
            ("*200001\r\n", .tooMany), ("*9223372036854775807\r\n", .tooMany),
            ("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", .tooDeep), ("?", .type(63)),
            (":01\r\n", .number), (":-0\r\n", .number), (":\r\n", .number), ("*-2\r\n", .number),
            ("+a\rb\r\n", .line), ("$1\r\nab\r\n", .ending),
        ])
    func refused(text: String, refusal: RESPReader.Refusal) {
        var reader = RESPReader(limit: 100)
        reader.take(Array(text.utf8)[...])
        #expect(throws: refusal) { try reader.next() }
    }

    @Test("The bounds hold for each reply anew")
    func anew() throws {
        var reader = RESPReader(limit: 20)
        for _ in 0..<100 {
            reader.take(Array("$10\r\n0123456789\r\n".utf8)[...])
            #expect(try reader.next() == .bulk(Array("0123456789".utf8)))
        }
    }
}
