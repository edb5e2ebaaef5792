// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Glibc

/// What the first hundred bytes of an SQLite database say.
///
/// Nothing opens it as a database: that would take locks, and in WAL mode make files beside it
/// which the site may not be able to write. So the size is that of the last checkpoint, and the
/// version is that of the SQLite which last wrote: the site's own.
/// Source: SQLite, "Database File Format", section 1.3.
package struct SQLiteHeader: Hashable, Sendable {
    /// How many bytes there are.
    package static let length = 100

    /// The SQLite that wrote last, such as `3.40.1`; `nil` where none ever said so.
    package let version: String?
    /// Pages times their size; `nil` where an old SQLite wrote last, and the file's length counts.
    package let size: UInt64?

    /// Reads a header.
    ///
    /// - Throws: `unexpected` where it is not that of a database.
    package init(parsing bytes: [UInt8]) throws(DatabaseProblem) {
        func number(at offset: Int, _ count: Int) -> UInt64 {
            bytes[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard bytes.count >= Self.length, bytes.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw Self.notADatabase(bytes.isEmpty ? "an empty file" : "something else")
        }
        let written = number(at: 16, 2)
        let pageSize = written == 1 ? 65_536 : written
        guard pageSize >= 512, pageSize & (pageSize - 1) == 0 else {
            throw Self.notADatabase("pages of \(pageSize) bytes")
        }
        let pages = number(at: 28, 4)
        let isCounted = pages > 0 && number(at: 24, 4) == number(at: 92, 4)
        size = isCounted ? pages * pageSize : nil
        let release = number(at: 96, 4)
        let isKnown = (3_000_000..<10_000_000).contains(release)
        version =
            isKnown ? "\(release / 1_000_000).\(release / 1_000 % 1_000).\(release % 1_000)" : nil
    }

    private static func notADatabase(_ found: String) -> DatabaseProblem {
        DatabaseProblem(
            .unexpected, operation: "read the database file", expected: "an SQLite database",
            found: found,
            hint: "Correct the path in database: of sitestacker.yml; encrypted files are not read.")
    }
}

/// Reads version and size of an SQLite database.
///
/// Blocks on the disk.
enum SQLiteReader {
    /// Looks into the file.
    ///
    /// - Throws: `fileUnreadable`, or `unexpected` where it is no database.
    static func read(_ path: String) throws(DatabaseProblem) -> DatabaseState {
        // Without O_NONBLOCK the open of a pipe waits for a writer.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else {
            throw unreadable(path, found: String(cString: strerror(errno)))
        }
        defer { _ = close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unreadable(path, found: "no regular file")
        }
        var bytes = [UInt8](repeating: 0, count: SQLiteHeader.length)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count >= 0 else { throw unreadable(path, found: String(cString: strerror(errno))) }
        let header = try SQLiteHeader(parsing: Array(bytes.prefix(count)))
        return DatabaseState(
            version: header.version.map { "SQLite \($0)" } ?? "SQLite 3",
            sizeBytes: header.size ?? UInt64(clamping: status.st_size))
    }

    private static func unreadable(_ path: String, found: String) -> DatabaseProblem {
        DatabaseProblem(
            .fileUnreadable, operation: "read the database file",
            expected: "a file at \(path)", found: found,
            hint: "Correct the path in database: of sitestacker.yml, or who may read it.")
    }
}
