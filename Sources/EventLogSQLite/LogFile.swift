// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Foundation
internal import GRDB
internal import Glibc
internal import NodeRuntime

/// The open file of a log and the lock that keeps a second daemon away.
///
/// The lock is flock(2) on a file of its own: SQLite's record locks belong to the process and go
/// with any descriptor of the database that is closed.
final class LogFile: Sendable {
    /// One writing connection and a few reading ones.
    let pool: DatabasePool
    /// Path of the tables' file.
    let path: String
    private let lock: LockFile

    /// Opens or makes the log in a directory, and makes the directory where it is missing.
    ///
    /// - Throws: `.busy`, `.schemaTooNew`, `.corrupt`, `.diskFull`, `.inputOutput`.
    init(directory: String, checkLimit: Int) throws(EventLogError) {
        let path = directory + "/events.sqlite"
        self.path = path
        try Self.makeDirectory(directory)
        let lock = try LockFile(path: directory + "/events.lock")
        self.lock = lock
        try Self.prepare(path, in: directory)
        pool = try translating("open \(path)") {
            let pool = try DatabasePool(path: path, configuration: Self.configuration)
            try pool.writeWithoutTransaction { database in
                try Self.check(database, checkLimit: checkLimit)
                try LogSchema.establish(in: database)
                // The library sets NORMAL for write-ahead logs, which may lose what was committed.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
                try database.execute(sql: "PRAGMA journal_size_limit = \(16 << 20)")
            }
            return pool
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "event log"
        configuration.maximumReaderCount = 3
        configuration.foreignKeysEnabled = false
        // Other processes only look; a checkpoint that waits for readers is the only one to meet.
        configuration.busyMode = .timeout(0.25)
        configuration.prepareDatabase { database in
            // Unit of the negative value: KiB.
            try database.execute(sql: "PRAGMA cache_size = -1024")
        }
        return configuration
    }

    /// Looks for damage, in files that are small enough to do so at each start.
    private static func check(_ database: Database, checkLimit: Int) throws {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        let pageSize = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
        guard pages * pageSize <= checkLimit else { return }
        let found = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "nothing"
        guard found == "ok" else {
            throw EventLogError(code: .corrupt, operation: "check the event log", detail: found)
        }
    }

    private static func makeDirectory(_ directory: String) throws(EventLogError) {
        guard mkdir(directory, 0o700) != 0, errno != EEXIST else { return }
        throw .lastSystemError("make the directory \(directory)")
    }

    /// Makes the file for its owner only, before SQLite can make it for everybody.
    ///
    /// Its journals take their mode from it.
    private static func prepare(_ path: String, in directory: String) throws(EventLogError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .lastSystemError("open \(path)") }
        defer { Glibc.close(descriptor) }
        try LogSchema.checkHeader(ofDescriptor: descriptor, path: path)
        guard fchmod(descriptor, 0o600) == 0 else { throw .lastSystemError("protect \(path)") }
        // SQLite takes an empty file for a new one and would throw the journal away.
        if byteCount(of: path) == 0, byteCount(of: path + "-wal") > 0 {
            throw EventLogError(
                code: .corrupt, operation: "open \(path)",
                detail: "the file is empty, but its write-ahead log is not")
        }
        let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw .lastSystemError("open \(directory)") }
        defer { Glibc.close(parent) }
        guard fsync(parent) == 0 else { throw .lastSystemError("sync \(directory)") }
    }

    /// Size of the write-ahead log.
    var writeAheadByteCount: Int { Self.byteCount(of: path + "-wal") }
    /// Size of both files.
    var byteCount: Int { Self.byteCount(of: path) + writeAheadByteCount }

    /// Size of a file; 0 where there is none.
    private static func byteCount(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// What the writer has to remember.
    func writerMemory() throws(EventLogError) -> WriterMemory {
        try translating("read \(path)") {
            try pool.read { database in
                let rows = try Row.fetchAll(database, sql: "SELECT * FROM epoch")
                let epochs = try rows.map { try EpochRow($0) }
                let position = try LogReader.lastPosition(in: database)
                return WriterMemory(
                    epochs: Dictionary(epochs.map { ($0.log, $0) }, uniquingKeysWith: { $1 }),
                    nextEpochID: (epochs.map(\.id).max() ?? 0) + 1, nextPosition: position + 1)
            }
        }
    }

    /// Writes everything into one file, closes it and unlocks it.
    ///
    /// A failure loses nothing: the next start finds in the write-ahead log what is not yet moved.
    func close() {
        for step in [moveAll, pool.close] {
            do { try step() } catch { pool.interrupt() }
        }
        lock.release()
    }

    private func moveAll() throws {
        try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    }
}
