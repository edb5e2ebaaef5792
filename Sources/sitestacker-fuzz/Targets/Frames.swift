// SPDX-License-Identifier: Apache-2.0

/// A message of several frames as one input, and back.
///
/// Law: `join(split(bytes))` is split into the same frames, and every input is some list of frames.
enum Frames {
    /// Each frame is its length in three bytes, big-endian, and its bytes; the last may be short.
    static func split(_ input: some Sequence<UInt8>) -> [[UInt8]] {
        var rest = Array(input)[...]
        var frames: [[UInt8]] = []
        while rest.count >= 3 {
            let length = rest.prefix(3).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(3)
            frames.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return frames
    }

    static func join(_ frames: [[UInt8]]) -> [UInt8] {
        frames.flatMap { frame in
            [16, 8, 0].map { UInt8(truncatingIfNeeded: frame.count >> $0) } + frame
        }
    }
}
