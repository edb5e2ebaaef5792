// SPDX-License-Identifier: Apache-2.0

/// Where the site's database is, and how to log in there.
public enum DatabaseLocation: Hashable, Sendable {
    /// MySQL or MariaDB.
    case mysql(DatabaseLogin)
    /// PostgreSQL.
    case postgresql(DatabaseLogin)
    /// SQLite: a file, by its path; a relative one starts at the installation's root.
    case sqlite(path: String)
}

/// A database on a server, with the site's own credentials.
///
/// Invariant: printing, interpolating and reflecting it show no password.
public struct DatabaseLogin: Hashable, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    /// The server's name or address.
    public let host: String
    /// The server's port.
    public let port: UInt16
    /// The user to log in as; `nil` lets the server's library choose.
    public let user: String?
    /// The password; `nil` where none is asked for.
    let password: String?
    /// The name of the database.
    public let database: String

    /// Describes a login.
    public init(host: String, port: UInt16, user: String?, password: String?, database: String) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }

    /// Where, who and what, without the password.
    public var description: String { "\(user ?? "")@\(host):\(port)/\(database)" }
    /// The same.
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
