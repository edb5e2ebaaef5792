// SPDX-License-Identifier: Apache-2.0

/// The header frame of a request or reply: magic (8), ID (16), verb or status (1), zeros (7).
struct Envelope {
    static let byteCount = 32

    let id: RequestID
    let word: UInt8

    static func header(_ magic: StaticString, id: RequestID, word: UInt8) -> [UInt8] {
        var writer = ByteWriter(capacity: byteCount)
        writer.write(magic.bytes)
        writer.write(id.high)
        writer.write(id.low)
        writer.write(word)
        writer.writeZeros(7)
        return writer.bytes
    }

    /// Reads the first two frames; `word` is not looked up yet.
    init(
        _ frames: [[UInt8]], _ magic: StaticString, _ operation: String
    ) throws(WireError) {
        guard frames.count >= 3 else {
            throw WireError(
                .wrongCount, operation, expected: "at least 3 frames", found: "\(frames.count)")
        }
        guard frames[0].isEmpty else {
            throw .length("\(operation) delimiter", 0, found: frames[0].count)
        }
        guard frames[1].count == Self.byteCount else {
            throw .length("\(operation) header", Self.byteCount, found: frames[1].count)
        }
        var reader = ByteReader(frames[1], operation)
        try reader.readMagic(magic)
        id = RequestID(high: try reader.read(), low: try reader.read())
        word = try reader.read()
        try reader.readZeros(7, "reserved")
    }
}
