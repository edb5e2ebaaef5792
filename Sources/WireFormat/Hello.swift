// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Asks a node who it is.
public struct HelloRequest: Hashable, Sendable {
    /// Random; the answer repeats it, so it cannot be an old one.
    public let nonce: Bytes32
    /// The asker's cluster; `nil` where it has none yet.
    public let cluster: ClusterID?

    /// Asks with a nonce.
    public init(nonce: Bytes32, cluster: ClusterID?) {
        self.nonce = nonce
        self.cluster = cluster
    }
}

/// Who a node is and where its sockets listen; holds no name of a user or host.
public struct Hello: Hashable, Sendable {
    /// The asker's nonce.
    public var nonce: Bytes32
    /// The node's cluster; `nil` where it is not logged in.
    ///
    /// Whether it is the asker's is for the asker to say, who can name the URL in his error.
    public var cluster: ClusterID?
    /// The node's ID.
    public var node: NodeID
    /// The key whose hash the node ID is.
    public var nodeKey: NodeKey
    /// The key that its sockets prove.
    public var curveKey: CurveKey
    /// Which run of the node answers: the asker's own means that it asked itself.
    public var instance: InstanceID
    /// Where its sockets listen.
    public var endpoints: Endpoints
    /// The program's version, for people.
    public var version: String
    /// The node's wall clock.
    public var wall: WallTime
    /// What it speaks under; `nil` where it is not logged in.
    public var grant: SealedRecord?
    /// Whether it is caught up and serves.
    public var isReady: Bool

    /// Makes an answer from its fields.
    public init(
        nonce: Bytes32, cluster: ClusterID?, node: NodeID, nodeKey: NodeKey, curveKey: CurveKey,
        instance: InstanceID, endpoints: Endpoints, version: String, wall: WallTime,
        grant: SealedRecord?, isReady: Bool
    ) {
        self.nonce = nonce
        self.cluster = cluster
        self.node = node
        self.nodeKey = nodeKey
        self.curveKey = curveKey
        self.instance = instance
        self.endpoints = endpoints
        self.version = version
        self.wall = wall
        self.grant = grant
        self.isReady = isReady
    }
}

/// Where a node's sockets listen.
public struct Endpoints: Hashable, Sendable {
    /// Numeric address; `nil` means the one at which the node was asked.
    public let host: String?
    /// Port of PUB.
    public let publishPort: UInt16
    /// Port of ROUTER.
    public let requestPort: UInt16

    /// Joins address and ports.
    public init(host: String?, publishPort: UInt16, requestPort: UInt16) {
        self.host = host
        self.publishPort = publishPort
        self.requestPort = requestPort
    }
}

/// The exact bytes of an answer to `hello`, as signed; not yet believed.
public struct SealedHello: Hashable, Sendable {
    /// The key that is said to check it.
    public let nodeKey: NodeKey
    /// The answer.
    public let body: [UInt8]
    /// Ed25519 over a domain word and the body.
    ///
    /// Unit: 64 bytes.
    public let signature: [UInt8]

    /// Joins the parts as they came.
    public init(nodeKey: NodeKey, body: [UInt8], signature: [UInt8]) {
        self.nodeKey = nodeKey
        self.body = body
        self.signature = signature
    }
}
