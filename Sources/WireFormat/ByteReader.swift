// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Reads fixed-width fields, most significant byte first, and never past the end.
public struct ByteReader: Sendable {
    private let bytes: [UInt8]
    private let operation: String
    private var offset = 0

    /// Starts at the first byte; `operation` names the thing in errors.
    public init(_ bytes: [UInt8], _ operation: String) {
        self.bytes = bytes
        self.operation = operation
    }

    /// How many bytes have not been read.
    public var remaining: Int { bytes.count - offset }

    /// Reads an unsigned number of a width.
    ///
    /// - Throws: ``WireError`` with `wrongLength` where too few bytes are left.
    public mutating func read<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self
    ) throws(WireError) -> Number {
        let end = try advance(Number.bitWidth / 8)
        var number: Number = 0
        for position in end.start..<end.end {
            number = (number << 8) | Number(truncatingIfNeeded: bytes[position])
        }
        return number
    }

    /// Reads the thirty-two bytes of an identifier.
    ///
    /// - Throws: ``WireError`` with `wrongLength` where too few bytes are left.
    public mutating func read<Name: Identifier32>(
        _ type: Name.Type = Name.self
    ) throws(WireError) -> Name {
        let span = try advance(32)
        guard let name = Name(bytes: bytes[span.start..<span.end]) else {
            throw .length(operation, 32, found: span.end - span.start)
        }
        return name
    }

    /// Reads bytes as they are.
    ///
    /// - Throws: ``WireError`` with `wrongLength` where too few bytes are left.
    public mutating func read(count: Int) throws(WireError) -> ArraySlice<UInt8> {
        let span = try advance(count)
        return bytes[span.start..<span.end]
    }

    /// Reads bytes that must all be zero.
    ///
    /// - Throws: ``WireError`` with `nonZeroReserved`, or `wrongLength` where too few are left.
    public mutating func readZeros(_ count: Int, _ field: String) throws(WireError) {
        guard try read(count: count).allSatisfy({ $0 == 0 }) else {
            throw WireError(
                .nonZeroReserved, operation, expected: "\(field) of zeros", found: "other bytes")
        }
    }

    /// Reads a magic word.
    ///
    /// - Throws: ``WireError`` with `wrongMagic`, or `wrongLength` where too few bytes are left.
    public mutating func readMagic(_ magic: StaticString) throws(WireError) {
        let found = try read(count: magic.utf8CodeUnitCount)
        guard found.elementsEqual(magic.bytes) else {
            throw WireError(
                .wrongMagic, operation, expected: "\(magic)", found: Hexadecimal.encode(found))
        }
    }

    /// Makes sure that nothing is left.
    ///
    /// - Throws: ``WireError`` with `wrongLength`.
    public func finish() throws(WireError) {
        guard remaining == 0 else { throw .length(operation, offset, found: bytes.count) }
    }

    private mutating func advance(_ count: Int) throws(WireError) -> (start: Int, end: Int) {
        guard count >= 0, count <= remaining else {
            throw WireError(
                .wrongLength, operation, expected: "\(count) more bytes",
                found: "\(remaining) bytes")
        }
        defer { offset += count }
        return (offset, offset + count)
    }
}

extension StaticString {
    /// The bytes of the text.
    package var bytes: [UInt8] {
        withUTF8Buffer { [UInt8]($0) }
    }
}
