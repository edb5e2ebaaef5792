// SPDX-License-Identifier: Apache-2.0
public import NodeRuntime
public import Testing

/// Where a log under test lives.
public protocol EventLogFixture: Sendable {
    /// Opens the log on what the last one left; the caller has closed that.
    func open() async throws -> any EventLog
}

/// One law of the event log's port, checked on an empty log.
public struct EventLogLaw: Sendable, CustomTestStringConvertible {
    /// The law.
    public let testDescription: String
    /// Checks it; records issues where it does not hold.
    public let check: @Sendable (any EventLogFixture) async throws -> Void

    init(
        _ testDescription: String,
        _ check: @escaping @Sendable (any EventLogFixture) async throws -> Void
    ) {
        self.testDescription = testDescription
        self.check = check
    }
}

/// The laws that every implementation of ``EventLog`` obeys.
public enum EventLogConformance {
    /// All laws, as arguments for a test.
    public static let laws: [EventLogLaw] = writing + reading + forgetting + keeping + restarting

    /// Checks that an operation fails with a code.
    static func expectFailure(
        _ code: EventLogError.Code, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws(EventLogError) -> Void
    ) async {
        do {
            try await body()
            Issue.record("expected \(code)", sourceLocation: sourceLocation)
        } catch {
            #expect(error.code == code, sourceLocation: sourceLocation)
        }
    }
}
