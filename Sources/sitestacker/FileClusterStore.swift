// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import ClusterSigning
internal import NodeConfiguration
internal import NodeRuntime
internal import WireFormat

/// The cluster an installation belongs to, in its state folder.
struct FileClusterStore: ClusterStore {
    let state: SiteState

    func clusterPin() throws -> ClusterPin? {
        try state.decoded(.clusterPin) { try ClusterPinFile.decode($0) }
    }

    func pin(_ pin: ClusterPin) throws { try state.write(.clusterPin, ClusterPinFile.encode(pin)) }

    func joinedUser() throws -> String? {
        try state.read(.joinedAs).map { String(decoding: $0, as: UTF8.self) }
    }

    func join(as user: String) throws { try state.write(.joinedAs, Array(user.utf8)) }

    func bootstrapRecords() throws -> [SealedRecord] {
        try state.decoded(.records) { try RecordFile.decode($0) } ?? []
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

extension SiteState {
    /// What a file says; `nil` where it is missing.
    ///
    /// - Throws: `ConfigurationError`: what ``read(_:)`` throws, and `invalid` where the file is
    ///   damaged, or of a version that this one does not read; it stays as it is.
    func decoded<Value>(_ file: File, _ decode: ([UInt8]) throws -> Value) throws -> Value? {
        guard let bytes = try read(file) else { return nil }
        do {
            return try decode(bytes)
        } catch let error as WireError {
            throw unusable(file, expected: error.expected, found: error.found)
        } catch let error as CryptographyError {
            throw unusable(file, expected: error.expected, found: error.found)
        }
    }

    private func unusable(_ file: File, expected: String, found: String) -> ConfigurationError {
        ConfigurationError(
            code: .invalid, operation: "read the installation's state",
            findings: [
                Finding(
                    file: "\(folder)/\(file.rawValue)", expected: expected, found: found,
                    hint: "restore it from a backup; or move \(folder) away and log this server "
                        + "in again, as a new node")
            ])
    }
}

/// The mark of a logout is there and cannot be read.
private struct DamagedLogout: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "\(path) marks a logout and is damaged: expected 8 bytes; log in again"
    }
}
