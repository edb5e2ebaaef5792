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

private struct MemoryFixture: EventLogFixture {
    let storage = InMemoryStorage()
    func open() async throws -> any EventLog { InMemoryEventLog(storage: storage) }
}

@Suite("Laws of the event log") struct ConformanceTests {
    @Test("The SQLite log obeys", arguments: EventLogConformance.laws)
    func onDisk(_ law: EventLogLaw) async throws {
        let directory = try TemporaryDirectory()
        try await law.check(directory)
        withExtendedLifetime(directory) {}
    }

    @Test("The twin in memory obeys", arguments: EventLogConformance.laws)
    func inMemory(_ law: EventLogLaw) async throws {
        try await law.check(MemoryFixture())
    }
}
