// SPDX-License-Identifier: Apache-2.0
public import AdminAPI
public import NodeRuntime
import Synchronization

/// What a ``FakeAdminService`` answers.
public struct AdminScript: Sendable {
    /// The answer to `identity`, `join`, `logout` and `remoteIdentity`.
    public var identity: Result<IdentityDocument, ErrorDocument>
    /// The answer to `status`.
    public var status: Result<StatusDocument, ErrorDocument>
    /// The answer to `publish`.
    public var publish: Result<PublishAnswer, ErrorDocument>
    /// The answer to `lock` and `unlock`.
    public var lock: Result<LockAnswer, ErrorDocument>
    /// The lines of `invalidate`.
    public var invalidation: [InvalidateLine] = []
    /// The lines of `subscribe`.
    public var application: [ApplicationEventDocument] = []
    /// The lines of `events`; the first one answers `event`.
    public var events: [EventDocument] = []
    /// Whether `subscribe` and `events` go on without a line after theirs.
    public var isEndless = false
    /// Whether `subscribe` gives its first line as often as anybody asks for the next.
    public var isRepeating = false
    /// What `subscribe` and `events` fail with after their lines.
    public var streamFailure: ErrorDocument?
    /// The answer to `retryParked`.
    public var retry: Result<RetryAnswer, ErrorDocument> = .success(RetryAnswer(events: 0))
    /// Whether the node is fit to serve.
    public var isReady = true

    /// A script in which everything that was not said fails with this error.
    public init(otherwise error: ErrorDocument) {
        identity = .failure(error)
        status = .failure(error)
        publish = .failure(error)
        lock = .failure(error)
    }
}

/// An installation that answers from a script and remembers what it was asked.
public final class FakeAdminService: AdminService, DoorService {
    private struct State {
        var calls: [String] = []
        var requests: [PublishRequestDocument] = []
        var invalidations: [InvalidateRequestDocument] = []
        var endedStreams = 0
        var repeatedLines = 0
    }

    private let script: AdminScript
    private let state = Mutex(State())

    /// Answers from a script.
    public init(_ script: AdminScript) {
        self.script = script
    }

    /// What it was asked, in order, with whatever a path or query said.
    public var calls: [String] { state.withLock { $0.calls } }
    /// What was to be published.
    public var requests: [PublishRequestDocument] { state.withLock { $0.requests } }
    /// What was to be cleared.
    public var invalidations: [InvalidateRequestDocument] { state.withLock { $0.invalidations } }
    /// How often a repeating line was asked for.
    public var repeatedLines: Int { state.withLock { $0.repeatedLines } }
    /// How many streams have ended, by whichever side.
    public var endedStreams: Int { state.withLock { $0.endedStreams } }

    private func note(_ call: String) {
        state.withLock { $0.calls.append(call) }
    }

    private func stream<Line: Sendable>(
        _ lines: [Line]
    ) -> AsyncThrowingStream<Line, any Error> {
        AsyncThrowingStream { continuation in
            continuation.onTermination = { [self] _ in state.withLock { $0.endedStreams += 1 } }
            for line in lines { continuation.yield(line) }
            if let failure = script.streamFailure {
                continuation.finish(throwing: failure)
            } else if !script.isEndless {
                continuation.finish()
            }
        }
    }

    /// Answers from the script.
    public func identity() async throws(ErrorDocument) -> IdentityDocument {
        note("identity")
        return try script.identity.get()
    }

    /// Answers from the script.
    public func status() async throws(ErrorDocument) -> StatusDocument {
        note("status")
        return try script.status.get()
    }

    /// Answers from the script.
    public func publish(
        _ request: PublishRequestDocument
    ) async throws(ErrorDocument) -> PublishAnswer {
        note("publish")
        state.withLock { $0.requests.append(request) }
        return try script.publish.get()
    }

    /// Answers from the script.
    public func invalidate(
        _ request: InvalidateRequestDocument
    ) async throws(ErrorDocument) -> AsyncStream<InvalidateLine> {
        note("invalidate \(request.opcodeCache) \(request.userCache) \(request.wait)")
        state.withLock { $0.invalidations.append(request) }
        return AsyncStream { continuation in
            for line in script.invalidation { continuation.yield(line) }
            continuation.finish()
        }
    }

    /// Answers from the script.
    public func lock(_ request: LockRequestDocument) async throws(ErrorDocument) -> LockAnswer {
        note(
            "lock \(request.reason ?? "-") \(request.ttlMilliseconds) \(request.confirm ?? "-") "
                + "\(request.timeoutMilliseconds)")
        return try script.lock.get()
    }

    /// Answers from the script.
    public func unlock(
        _ request: UnlockRequestDocument
    ) async throws(ErrorDocument) -> LockAnswer {
        note("unlock \(request.force) \(request.confirm ?? "-") \(request.timeoutMilliseconds)")
        return try script.lock.get()
    }

    /// Answers from the script.
    public func subscribe(
        topics: [String], since: String?
    ) async throws(ErrorDocument) -> AsyncThrowingStream<ApplicationEventDocument, any Error> {
        note("subscribe \(topics.joined(separator: " ")) since \(since ?? "-")")
        if script.isRepeating, let line = script.application.first {
            return AsyncThrowingStream(unfolding: { [self] in
                state.withLock { $0.repeatedLines += 1 }
                return line
            })
        }
        return stream(script.application)
    }

    /// Answers from the script.
    public func events(
        since: String?, limit: Int, follow: Bool
    ) async throws(ErrorDocument) -> AsyncThrowingStream<EventDocument, any Error> {
        note("events since \(since ?? "-") limit \(limit) follow \(follow)")
        return stream(script.events)
    }

    /// Answers with the first event of the script.
    public func event(id: String) async throws(ErrorDocument) -> EventDocument {
        note("event \(id)")
        guard let event = script.events.first else {
            throw ErrorDocument(
                code: "unknown-event", message: "event \(id) is not here",
                exitStatus: ExitStatus.failed)
        }
        return event
    }

    /// Nobody.
    public func accounts() async throws(ErrorDocument) -> AccountsDocument {
        note("accounts")
        return AccountsDocument(accounts: [], unresolved: [])
    }

    /// Nobody.
    public func members() async throws(ErrorDocument) -> MembersDocument {
        note("members")
        return MembersDocument(members: [])
    }

    /// Adds nothing.
    public func submit(
        _ request: RecordsRequestDocument
    ) async throws(ErrorDocument) -> RecordsAnswer {
        note("submit \(request.records.count)")
        return RecordsAnswer(added: 0, effective: 0)
    }

    /// Answers from the script.
    public func join(
        _ request: JoinRequestDocument
    ) async throws(ErrorDocument) -> IdentityDocument {
        note("join \(request.cluster)")
        return try script.identity.get()
    }

    /// Answers from the script.
    public func logout() async throws(ErrorDocument) -> IdentityDocument {
        note("logout")
        return try script.identity.get()
    }

    /// Nobody.
    public func pin(_ request: PinRequestDocument) async throws(ErrorDocument) -> AccountsDocument {
        note("pin \(request.identifier)")
        return AccountsDocument(accounts: [], unresolved: [])
    }

    /// Adds nothing.
    public func replay(
        _ request: ReplayUserRequestDocument
    ) async throws(ErrorDocument) -> RecordsAnswer {
        note("replay \(request.name)")
        return RecordsAnswer(added: 0, effective: 0)
    }

    /// Keeps the call.
    public func noteRefusal(
        _ request: RefusalRequestDocument
    ) async throws(ErrorDocument) -> RefusalAnswer {
        note("refusal \(request.attempt.rawValue) \(request.code)")
        return RefusalAnswer()
    }

    /// Answers from the script.
    public func retryParked(
        _ request: RetryRequestDocument
    ) async throws(ErrorDocument) -> RetryAnswer {
        note("retry \(request.id ?? "all")")
        return try script.retry.get()
    }

    /// Answers from the script.
    public func remoteIdentity(
        _ request: RemoteIdentityRequest
    ) async throws(ErrorDocument) -> IdentityDocument {
        note("remoteIdentity \(request.url)")
        return try script.identity.get()
    }

    /// The request backwards; `nil` for an empty one.
    public func hello(_ request: [UInt8]) async -> [UInt8]? {
        note("hello \(request.count)")
        return request.isEmpty ? nil : request.reversed()
    }

    /// The step as the session.
    public func login(
        _ message: LoginMessage, from address: String
    ) async throws(ErrorDocument) -> LoginReply {
        note("login \(message.step) from \(address)")
        return LoginReply(session: message.step)
    }

    /// As the script says.
    public func obstacles() async -> [String] { script.isReady ? [] : ["log", "clear"] }
}

/// Installations by directory and by host name.
public struct FakeInstallations: Installations {
    private let sites: [String: FakeAdminService]
    private let hosts: [String: FakeAdminService]

    /// Names installations.
    public init(sites: [String: FakeAdminService], hosts: [String: FakeAdminService] = [:]) {
        self.sites = sites
        self.hosts = hosts
    }

    /// The installation in a directory, or the only one.
    public func admin(site: String?) throws(ErrorDocument) -> any AdminService {
        if let site, let service = sites[site] { return service }
        if site == nil, sites.count == 1, let only = sites.values.first { return only }
        throw ErrorDocument(
            code: "unknown-site", message: "no such installation",
            exitStatus: ExitStatus.configuration)
    }

    /// The installation with a host name.
    public func door(host: String?) throws(ErrorDocument) -> any DoorService {
        guard let host, let service = hosts[host] else {
            throw ErrorDocument(
                code: "ambiguous-host", message: "no single installation has this host name",
                exitStatus: ExitStatus.failed)
        }
        return service
    }
}
