// SPDX-License-Identifier: Apache-2.0

/// Numbers that look random and come from a seed, so that a run can be repeated.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021):
/// xoshiro256**, filled by SplitMix64. Not for secrets.
public struct SimulationRandom: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64)

    /// Starts from a seed.
    public init(seed: UInt64) {
        var state = seed
        func fill() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
        words = (fill(), fill(), fill(), fill())
    }

    /// The next number.
    public mutating func next() -> UInt64 {
        let product = words.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = words.1 << 17
        words.2 ^= words.0
        words.3 ^= words.1
        words.1 ^= words.2
        words.0 ^= words.3
        words.2 ^= shifted
        words.3 = words.3 << 45 | words.3 >> 19
        return result
    }

    /// A number below a limit; 0 where the limit is 0.
    public mutating func below(_ limit: Int) -> Int {
        limit > 0 ? Int(next() % UInt64(limit)) : 0
    }

    /// A number of a range.
    public mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.count)
    }

    /// Whether something that happens so often in a thousand happens now.
    public mutating func chance(perMille: Int) -> Bool { below(1_000) < perMille }

    /// One of several; `nil` of none.
    public mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }

    /// A span of virtual time between two others.
    mutating func span(_ low: VirtualTime, _ high: VirtualTime) -> VirtualTime {
        low + (high > low ? next() % (high - low) : 0)
    }

    /// So many bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 8)
        while result.count < count {
            let word = next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return Array(result.prefix(count))
    }
}
