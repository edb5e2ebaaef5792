// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// A list of signed records as bytes: what `init` leaves for the daemon's first start.
///
/// Magic `SSTKRCF1` (8 bytes), number of records (4), then each as its length (4) and its bytes.
/// Law: reading it says nothing of the records' signatures; whoever reads verifies.
public enum RecordFile {
    private static let magic: StaticString = "SSTKRCF1"
    private static let operation = "file of records"

    /// The bytes to write.
    ///
    /// - Throws: ``WireError`` with `wrongLength`, `missing` or `aboveLimit`.
    public static func encode(_ records: [SealedRecord]) throws(WireError) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(magic.bytes)
        try RecordList.write(records, to: &writer, operation)
        return writer.bytes
    }

    /// Reads what ``encode(_:)`` wrote.
    ///
    /// - Throws: ``WireError`` for anything else.
    public static func decode(_ bytes: [UInt8]) throws(WireError) -> [SealedRecord] {
        var reader = ByteReader(bytes, operation)
        try reader.readMagic(magic)
        let records = try RecordList.read(from: &reader, operation)
        try reader.finish()
        return records
    }
}

/// Records one after the other, as files and welcomes hold them.
enum RecordList {
    static func write(
        _ records: [SealedRecord], to writer: inout ByteWriter, _ operation: String
    ) throws(WireError) {
        try check(records.count, operation)
        writer.write(UInt32(records.count))
        for record in records {
            let bytes = try RecordCodec.encodeSealed(record)
            writer.write(UInt32(bytes.count))
            writer.write(bytes)
        }
    }

    static func read(
        from reader: inout ByteReader, _ operation: String
    ) throws(WireError) -> [SealedRecord] {
        let count: UInt32 = try reader.read()
        try check(Int(count), operation)
        var records: [SealedRecord] = []
        for _ in 0..<count {
            let length: UInt32 = try reader.read()
            records.append(
                try RecordCodec.decodeSealed(Array(try reader.read(count: Int(length)))))
        }
        return records
    }

    private static func check(_ count: Int, _ operation: String) throws(WireError) {
        guard count <= WireLimits.recordsInReply else {
            throw WireError(
                .aboveLimit, operation,
                expected: "at most \(WireLimits.recordsInReply) records", found: "\(count)")
        }
    }
}
