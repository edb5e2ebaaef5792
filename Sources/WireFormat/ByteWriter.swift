// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Appends fixed-width fields, most significant byte first.
public struct ByteWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// Starts with nothing, and room for what is expected.
    public init(capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// Appends an unsigned number in its own width.
    public mutating func write(_ number: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// Appends the thirty-two bytes of an identifier.
    public mutating func write(_ identifier: some Identifier32) {
        identifier.raw.append(to: &bytes)
    }

    /// Appends bytes as they are.
    public mutating func write(_ raw: some Sequence<UInt8>) {
        bytes.append(contentsOf: raw)
    }

    /// Appends zeros.
    public mutating func writeZeros(_ count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }
}
