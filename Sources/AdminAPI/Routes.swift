// SPDX-License-Identifier: Apache-2.0

/// The paths of the administration API on the local socket, and of the public door.
///
/// The local socket (`daemon.sock`) speaks HTTP/1.1 with JSON bodies. Every request on it names the
/// installation it means by the query item `site` (its directory); a daemon with one installation
/// needs none. Streams are JSON lines (`application/x-ndjson`), one document a line; where one goes
/// wrong its last line is a ``StreamFailureLine``.
public enum Routes {
    /// The local socket's name in the state directory.
    public static let socketName = "daemon.sock"

    /// GET → ``IdentityDocument``.
    public static let identity = "/v1/identity"
    /// GET → ``StatusDocument``.
    public static let status = "/v1/status"
    /// POST ``PublishRequestDocument`` → ``PublishAnswer``.
    public static let publish = "/v1/publish"
    /// POST ``InvalidateRequestDocument`` → lines of ``InvalidateLine``.
    public static let invalidate = "/v1/invalidate"
    /// POST ``LockRequestDocument`` → ``LockAnswer``.
    public static let lock = "/v1/lock"
    /// POST ``UnlockRequestDocument`` → ``LockAnswer``.
    public static let unlock = "/v1/unlock"
    /// GET, query `topic` (repeatable), `since` → lines of ``ApplicationEventDocument``.
    public static let subscribe = "/v1/subscribe"
    /// GET, query `since`, `follow`, `limit` → lines of ``EventDocument``.
    public static let events = "/v1/events"
    /// GET, query `id` → ``EventDocument`` with outcomes.
    public static let event = "/v1/event"
    /// GET → ``AccountsDocument``.
    public static let accounts = "/v1/accounts"
    /// GET → ``MembersDocument``.
    public static let members = "/v1/members"
    /// POST ``RecordsRequestDocument`` → ``RecordsAnswer``.
    public static let records = "/v1/records"
    /// POST ``JoinRequestDocument`` → ``IdentityDocument``: completes a login.
    public static let join = "/v1/join"
    /// POST, empty → ``IdentityDocument``.
    public static let logout = "/v1/logout"
    /// POST ``PinRequestDocument`` → ``AccountsDocument``.
    public static let pin = "/v1/pin"
    /// POST ``ReplayUserRequestDocument`` → ``RecordsAnswer``.
    public static let replayUser = "/v1/replay-user"
    /// POST ``RetryRequestDocument`` → ``RetryAnswer``: tries parked events again.
    public static let retry = "/v1/retry"
    /// POST ``RefusalRequestDocument`` → ``RefusalAnswer``: the command line refused something.
    public static let refusal = "/v1/refusal"
    /// POST ``RemoteIdentityRequest`` → ``IdentityDocument``: asks another node through the mesh.
    public static let remoteIdentity = "/v1/remote-identity"

    /// The door: POST, binary hello request → binary signed hello.
    public static let hello = "/hello"
    /// The door: POST ``LoginMessage`` → ``LoginReply``.
    public static let login = "/login"
    /// The door: GET → 200 where the node is fit to serve, 503 where it is not.
    public static let ready = "/ready"
}

/// An error, as every failed request answers it and as `--json` prints it.
public struct ErrorDocument: Codable, Sendable, Hashable, Error {
    /// A stable word for programs, such as `not-logged-in`.
    public var code: String
    /// What happened, what was expected, what was found.
    public var message: String
    /// What to do about it.
    public var hint: String?
    /// The exit status that a command ends with because of it.
    public var exitStatus: Int32

    /// Describes an error.
    public init(code: String, message: String, hint: String? = nil, exitStatus: Int32) {
        self.code = code
        self.message = message
        self.hint = hint
        self.exitStatus = exitStatus
    }

    /// The code of a refusal to end a node's grants without all that the node has published: to be
    /// signed again with its present heads.
    public static let outdatedCovers = "outdated-covers"
}

/// The exit statuses of every command.
///
/// Source: docs/reference/exit-statuses.md.
public enum ExitStatus {
    /// Done.
    public static let done: Int32 = 0
    /// Something failed.
    public static let failed: Int32 = 1
    /// A node did not answer or converge in time.
    public static let incomplete: Int32 = 3
    /// The command line cannot be used.
    public static let usage: Int32 = 64
    /// The daemon cannot be reached.
    public static let unreachable: Int32 = 69
    /// Locked, or busy: try later.
    public static let tryLater: Int32 = 75
    /// Not authorised, or not logged in.
    public static let notAuthorised: Int32 = 77
    /// The configuration is invalid.
    public static let configuration: Int32 = 78
    /// Interrupted.
    public static let interrupted: Int32 = 130
}
