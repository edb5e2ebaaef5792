// SPDX-License-Identifier: Apache-2.0

/// Who a node is and as whom it is logged in.
public struct IdentityDocument: Codable, Sendable, Hashable {
    /// The cluster's ID in hexadecimal digits; absent before the first login.
    public var cluster: String?
    /// The root key that was pinned; absent before the first login.
    public var root: String?
    /// The node ID in hexadecimal digits.
    public var node: String
    /// The node's public signing key in hexadecimal digits.
    public var nodeKey: String
    /// The node's public CURVE key in hexadecimal digits.
    public var curveKey: String
    /// Two words of four digits that people compare: the fingerprint of both keys.
    public var fingerprint: String
    /// This node's URL, once it has found itself in its list.
    public var url: String?
    /// Who it is logged in as; absent where it is not.
    public var user: UserDocument?
    /// The highest serial of the grants that ``grantUser`` gave this node; his next must be
    /// higher.
    public var grantSerial: UInt64
    /// The name of the user as whom it joined last; absent before the first login.
    public var grantUser: String?
    /// Heads of this node's logs, which a new grant should cover.
    public var heads: [HeadDocument]
    /// Whether another member has heard that this node's grant has ended; in the answer to a
    /// logout only.
    public var isHeard: Bool?

    /// Makes the document from its fields.
    public init(
        cluster: String?, root: String?, node: String, nodeKey: String, curveKey: String,
        fingerprint: String, url: String?, user: UserDocument?, grantSerial: UInt64,
        grantUser: String? = nil, heads: [HeadDocument]
    ) {
        self.grantUser = grantUser
        self.cluster = cluster
        self.root = root
        self.node = node
        self.nodeKey = nodeKey
        self.curveKey = curveKey
        self.fingerprint = fingerprint
        self.url = url
        self.user = user
        self.grantSerial = grantSerial
        self.heads = heads
    }
}

/// A user as others see him.
public struct UserDocument: Codable, Sendable, Hashable {
    /// The user name.
    public var name: String
    /// The address.
    public var email: String
    /// As people call him.
    public var fullName: String
    /// The grant's or account's scopes, joined by commas.
    public var scopes: String
    /// When the grant ends; absent for an account.
    ///
    /// Unit: milliseconds since 1970.
    public var expires: UInt64?

    /// Makes the document from its fields.
    public init(name: String, email: String, fullName: String, scopes: String, expires: UInt64?) {
        self.name = name
        self.email = email
        self.fullName = fullName
        self.scopes = scopes
        self.expires = expires
    }
}

/// The end of one log.
public struct HeadDocument: Codable, Sendable, Hashable {
    /// The origin's node ID in hexadecimal digits.
    public var origin: String
    /// The epoch's counter.
    public var epoch: UInt64
    /// The epoch's nonce in sixteen hexadecimal digits.
    public var nonce: String
    /// The last position.
    public var last: UInt64
    /// The chain's hash there in hexadecimal digits.
    public var chain: String

    /// Makes the document from its fields.
    public init(origin: String, epoch: UInt64, nonce: String, last: UInt64, chain: String) {
        self.origin = origin
        self.epoch = epoch
        self.nonce = nonce
        self.last = last
        self.chain = chain
    }
}

/// Every account that this node knows.
public struct AccountsDocument: Codable, Sendable, Hashable {
    /// The accounts, by name.
    public var accounts: [AccountDocument]
    /// Names in the users file that stand for no account.
    public var unresolved: [String]
    /// The end of every log known here.
    public var heads: [HeadDocument]

    /// Makes the document from its fields.
    public init(
        accounts: [AccountDocument], unresolved: [String], heads: [HeadDocument] = []
    ) {
        self.accounts = accounts
        self.unresolved = unresolved
        self.heads = heads
    }
}

/// One account, as the owner of the local socket sees it.
public struct AccountDocument: Codable, Sendable, Hashable {
    /// Name, address and scopes.
    public var user: UserDocument
    /// The public key in hexadecimal digits; of several the lowest.
    public var key: String
    /// Every key that speaks for the user now: one as a rule, several while they are disputed.
    public var keys: [String]
    /// The version of the account.
    public var serial: UInt64
    /// The sealed credential in hexadecimal digits: useless without the password; empty where it
    /// has not come yet.
    public var credential: String
    /// Whether this node's users file allows it: `yes`, `no`, or why it is in doubt.
    public var allowed: String
    /// The hashes of the user's current grants with the nodes they are for.
    public var grants: [GrantDocument]
    /// The records that the key signed and that count, but for its own account: to be signed again
    /// by whoever ends the key.
    public var signed: [SealedRecordDocument]
    /// Whether it was removed; a new account of the name needs a higher serial.
    public var isRemoved: Bool

    /// Makes the document from its fields.
    public init(
        user: UserDocument, key: String, keys: [String], serial: UInt64, credential: String,
        allowed: String, grants: [GrantDocument],
        signed: [SealedRecordDocument] = [], isRemoved: Bool = false
    ) {
        self.user = user
        self.key = key
        self.keys = keys
        self.serial = serial
        self.credential = credential
        self.allowed = allowed
        self.grants = grants
        self.signed = signed
        self.isRemoved = isRemoved
    }
}

/// One grant, with what is needed to sign its successor.
public struct GrantDocument: Codable, Sendable, Hashable {
    /// The hash of the record in hexadecimal digits.
    public var hash: String
    /// The node it is for.
    public var node: String
    /// The node's public signing key.
    public var nodeKey: String
    /// The node's public CURVE key.
    public var curveKey: String
    /// Its scopes, joined by commas.
    public var scopes: String
    /// Unit: milliseconds since 1970.
    public var notBefore: UInt64
    /// Unit: milliseconds since 1970.
    public var notAfter: UInt64
    /// Its serial.
    public var serial: UInt64
    /// The heads of the node's logs as known here, which a successor should cover.
    public var heads: [HeadDocument]

    /// Makes the document from its fields.
    public init(
        hash: String, node: String, nodeKey: String, curveKey: String, scopes: String,
        notBefore: UInt64, notAfter: UInt64, serial: UInt64, heads: [HeadDocument]
    ) {
        self.hash = hash
        self.node = node
        self.nodeKey = nodeKey
        self.curveKey = curveKey
        self.scopes = scopes
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.serial = serial
        self.heads = heads
    }
}

/// Signed records, made by the command line, to be added to the cluster's set.
public struct RecordsRequestDocument: Codable, Sendable, Hashable {
    /// Each record as body, signer, signature and credential, in hexadecimal digits.
    public var records: [SealedRecordDocument]
    /// Makes the document from its fields.
    public init(records: [SealedRecordDocument]) { self.records = records }
}

/// The bytes of one signed record.
public struct SealedRecordDocument: Codable, Sendable, Hashable {
    /// The body in hexadecimal digits.
    public var body: String
    /// The signer's public key in hexadecimal digits.
    public var signer: String
    /// The signature in hexadecimal digits.
    public var signature: String
    /// What goes beside an account, in hexadecimal digits; absent where nothing does.
    public var credential: String?

    /// Makes the document from its fields.
    public init(body: String, signer: String, signature: String, credential: String? = nil) {
        self.body = body
        self.signer = signer
        self.signature = signature
        self.credential = credential
    }
}

/// What became of records.
public struct RecordsAnswer: Codable, Sendable, Hashable {
    /// How many were new.
    public var added: Int
    /// How many count: their signers had the right.
    public var effective: Int

    /// Makes the document from its fields.
    public init(added: Int, effective: Int) {
        self.added = added
        self.effective = effective
    }
}

/// Completes a login: the cluster to pin and the records that the holder gave and the user signed.
public struct JoinRequestDocument: Codable, Sendable, Hashable {
    /// The cluster's ID in hexadecimal digits.
    public var cluster: String
    /// Its root key in hexadecimal digits.
    public var root: String
    /// Accounts and grants known to the holder, and the new grant.
    public var records: [SealedRecordDocument]
    /// The hash of the new grant in hexadecimal digits: the one the node is to speak under.
    public var grant: String

    /// Makes the document from its fields.
    public init(cluster: String, root: String, records: [SealedRecordDocument], grant: String) {
        self.grant = grant
        self.cluster = cluster
        self.root = root
        self.records = records
    }
}

/// Pins a user name to a key on this node.
public struct PinRequestDocument: Codable, Sendable, Hashable {
    /// The name or address.
    public var identifier: String
    /// The public key in hexadecimal digits.
    public var key: String

    /// Makes the document from its fields.
    public init(identifier: String, key: String) {
        self.identifier = identifier
        self.key = key
    }
}

/// What the command line refused by itself, for this server to count and to note: passwords never
/// come here, so only it knows that one was wrong.
public struct RefusalRequestDocument: Codable, Sendable, Hashable {
    /// What was tried.
    public enum Attempt: String, Codable, Sendable, Hashable {
        /// To log in; `subject` is the URL that was asked.
        case login
        /// To sign records of the cluster.
        case records
    }

    /// What was tried.
    public var attempt: Attempt
    /// In whose name, as it was typed.
    public var user: String
    /// With whom.
    public var subject: String?
    /// The code of the error.
    public var code: String

    /// Makes the document from its fields.
    public init(attempt: Attempt, user: String, subject: String? = nil, code: String) {
        self.attempt = attempt
        self.user = user
        self.subject = subject
        self.code = code
    }
}

/// The refusal was noted.
public struct RefusalAnswer: Codable, Sendable, Hashable {
    /// Always.
    public var isNoted = true

    /// Says so.
    public init() {}
}

/// Applies what a user published while he was not listed here.
public struct ReplayUserRequestDocument: Codable, Sendable, Hashable {
    /// The user name.
    public var name: String
    /// Makes the document from its fields.
    public init(name: String) { self.name = name }
}

/// Asks who another node is logged in as.
public struct RemoteIdentityRequest: Codable, Sendable, Hashable {
    /// Its URL.
    public var url: String
    /// Makes the document from its fields.
    public init(url: String) { self.url = url }
}

/// One message of the login at the door, from the command line to the holder.
///
/// Three steps: `start` with the name; `share` with the prover's share; `confirm` with the prover's
/// confirmation and the sealed request. Bytes are hexadecimal digits.
public struct LoginMessage: Codable, Sendable, Hashable {
    /// `start`, `share`, `confirm` or `grant`.
    public var step: String
    /// Which login it belongs to; absent in `start`.
    public var session: String?
    /// The user's name or address; in `start`.
    public var name: String?
    /// The keys of the node that is to be logged in; in `start`.
    public var nodeKey: String?
    /// The CURVE key of the node that is to be logged in; in `start`.
    public var curveKey: String?
    /// The step's bytes in hexadecimal digits.
    public var bytes: String?

    /// Makes the message from its fields.
    public init(
        step: String, session: String? = nil, name: String? = nil, nodeKey: String? = nil,
        curveKey: String? = nil, bytes: String? = nil
    ) {
        self.step = step
        self.session = session
        self.name = name
        self.nodeKey = nodeKey
        self.curveKey = curveKey
        self.bytes = bytes
    }
}

/// The holder's answer to one message of the login.
public struct LoginReply: Codable, Sendable, Hashable {
    /// Which login it belongs to.
    public var session: String
    /// The cluster's ID; in the answer to `start`.
    public var cluster: String?
    /// Argon2id parameters and salt, encoded; in the answer to `start`.
    public var parameters: String?
    /// The holder's public signing key; in the answer to `start`.
    public var holderKey: String?
    /// The step's bytes in hexadecimal digits.
    public var bytes: String?

    /// Makes the answer from its fields.
    public init(
        session: String, cluster: String? = nil, parameters: String? = nil,
        holderKey: String? = nil, bytes: String? = nil
    ) {
        self.session = session
        self.cluster = cluster
        self.parameters = parameters
        self.holderKey = holderKey
        self.bytes = bytes
    }
}
