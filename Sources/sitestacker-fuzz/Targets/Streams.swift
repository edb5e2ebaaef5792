// SPDX-License-Identifier: Apache-2.0
import AdminHTTP
import Foundation
import HTTPTransport

extension FuzzTarget {
    /// What comes over HTTP, from strangers too.
    static let streams: [FuzzTarget] = [
        FuzzTarget(
            name: "json-body",
            shape: .text([
                "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u0000", "\\ud83d", "\\ude00", "\"a\":",
                "true", "null", "-", "0", "1e308", "1e-999", ".", "\u{FEFF}", "\u{0}", " ",
            ]),
            check: json),
        FuzzTarget(name: "http-lines", shape: .text(["\n", "\r\n", "\n\n", "{}"]), check: lines),
    ]

    /// Law: what is let through is JSON for the decoder behind it as well.
    private static func json(_ input: [UInt8]) throws(Flaw) -> Verdict {
        guard try attempt({ try StrictJSON.check(input) }) != nil else { return .refused }
        _ = try again {
            try JSONSerialization.jsonObject(with: Data(input), options: .fragmentsAllowed)
        }
        return .accepted
    }

    /// Laws: what is read does not depend on how the stream was cut; no line is empty, has a line
    /// end in it or is longer than the limit.
    private static func lines(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let whole = split([input[...]])
        let middle = input.count / 2
        try expect(split([input[..<middle], input[middle...]]), whole, "the same of two pieces")
        guard let whole else { return .refused }
        guard whole.allSatisfy({ (1...lineLimit).contains($0.count) && !$0.contains(0x0A) }) else {
            throw Flaw(description: "no lines: \(whole)")
        }
        return .accepted
    }

    /// Unit: bytes.
    private static let lineLimit = 64

    /// The lines; `nil` where one is too long.
    private static func split(_ pieces: [ArraySlice<UInt8>]) -> [[UInt8]]? {
        var splitter = LineSplitter(limit: lineLimit)
        var lines: [[UInt8]] = []
        do throws(LineSplitter.TooLong) {
            for piece in pieces {
                splitter.take(piece)
                while let line = try splitter.next() { lines.append(line) }
            }
        } catch {
            return nil
        }
        if let rest = splitter.takeRest() { lines.append(rest) }
        return lines
    }
}
