// SPDX-License-Identifier: Apache-2.0

/// One line of the users file: whom this node lets act, and in what.
public struct AllowedUser: Hashable, Sendable {
    /// A user name; or an email address where it holds an `@`.
    public let identifier: String
    /// What he may do here at most.
    public let scopes: Scopes

    /// Joins a name and what it may do.
    public init(identifier: String, scopes: Scopes) {
        self.identifier = identifier
        self.scopes = scopes
    }

    /// Whether the identifier is an address rather than a name.
    public var isEmail: Bool { identifier.utf8.contains(UInt8(ascii: "@")) }
}

/// A line of the users file which is bound to a key on this node, for good.
///
/// Law: only a person changes it.
public struct PinnedUser: Hashable, Sendable {
    /// The name or address, as in the users file.
    public let identifier: String
    /// The key that it stands for.
    public let key: UserKey

    /// Binds a name to a key.
    public init(identifier: String, key: UserKey) {
        self.identifier = identifier
        self.key = key
    }
}

/// What a CURVE key stands for when a socket proves it.
public enum AdmittedKey: Hashable, Sendable {
    /// A node of the cluster.
    case node(NodeID)
    /// A foreign client with its name and scopes.
    case client(name: String, scopes: Scopes)
}

/// One entry of the list of URLs: where a node's door is.
///
/// Invariant: entries of one list have different doors; the configuration sees to that.
public struct NodeAddress: Hashable, Sendable {
    /// The URL as it was written, which is how people see it.
    public let url: String
    /// The door's host: a name or a numeric address, IPv6 without brackets.
    public let host: String
    /// The door's port.
    public let port: UInt16

    /// Joins a URL and the door that it names.
    public init(url: String, host: String, port: UInt16) {
        self.url = url
        self.host = host
        self.port = port
    }
}

/// What a node said of itself at its door, after its signature was checked.
public struct HelloFacts: Hashable, Sendable {
    /// Its cluster; `nil` where it is not logged in to any.
    public var cluster: ClusterID?
    /// Who it is.
    public var node: NodeID
    /// In which of its runs.
    public var instance: InstanceID
    /// The key that its sockets prove.
    public var curveKey: CurveKey
    /// Hash of the grant under which it speaks; `nil` where it is not logged in.
    public var grant: Digest?
    /// The numeric address of its sockets: advertised, or else the one which answered.
    public var host: String
    /// Its PUB socket.
    public var publishPort: UInt16
    /// Its ROUTER socket.
    public var requestPort: UInt16
    /// Whether it is caught up and serves.
    public var isReady: Bool

    /// Makes the facts from their fields.
    public init(
        cluster: ClusterID?, node: NodeID, instance: InstanceID, curveKey: CurveKey,
        grant: Digest?, host: String, publishPort: UInt16, requestPort: UInt16,
        isReady: Bool = false
    ) {
        self.cluster = cluster
        self.node = node
        self.instance = instance
        self.curveKey = curveKey
        self.grant = grant
        self.host = host
        self.publishPort = publishPort
        self.requestPort = requestPort
        self.isReady = isReady
    }
}

/// What a door answered.
public enum ProbeAnswer: Hashable, Sendable {
    /// A node, whose signature over our nonce holds.
    case hello(HelloFacts)
    /// Nobody listens there, or nobody answered in time.
    case unreachable(String)
    /// Something answered that is no door, or (421) one that does not serve this host name.
    case refused(status: Int, String)
}

/// Where a peer's sockets are, and the key they must prove.
public struct PeerLink: Hashable, Sendable {
    /// The peer.
    public let node: NodeID
    /// The key that its sockets prove.
    public let curveKey: CurveKey
    /// A numeric address, IPv6 without brackets.
    public let host: String
    /// Its PUB socket.
    public let publishPort: UInt16
    /// Its ROUTER socket.
    public let requestPort: UInt16

    /// Joins what is needed to connect.
    public init(
        node: NodeID, curveKey: CurveKey, host: String, publishPort: UInt16, requestPort: UInt16
    ) {
        self.node = node
        self.curveKey = curveKey
        self.host = host
        self.publishPort = publishPort
        self.requestPort = requestPort
    }
}

/// A node that some user vouches for, whether or not anybody can reach it.
public struct Member: Hashable, Sendable {
    /// The node.
    public let node: NodeID
    /// Its grant that counts at present.
    public let grant: Grant
    /// The hash of that grant's record.
    public let grantHash: Digest
    /// The name of the user who vouches for it.
    public let user: String
    /// The CURVE keys that grants which count name for it: which one it has, the node itself says.
    public let curveKeys: Set<CurveKey>

    /// Joins a node and the grant that makes it a member.
    public init(
        node: NodeID, grant: Grant, grantHash: Digest, user: String, curveKeys: Set<CurveKey>
    ) {
        self.curveKeys = curveKeys
        self.node = node
        self.grant = grant
        self.grantHash = grantHash
        self.user = user
    }
}
