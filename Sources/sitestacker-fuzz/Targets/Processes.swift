// SPDX-License-Identifier: Apache-2.0
import CacheTargets

extension FuzzTarget {
    /// What PHP-FPM answers.
    static let processes: [FuzzTarget] = [
        FuzzTarget(name: "fastcgi-record", shape: .bytes, check: record),
        FuzzTarget(name: "fastcgi-reply", shape: .bytes, check: reply),
        FuzzTarget(
            name: "clear-reply",
            shape: .text(["\n", " ", "%", "%0", "%1B", "-1", "missing", "end 1\n", "opcode."])
        ) { input throws(Flaw) in
            try attempt { try ClearReply.decode(input) } == nil ? .refused : .accepted
        },
    ]

    private static func record(_ input: [UInt8]) throws(Flaw) -> Verdict {
        switch FastCGIRecord.decode(input[...]) {
        case .incomplete(let missing):
            guard missing > 0 else { throw Flaw(description: "incomplete, but \(missing) missing") }
            return .refused
        case .malformed:
            return .refused
        case .record(let record, let consumed):
            guard (FastCGIRecord.headerLength...input.count).contains(consumed) else {
                throw Flaw(description: "\(consumed) of \(input.count) bytes consumed")
            }
            let bytes = record.encoded()
            try expect(
                FastCGIRecord.decode(bytes[...]), .record(record, consumed: bytes.count),
                "the record")
            return .accepted
        }
    }

    /// Law: what is read does not depend on how the stream was cut into pieces.
    private static func reply(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let whole = outcome(of: [input[...]])
        let middle = input.count / 2
        let pieces = outcome(of: [input[..<middle], input[middle...]])
        if case .failure(.trailing) = whole { return .refused }
        try expect(pieces, whole, "the same of two pieces")
        switch whole {
        case .success(let reply): return reply == nil ? .refused : .accepted
        case .failure(let refusal):
            try checkWords("\(refusal)")
            return .refused
        }
    }

    private static func outcome(
        of pieces: [ArraySlice<UInt8>]
    ) -> Result<FastCGIReply?, FastCGIReplyReader.Refusal> {
        var reader = FastCGIReplyReader(requestID: 1, limit: 1 << 20)
        do throws(FastCGIReplyReader.Refusal) {
            for piece in pieces {
                if let reply = try reader.take(piece) { return .success(reply) }
            }
            return .success(nil)
        } catch {
            return .failure(error)
        }
    }
}
