// SPDX-License-Identifier: Apache-2.0
import NodeRuntime
import NodeRuntimeTesting
import Testing

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
