// SPDX-License-Identifier: Apache-2.0

/// What the site's database answered, read live with the site's own credentials.
public struct DatabaseState: Hashable, Sendable {
    /// The version of its server as people write it; `nil` where it did not say.
    ///
    /// MySQL and MariaDB as they say it themselves (`5.7.17`), others with their name in front
    /// (`PostgreSQL 15.18`, `SQLite 3.40.1`).
    public let version: String?
    /// How much the site's database holds; `nil` where the server did not say.
    ///
    /// Unit: bytes.
    public let sizeBytes: UInt64?
    /// Why version or size are missing, in one line without any secret; `nil` where both are here.
    public let problem: String?

    /// Describes a database.
    public init(version: String?, sizeBytes: UInt64?, problem: String? = nil) {
        self.version = version
        self.sizeBytes = sizeBytes
        self.problem = problem
    }
}
