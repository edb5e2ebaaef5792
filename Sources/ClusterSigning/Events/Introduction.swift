// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// How a node introduces itself: at its door, and on the request channel.
///
/// The same whether it is logged in or not; a signature over the asker's nonce proves that the one
/// who answers now has the node's key.
public struct Introduction: Sendable {
    /// The node's keys.
    public let identity: NodeIdentity
    /// This run of it.
    public let instance: InstanceID
    /// Where its mesh sockets listen.
    public let endpoints: Endpoints
    /// The program's version.
    public let version: String

    /// Joins what does not change in a run.
    public init(
        identity: NodeIdentity, instance: InstanceID, endpoints: Endpoints, version: String
    ) {
        self.identity = identity
        self.instance = instance
        self.endpoints = endpoints
        self.version = version
    }

    /// Answers a hello.
    ///
    /// - Throws: `WireError` where a part cannot be encoded.
    public func answer(
        _ request: HelloRequest, cluster: ClusterID?, grant: SealedRecord?, isReady: Bool,
        wall: WallTime
    ) throws(WireError) -> SealedHello {
        let hello = Hello(
            nonce: request.nonce, cluster: cluster, node: identity.node,
            nodeKey: identity.nodeKey, curveKey: identity.curveKey, instance: instance,
            endpoints: endpoints, version: version, wall: wall, grant: grant, isReady: isReady)
        return try HelloSealer(identity: identity).seal(hello)
    }
}
