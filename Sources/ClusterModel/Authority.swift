// SPDX-License-Identifier: Apache-2.0

/// A record of authority: accounts, grants, revocations and voids, in one grow-only set.
///
/// Every record is signed by a user key and never compacted. Which of them count is a fold over the
/// set, so the order of their arrival does not matter.
public enum AuthorityRecord: Hashable, Sendable {
    /// A user of the cluster.
    case account(Account)
    /// A user's word that a node may speak for him.
    case grant(Grant)
    /// The end of a grant, a node or a user key.
    case revocation(Revocation)
    /// An administrator's word that an event's stamp is bad.
    case void(EventID)
    /// A key for a foreign ZeroMQ client.
    case client(ClientKey)
}

/// A user: name, key, and what a login needs.
public struct Account: Hashable, Sendable {
    /// The user name.
    ///
    /// Without `@`.
    public var name: String
    /// The address, which the users file may name instead.
    public var email: String
    /// As people call him.
    public var fullName: String
    /// The public key that his grants are signed by.
    public var key: UserKey
    /// What he may do at most.
    public var scopes: Scopes
    /// Counts the versions of this account; the highest counts.
    public var serial: UInt64
    /// The hash of what a login is checked against, which travels beside the record; `nil` where
    /// nobody can log in.
    ///
    /// Only the hash is signed and shown to everybody: whoever had the credential could guess the
    /// password offline.
    public var credential: Digest?
    /// Removed: the account authorises nobody any more.
    public var isRemoved: Bool

    /// Makes an account from its fields.
    public init(
        name: String, email: String, fullName: String, key: UserKey, scopes: Scopes,
        serial: UInt64, credential: Digest?, isRemoved: Bool = false
    ) {
        self.name = name
        self.email = email
        self.fullName = fullName
        self.key = key
        self.scopes = scopes
        self.serial = serial
        self.credential = credential
        self.isRemoved = isRemoved
    }
}

/// A user's word that a node may speak for him, in some scopes, for some time.
public struct Grant: Hashable, Sendable {
    /// The user who gives it.
    public var user: UserKey
    /// The key of the node that gets it; its hash is the node ID.
    public var nodeKey: NodeKey
    /// The node that gets it.
    public var node: NodeID
    /// The key its sockets prove.
    public var curveKey: CurveKey
    /// What the node may do at most.
    public var scopes: Scopes
    /// When it was given; of several users' grants the newest counts.
    ///
    /// It is in force at once, also where a clock is behind: a login must not wait for that.
    public var notBefore: WallTime
    /// Not valid after.
    public var notAfter: WallTime
    /// Counts this user's grants for this node; the highest counts.
    ///
    /// Limit: ``highestSerial``.
    public var serial: UInt64
    /// Batches of earlier grants which this one vouches for.
    public var covers: [EpochHead]

    /// Makes a grant from its fields.
    public init(
        user: UserKey, nodeKey: NodeKey, node: NodeID, curveKey: CurveKey, scopes: Scopes,
        notBefore: WallTime, notAfter: WallTime, serial: UInt64, covers: [EpochHead] = []
    ) {
        self.user = user
        self.nodeKey = nodeKey
        self.node = node
        self.curveKey = curveKey
        self.scopes = scopes
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.serial = serial
        self.covers = covers
    }

    /// The highest serial that can be written.
    ///
    /// Source: docs/specification/wire.md.
    public static let highestSerial = UInt64(Int64.max)

    /// The serial after one; of the highest itself, so that nobody can make a user's next grant
    /// impossible: of equal ones the later grant counts.
    public static func serial(after serial: UInt64) -> UInt64 {
        min(serial, highestSerial - 1) + 1
    }

    /// The same grant by the next key of its user.
    ///
    /// It covers nothing: the grant before counts on, and what it covers with it.
    public func renewed(by successor: UserKey) -> Grant {
        var grant = self
        grant.user = successor
        grant.serial = Grant.serial(after: serial)
        grant.covers = []
        return grant
    }

    /// The same grant by the next key of its user, with the time that an open key gives it.
    public func renewed(by successor: UserKey, at now: WallTime) -> Grant {
        isPastHalf(at: now) ? extended(from: now, by: successor) : renewed(by: successor)
    }

    /// Of some grants by one key, those that are signed again whenever that key is open: the latest
    /// of each node, where it is past the half of its time and not over, for as long as it was
    /// given, from now on.
    ///
    /// Sooner would only make records, and those stay for good; one that is over is renewed by a
    /// login, where somebody looks at the node.
    ///
    /// Source: docs/adr/0011-authority.md, "What an open key signs again".
    public static func due(among grants: [Grant], at now: WallTime) -> [Grant] {
        grants.filter { grant in
            grant.isPastHalf(at: now)
                && !grants.contains {
                    $0.node == grant.node
                        && ($0.serial, $0.notAfter) > (grant.serial, grant.notAfter)
                }
        }.map { $0.extended(from: now, by: $0.user) }
    }

    private func isPastHalf(at now: WallTime) -> Bool {
        guard notBefore <= now, now < notAfter else { return false }
        return now.milliseconds - notBefore.milliseconds
            >= notAfter.milliseconds - now.milliseconds
    }

    private func extended(from now: WallTime, by user: UserKey) -> Grant {
        var grant = renewed(by: user)
        let length = notAfter.milliseconds - notBefore.milliseconds
        grant.notBefore = now
        grant.notAfter = WallTime(milliseconds: now.milliseconds + length)
        return grant
    }
}

/// The end of something that was granted.
public struct Revocation: Hashable, Sendable {
    /// What ends.
    public enum Subject: Hashable, Sendable {
        /// One grant, by the hash of its record.
        case grant(Digest)
        /// A node, for good: its key is never admitted again.
        case node(NodeID)
        /// A user's key, and every grant it signed.
        case user(UserKey)
        /// A foreign client's key.
        case client(CurveKey)
    }

    /// What ends.
    public var subject: Subject
    /// Batches up to these stay valid; beyond them every node refolds without them.
    public var covers: [EpochHead]

    /// Ends something, but for what is covered.
    public init(subject: Subject, covers: [EpochHead]) {
        self.subject = subject
        self.covers = covers
    }
}

/// The key of a foreign ZeroMQ client.
public struct ClientKey: Hashable, Sendable {
    /// What people call it.
    public var name: String
    /// The key its sockets prove.
    public var curveKey: CurveKey
    /// What it may do.
    public var scopes: Scopes

    /// Makes a client's key from its fields.
    public init(name: String, curveKey: CurveKey, scopes: Scopes) {
        self.name = name
        self.curveKey = curveKey
        self.scopes = scopes
    }
}

/// The exact bytes of a record, as signed and stored; not yet believed.
public struct SealedRecord: Hashable, Sendable {
    /// The record.
    public let body: [UInt8]
    /// Who signed it.
    public let signer: UserKey
    /// Ed25519 over cluster ID and body, with a domain of its own.
    ///
    /// Unit: 64 bytes.
    public let signature: [UInt8]
    /// What the account's hash stands for: parameters, verifier and sealed key for the login.
    ///
    /// Not signed, as its hash is; for members alone, and only beside accounts.
    public let credential: [UInt8]?

    /// Joins the parts as they came.
    public init(
        body: [UInt8], signer: UserKey, signature: [UInt8], credential: [UInt8]? = nil
    ) {
        self.body = body
        self.signer = signer
        self.signature = signature
        self.credential = credential
    }

    /// The same record with another credential beside it, or with none.
    public func carrying(_ credential: [UInt8]?) -> SealedRecord {
        SealedRecord(body: body, signer: signer, signature: signature, credential: credential)
    }
}

/// A record whose signature and form have been checked; whether its signer had the right to sign
/// it is the fold's question.
public struct VerifiedRecord: Hashable, Sendable {
    /// BLAKE2b-256 of body and signer: the record's name.
    public let hash: Digest
    /// What it says.
    public let record: AuthorityRecord
    /// Who signed it.
    public let signer: UserKey
    /// The bytes it came in.
    public let sealed: SealedRecord

    /// States that the record has been checked.
    @_spi(Verification)
    public init(hash: Digest, record: AuthorityRecord, signer: UserKey, sealed: SealedRecord) {
        self.hash = hash
        self.record = record
        self.signer = signer
        self.sealed = sealed
    }
}

/// What a fresh node pins when it joins: the cluster and the key that everything descends from.
public struct ClusterPin: Hashable, Sendable {
    /// The cluster.
    public let cluster: ClusterID
    /// Its first user's key; accounts are believed when their chain of signers ends here.
    public let root: UserKey

    /// Joins cluster and root.
    public init(cluster: ClusterID, root: UserKey) {
        self.cluster = cluster
        self.root = root
    }
}
