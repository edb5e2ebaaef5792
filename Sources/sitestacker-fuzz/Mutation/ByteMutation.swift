// SPDX-License-Identifier: Apache-2.0

/// A change of bytes that knows nothing of what they mean.
enum ByteMutation: CaseIterable {
    case flip
    case replace
    case insert
    case remove
    case `repeat`
    case number
    case truncate

    static func apply(to bytes: inout [UInt8], _ generator: inout Generator) {
        guard !bytes.isEmpty else {
            bytes = [generator.byte()]
            return
        }
        let start = generator.below(bytes.count)
        let end = start + 1 + generator.below(min(16, bytes.count - start))
        switch generator.pick(allCases) {
        case .flip:
            bytes[start] ^= 1 << UInt8(generator.below(8))
        case .replace:
            bytes[start] = generator.oneIn(2) ? generator.byte() : generator.pick(edges)
        case .insert:
            let count = 1 + generator.below(4)
            bytes.insert(contentsOf: (0..<count).map { _ in generator.byte() }, at: start)
        case .remove:
            bytes.removeSubrange(start..<end)
        case .repeat:
            let times = generator.oneIn(16) ? 1_000 : 1
            let copy = repeatElement(bytes[start..<end], count: times).joined()
            bytes.insert(contentsOf: copy, at: end)
        case .number:
            // Lengths and counts are what parsers trust too much.
            let number = generator.pick(numbers)
            let width = generator.pick([1, 2, 4, 8])
            for offset in 0..<width where start + offset < bytes.count {
                bytes[start + offset] = UInt8(
                    truncatingIfNeeded: number >> UInt64(8 * (width - 1 - offset)))
            }
        case .truncate:
            bytes.removeSubrange(start...)
        }
    }

    /// Bytes that end something in one format or another.
    static let edges: [UInt8] = [0, 1, 0x0A, 0x1B, 0x20, 0x7F, 0x80, 0xC0, 0xFE, 0xFF]

    /// Numbers next to where widths and limits end.
    static let numbers: [UInt64] = [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 1_024, 1_025, 0x7FFF, 0xFFFF, 0x1_0000, 262_144, 262_145,
        0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, (1 << 48) - 1, 1 << 48,
        UInt64(Int64.max), UInt64(Int64.max) + 1, .max,
    ]
}
