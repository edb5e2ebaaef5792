// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import ClusterSigning
internal import NodeConfiguration
internal import NodeRuntime

/// The cluster an installation belongs to, in its state folder.
struct FileClusterStore: ClusterStore {
    let state: SiteState

    func clusterPin() throws -> ClusterPin? {
        guard let bytes = try state.read(.clusterPin) else { return nil }
        return try ClusterPinFile.decode(bytes)
    }

    func pin(_ pin: ClusterPin) throws { try state.write(.clusterPin, ClusterPinFile.encode(pin)) }

    func bootstrapRecords() throws -> [SealedRecord] {
        guard let bytes = try state.read(.records) else { return [] }
        return try RecordFile.decode(bytes)
    }

    func loggedOutSerial() throws -> UInt64 {
        guard let bytes = try state.read(.loggedOut) else { return 0 }
        guard bytes.count == 8 else {
            throw DamagedLogout(path: "\(state.folder)/\(SiteState.File.loggedOut.rawValue)")
        }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    func logOut(serial: UInt64) throws {
        guard serial > 0 else { return try state.remove(.loggedOut) }
        try state.write(
            .loggedOut, (0..<8).map { UInt8(truncatingIfNeeded: serial >> UInt64(56 - 8 * $0)) })
    }
}

/// The mark of a logout is there and cannot be read.
private struct DamagedLogout: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "\(path) marks a logout and is damaged: expected 8 bytes; log in again"
    }
}
