// SPDX-License-Identifier: Apache-2.0
import CacheTargets

extension FuzzTarget {
    /// What Redis and Memcached answer.
    static let stores: [FuzzTarget] = [
        FuzzTarget(
            name: "redis-reply",
            shape: .text(["\r\n", "$", "*", ":", "+OK\r\n", "$-1\r\n", "*2\r\n", "0", "-1"]),
            check: redis),
        FuzzTarget(
            name: "memcached-reply",
            shape: .text(["\r\n", "\n", "key=", "%0A", "%", " exp=-1", "END\r\n", "STAT ", "7"]),
            check: memcached),
    ]

    /// Laws: what is read does not depend on how the stream was cut; values are written as they
    /// were read, because each has one encoding.
    private static func redis(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let whole = values(of: [input[...]])
        let middle = input.count / 2
        try expect(
            values(of: [input[..<middle], input[middle...]]), whole, "the same of two pieces")
        let bytes = whole.values.flatMap { $0.encoded() }
        guard input.starts(with: bytes) else {
            throw Flaw(description: "written otherwise than it was read: \(whole.values)")
        }
        if let refusal = whole.refusal { try checkWords("\(refusal)") }
        return whole.refusal == nil && !bytes.isEmpty && bytes.count == input.count
            ? .accepted : .refused
    }

    private struct Replies<Value: Equatable, Refusal: Equatable>: Equatable {
        var values: [Value] = []
        var refusal: Refusal?
    }

    private static func values(
        of pieces: [ArraySlice<UInt8>]
    ) -> Replies<RESPValue, RESPReader.Refusal> {
        var reader = RESPReader(limit: 1 << 20)
        var replies = Replies<RESPValue, RESPReader.Refusal>()
        do throws(RESPReader.Refusal) {
            for piece in pieces {
                reader.take(piece)
                while let value = try reader.next() { replies.values.append(value) }
            }
        } catch {
            replies.refusal = error
        }
        return replies
    }

    /// Laws: what is read does not depend on how the stream was cut; a key survives being written
    /// and read again.
    private static func memcached(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let whole = lines(of: [input[...]])
        let middle = input.count / 2
        try expect(
            lines(of: [input[..<middle], input[middle...]]), whole, "the same of two pieces")
        if let refusal = whole.refusal { try checkWords("\(refusal)") }
        for case .entry(let key) in whole.values {
            let line = Array("key=\(key.map(percent).joined()) exp=-1".utf8)
            let copy = try again { try MemcachedReply.decode(line[...]) }
            try expect(copy, .entry(key: key), "the key that was read")
        }
        return whole.refusal == nil && !whole.values.isEmpty && input.last == 0x0A
            ? .accepted : .refused
    }

    private static func percent(_ byte: UInt8) -> String {
        "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    private static func lines(
        of pieces: [ArraySlice<UInt8>]
    ) -> Replies<MemcachedReply, MemcachedReply.Refusal> {
        var reader = MemcachedReader()
        var replies = Replies<MemcachedReply, MemcachedReply.Refusal>()
        do throws(MemcachedReply.Refusal) {
            for piece in pieces {
                reader.take(piece)
                while let reply = try reader.next() { replies.values.append(reply) }
            }
        } catch {
            replies.refusal = error
        }
        return replies
    }
}
