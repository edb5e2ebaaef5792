// SPDX-License-Identifier: Apache-2.0

/// What happened in a run, line by line, with a hash over all of it.
///
/// Two runs of one seed have equal hashes; only the last lines are kept unless all are asked for.
public struct Transcript: Sendable {
    /// Lines kept where not all are.
    ///
    /// Unit: lines. Beyond it the oldest go; the hash has them all.
    private static let tail = 400

    private let keepsAll: Bool
    private var kept: [String] = []
    private var start = 0
    /// FNV-1a over every line.
    public private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    /// How many lines there were.
    public private(set) var count = 0

    init(keepsAll: Bool) { self.keepsAll = keepsAll }

    /// The lines that were kept, in order.
    public var lines: [String] { Array(kept[start...] + kept[..<start]) }

    mutating func write(_ line: String) {
        count += 1
        for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ 10) &* 0x100_0000_01b3
        if keepsAll || kept.count < Self.tail {
            kept.append(line)
        } else {
            kept[start] = line
            start = (start + 1) % Self.tail
        }
    }
}
