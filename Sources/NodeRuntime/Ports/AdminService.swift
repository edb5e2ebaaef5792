// SPDX-License-Identifier: Apache-2.0

public import AdminAPI

/// What the owner of the local socket may ask of one installation.
///
/// Every method may be called from anywhere and concurrently. Failures are `ErrorDocument`s, fit to
/// be shown as they are; nothing has changed where one is thrown.
public protocol AdminService: Sendable {
    /// Who this node is, and as whom it is logged in.
    func identity() async throws(ErrorDocument) -> IdentityDocument
    /// This server and, asked through the mesh, every other; silent ones carry their error.
    func status() async throws(ErrorDocument) -> StatusDocument
    /// Publishes an application event and waits for the level, as long as asked.
    func publish(_ request: PublishRequestDocument) async throws(ErrorDocument) -> PublishAnswer
    /// Publishes an invalidation; the lines end when every member answered, or in time.
    func invalidate(
        _ request: InvalidateRequestDocument
    ) async throws(ErrorDocument) -> AsyncStream<InvalidateLine>
    /// Takes or renews the update lock, and waits for the level, as long as asked.
    func lock(_ request: LockRequestDocument) async throws(ErrorDocument) -> LockAnswer
    /// Ends the update lock, and waits for the level, as long as asked.
    func unlock(_ request: UnlockRequestDocument) async throws(ErrorDocument) -> LockAnswer
    /// Application events of the topics, replayed from the log after `since`, then live.
    ///
    /// The stream ends with the daemon, or when the reader falls behind its bounded queue: then it
    /// resumes by itself from the log, so a slow reader costs nothing but its own delay. It fails
    /// with an `ErrorDocument` where the log cannot be read.
    func subscribe(
        topics: [String], since: String?
    ) async throws(ErrorDocument) -> AsyncThrowingStream<ApplicationEventDocument, any Error>
    /// Events of the log in this node's order: the first after `since`, without it the newest; goes
    /// on live where `follow` is set.
    ///
    /// The stream fails with an `ErrorDocument` where the log cannot be read.
    func events(
        since: String?, limit: Int, follow: Bool
    ) async throws(ErrorDocument) -> AsyncThrowingStream<EventDocument, any Error>
    /// One event with what came of it on every member.
    func event(id: String) async throws(ErrorDocument) -> EventDocument
    /// The accounts of the cluster.
    func accounts() async throws(ErrorDocument) -> AccountsDocument
    /// The members of the cluster.
    func members() async throws(ErrorDocument) -> MembersDocument
    /// Adds signed records to the cluster's set.
    func submit(_ request: RecordsRequestDocument) async throws(ErrorDocument) -> RecordsAnswer
    /// Completes a login: pins the cluster, stores the records, joins the mesh.
    func join(_ request: JoinRequestDocument) async throws(ErrorDocument) -> IdentityDocument
    /// Forgets the grant and leaves the mesh; the log stays.
    func logout() async throws(ErrorDocument) -> IdentityDocument
    /// Pins a user name to a key on this node.
    func pin(_ request: PinRequestDocument) async throws(ErrorDocument) -> AccountsDocument
    /// Applies what a user published while he was not listed here.
    func replay(_ request: ReplayUserRequestDocument) async throws(ErrorDocument) -> RecordsAnswer
    /// Tries parked events again: the one that is named, or all.
    func retryParked(_ request: RetryRequestDocument) async throws(ErrorDocument) -> RetryAnswer
    /// Counts and notes what the command line refused.
    func noteRefusal(
        _ request: RefusalRequestDocument
    ) async throws(ErrorDocument) -> RefusalAnswer
    /// Asks another node of the list, through the mesh, who it is logged in as.
    func remoteIdentity(
        _ request: RemoteIdentityRequest
    ) async throws(ErrorDocument) -> IdentityDocument
}

/// What anybody may ask at the door of one installation.
public protocol DoorService: Sendable {
    /// Answers a hello with a signed one; `nil` where the request cannot be read.
    func hello(_ request: [UInt8]) async -> [UInt8]?
    /// Takes one message of a login.
    func login(_ message: LoginMessage, from address: String) async throws(ErrorDocument)
        -> LoginReply
    /// What keeps the node from being fit to serve, a word for each kind, which names nobody; empty
    /// where nothing does.
    func obstacles() async -> [String]
}

/// The installations that one daemon serves.
public protocol Installations: Sendable {
    /// The installation in a directory; where none is named and there is but one, that one.
    func admin(site: String?) throws(ErrorDocument) -> any AdminService
    /// The installation whose URL has the host name of a request's `Host` header.
    ///
    /// Throws `ambiguous-host` (HTTP 421) where none or several do.
    func door(host: String?) throws(ErrorDocument) -> any DoorService
}
