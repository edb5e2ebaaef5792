// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// The fixed layout of a signed batch header: 256 bytes, big endian, no optional fields.
///
/// Law: a header that decodes encodes to the same bytes, and every value in range has exactly one
/// encoding. Source: docs/specification/wire.md, "Batch header".
public enum BatchHeaderCodec {
    /// The first eight bytes: format, version and domain of the signature.
    public static let magic: StaticString = "SSTKBAT1"
    /// The flag of a batch whose origin waits until others have it on disk; there is no other.
    private static let awaited: UInt16 = 1

    /// The bytes to sign.
    ///
    /// - Throws: ``WireError`` with `outOfRange` for a value which no header may have.
    public static func encode(_ header: BatchHeader) throws(WireError) -> [UInt8] {
        try check(header)
        var writer = ByteWriter(capacity: WireLimits.header)
        writer.write(magic.bytes)
        writer.write(header.cluster)
        writer.write(header.log.origin)
        writer.write(header.log.epoch.counter)
        writer.write(header.log.epoch.nonce)
        writer.write(header.first.value)
        writer.write(UInt16(header.count))
        writer.write(header.isAwaited ? awaited : 0)
        writer.write(UInt32(header.bodyByteCount))
        writer.write(header.timestamp.raw)
        writer.writeZeros(8)
        writer.write(header.previous)
        writer.write(header.bodyHash)
        writer.write(header.grant)
        writer.write(header.policy)
        writer.writeZeros(32)
        return writer.bytes
    }

    /// Reads a header whose signature has not been checked yet; all it may be used for is to find
    /// the key which checks it.
    ///
    /// Checked in this order: length, magic, cluster, zero fields, ranges.
    /// - Throws: ``WireError`` with `wrongLength`, `wrongMagic`, `foreignCluster`,
    ///   `nonZeroReserved` or `outOfRange`.
    public static func decode(
        _ bytes: [UInt8], cluster: ClusterID? = nil
    ) throws(WireError) -> BatchHeader {
        guard bytes.count == WireLimits.header else {
            throw .length(operation, WireLimits.header, found: bytes.count)
        }
        var reader = ByteReader(bytes, operation)
        try reader.readMagic(magic)
        let found = try reader.read(ClusterID.self)
        try check(found, is: cluster, operation)
        let origin = try reader.read(NodeID.self)
        let counter = try reader.read(UInt64.self)
        let nonce = try reader.read(UInt64.self)
        let first = try reader.read(UInt64.self)
        let count = try reader.read(UInt16.self)
        let flags = try reader.read(UInt16.self)
        guard flags & ~awaited == 0 else {
            throw WireError(
                .nonZeroReserved, operation, expected: "no flag but \(awaited)",
                found: "flags \(flags)")
        }
        let bodyByteCount = try reader.read(UInt32.self)
        let timestamp = try reader.read(UInt64.self)
        try reader.readZeros(8, "not_after")
        let header = BatchHeader(
            cluster: found,
            log: EpochID(origin: origin, epoch: LogEpoch(counter: counter, nonce: nonce)),
            first: SequenceNumber(first), count: Int(count), bodyByteCount: Int(bodyByteCount),
            timestamp: HybridTimestamp(raw: timestamp), previous: try reader.read(),
            bodyHash: try reader.read(), grant: try reader.read(), policy: try reader.read(),
            isAwaited: flags == awaited)
        try reader.readZeros(32, "reserved")
        try reader.finish()
        try check(header)
        return header
    }

    private static let operation = "batch header"

    static func check(
        _ found: ClusterID, is cluster: ClusterID?, _ operation: String
    ) throws(WireError) {
        guard let cluster, found != cluster else { return }
        throw WireError(
            .foreignCluster, operation, expected: "cluster \(cluster.short)",
            found: "cluster \(found.short)")
    }

    private static func check(_ header: BatchHeader) throws(WireError) {
        try Bounds.check(header.log, operation)
        try Bounds.check(header.count, in: 1...WireLimits.eventsInBatch, operation, "count")
        try Bounds.check(
            header.bodyByteCount, in: 1...WireLimits.body, operation, "body length")
        // The last sequence number has to be one too.
        try Bounds.check(
            header.first.value, in: 1...(WireLimits.position - UInt64(header.count - 1)),
            operation, "first sequence number")
    }
}
