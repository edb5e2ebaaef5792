// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Who may do what: a fold over the records of the cluster, and this node's own users file.
public struct Authority: Sendable {
    public init(
        pin: ClusterPin?, own: NodeID, records: [VerifiedRecord] = [], users: [AllowedUser] = [],
        pins: [PinnedUser] = [], usersFile: String = "~/.sitestacker/users"
    ) {}
    public private(set) var pin: ClusterPin?
    public mutating func setClusterPin(_ pin: ClusterPin?) -> [AuthorityChange] { [] }
    public mutating func add(_ records: [VerifiedRecord]) -> [AuthorityChange] { [] }
    public mutating func setUsers(_ users: [AllowedUser]) -> [AuthorityChange] { [] }
    public mutating func pinUser(_ identifier: String, key: UserKey) -> [AuthorityChange] { [] }
    /// Feeds a member's checkpoint event: dates batches.
    public mutating func note(_ checkpoint: Checkpoint, by member: NodeID) -> [AuthorityChange] { [] }

    // Exchange.
    public var digest: Digest { .none }
    public var allowedDigest: Digest { .none }
    public var hashes: [Digest] { [] }
    public func missing(from theirs: [Digest]) -> [Digest] { [] }
    public func records(_ hashes: [Digest]) -> [SealedRecord] { [] }
    public func standing(of hash: Digest) -> RecordStanding { .unknown }

    // Judging.
    public func judge(
        _ header: BatchHeader, hash: Digest, requiring scopes: Scopes, firstSeen: WallTime
    ) -> Judgement { .allowed(user: "") }
    /// `nil`: this node may publish.
    public func refusalToPublish(_ scopes: Scopes, at wall: WallTime) -> Refusal? { nil }
    public func isVoided(_ event: EventID) -> Bool { false }
    /// The hash of the grant that own batches name now; `nil`: not logged in.
    public var ownGrant: Digest? { nil }

    // Links.
    public func admitted(_ key: CurveKey) -> AdmittedKey? { nil }
    public var admission: [(key: CurveKey, as: AdmittedKey)] { [] }
    public var members: [Member] { [] }
    public func isMember(_ node: NodeID) -> Bool { false }
}
