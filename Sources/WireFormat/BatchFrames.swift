// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// A batch as frames: `topic | header | signature | body` on PUB, the last three in a replay.
public enum BatchFrames {
    private static let operation = "batch frames"

    /// The four frames to publish.
    public static func encode(_ batch: VerifiedBatch) -> [[UInt8]] {
        [WireTopic(of: batch).frame] + parts(batch.sealed)
    }

    /// The three frames of a batch in a replay.
    public static func parts(_ batch: SealedBatch) -> [[UInt8]] {
        [batch.header, batch.signature, batch.body]
    }

    /// Reads four frames from a SUB socket; only their number and lengths are checked.
    ///
    /// - Throws: ``WireError`` with `wrongCount`, `unknownWord`, `wrongLength` or `aboveLimit`.
    public static func decode(
        _ frames: [[UInt8]]
    ) throws(WireError) -> (topic: WireTopic, batch: SealedBatch) {
        guard frames.count == 4 else {
            throw WireError(
                .wrongCount, operation, expected: "4 frames", found: "\(frames.count)")
        }
        let topic = try WireTopic(frame: frames[0])
        guard topic != .head else {
            throw WireError(
                .unknownWord, operation, expected: "a topic of batches", found: "H")
        }
        let batch = SealedBatch(header: frames[1], signature: frames[2], body: frames[3])
        try checkLengths(batch)
        return (topic, batch)
    }

    /// Reads the frames of a replay, three a batch.
    ///
    /// - Throws: ``WireError`` with `wrongCount`, `wrongLength` or `aboveLimit`.
    public static func decodeParts(
        _ frames: ArraySlice<[UInt8]>
    ) throws(WireError) -> [SealedBatch] {
        guard frames.count.isMultiple(of: 3), frames.count / 3 <= WireLimits.batchesInReply else {
            throw WireError(
                .wrongCount, operation,
                expected: "three frames for each of at most \(WireLimits.batchesInReply) batches",
                found: "\(frames.count)")
        }
        var batches: [SealedBatch] = []
        for start in stride(from: frames.startIndex, to: frames.endIndex, by: 3) {
            let batch = SealedBatch(
                header: frames[start], signature: frames[start + 1], body: frames[start + 2])
            try checkLengths(batch)
            batches.append(batch)
        }
        return batches
    }

    /// Checks the topic of a batch against its content.
    ///
    /// - Throws: ``WireError`` with `mismatch`.
    public static func check(
        _ topic: WireTopic, of batch: VerifiedBatch
    ) throws(WireError) {
        let expected = WireTopic(of: batch)
        guard topic == expected else {
            throw WireError(
                .mismatch, operation, expected: "topic \(expected)", found: "topic \(topic)")
        }
    }

    /// Checks the lengths of the three parts.
    ///
    /// - Throws: ``WireError`` with `wrongLength` or `aboveLimit`.
    public static func checkLengths(_ batch: SealedBatch) throws(WireError) {
        guard batch.header.count == WireLimits.header else {
            throw .length("batch header", WireLimits.header, found: batch.header.count)
        }
        guard batch.signature.count == WireLimits.signature else {
            throw .length("batch signature", WireLimits.signature, found: batch.signature.count)
        }
        try Bounds.check(
            count: batch.body.count, upTo: WireLimits.body, operation, "bytes of body", from: 1)
    }
}
