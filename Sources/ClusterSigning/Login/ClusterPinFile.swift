// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// The bytes of the file that says which cluster an installation belongs to.
///
/// Cluster ID (32 bytes), root key (32).
public enum ClusterPinFile {
    /// Length of the file.
    ///
    /// Unit: bytes.
    public static let byteCount = 64

    /// The bytes to write.
    public static func encode(_ pin: ClusterPin) -> [UInt8] { pin.cluster.bytes + pin.root.bytes }

    /// Reads what ``encode(_:)`` wrote.
    ///
    /// - Throws: ``WireError`` with `wrongLength`.
    public static func decode(_ bytes: [UInt8]) throws(WireError) -> ClusterPin {
        var reader = ByteReader(bytes, "file of the cluster")
        let pin = ClusterPin(cluster: try reader.read(), root: try reader.read())
        try reader.finish()
        return pin
    }
}
