// SPDX-License-Identifier: Apache-2.0
import EventLogSQLite
import Foundation
import NodeRuntime
import NodeRuntimeTesting
import Testing

/// A directory that goes with the value.
final class TemporaryDirectory: EventLogFixture {
    let path: String

    init() throws {
        let name = "sitestacker-log-\(UUID().uuidString)"
        path = FileManager.default.temporaryDirectory.appending(path: name).path()
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("could not remove \(path): \(error)")
        }
    }

    func open() async throws -> any EventLog { try SQLiteEventLog(directory: path) }
}

extension TemporaryDirectory {
    /// Path of the tables' file.
    var file: String { path + "/events.sqlite" }

    /// Makes a log with batches and closes it.
    func filled(batchCount: Int) async throws {
        let log = try await open()
        try await log.append(
            Sample.batches(of: Sample.log(1), count: batchCount, bodyByteCount: 2_000))
        await log.close()
    }

    /// The file's bytes.
    func contents() throws -> Data { try Data(contentsOf: URL(filePath: file)) }

    /// Puts bytes over others.
    func overwrite(at offset: Int, with bytes: [UInt8]) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: file))
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    /// Cuts the end off.
    func truncate(to size: Int) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: file))
        try handle.truncate(atOffset: UInt64(size))
        try handle.close()
    }
}

/// Waits for a condition, with a deadline.
func eventually(_ condition: @escaping @Sendable () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !condition() {
        try #require(ContinuousClock.now < deadline, "the condition never came true")
        await Task.yield()
    }
}
