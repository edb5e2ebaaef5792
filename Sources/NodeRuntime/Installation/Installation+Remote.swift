// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import WireFormat

// Who another server is, in its own words.
extension Installation {
    /// Asks another node of the list, through the mesh, as whom it is logged in; one that is not
    /// logged in is asked at its door.
    public func remoteIdentity(
        _ request: RemoteIdentityRequest
    ) async throws(ErrorDocument) -> IdentityDocument {
        let node = try loggedInNode()
        let snapshot = await node.snapshot()
        guard let listed = snapshot.listed.first(where: { $0.address.url == request.url }) else {
            throw ErrorDocument(
                code: "not-listed", message: "\(request.url) is not in the list of URLs",
                hint: "write it as in sitestacker.yml", exitStatus: ExitStatus.usage)
        }
        guard !listed.isSelf else { return try await identity() }
        let member = listed.facts.flatMap {
            snapshot.authority.member($0.node, speakingUnder: $0.grant)
        }
        guard let member else { return try await stranger(at: listed.address, node) }
        if case .silent(let answer) = await ask(listed, node, snapshot) {
            throw .silent(request.url, answer.error ?? "no answer")
        }
        let keys = NodeFingerprint(nodeKey: member.grant.nodeKey, curveKey: member.grant.curveKey)
        return IdentityDocument(
            cluster: node.pin.cluster.description, root: nil, node: member.node.description,
            nodeKey: member.grant.nodeKey.description,
            curveKey: member.grant.curveKey.description, fingerprint: keys.description,
            url: request.url, user: snapshot.document(of: member),
            grantSerial: snapshot.authority.highestSerial(of: member.user, for: member.node),
            grantUser: member.user,
            heads: snapshot.heads.filter { $0.log.origin == member.node }.map(HeadDocument.init))
    }

    /// A node at a door that is no member, as it introduces itself now.
    private func stranger(
        at address: NodeAddress, _ node: Node
    ) async throws(ErrorDocument) -> IdentityDocument {
        switch await node.introduction(at: address) {
        case .success((let hello, _)):
            let keys = NodeFingerprint(nodeKey: hello.nodeKey, curveKey: hello.curveKey)
            return IdentityDocument(
                cluster: hello.cluster?.description, root: nil, node: hello.node.description,
                nodeKey: hello.nodeKey.description, curveKey: hello.curveKey.description,
                fingerprint: keys.description, url: address.url, user: nil, grantSerial: 0,
                heads: [])
        case .failure(let failure): throw .silent(address.url, failure.reason)
        }
    }
}

extension ErrorDocument {
    /// A server that does not answer.
    fileprivate static func silent(_ url: String, _ reason: String) -> ErrorDocument {
        ErrorDocument(
            code: "silent",
            message: reason.contains(url) ? reason : "\(url) does not answer: \(reason)",
            hint: "look there: does its daemon run?", exitStatus: ExitStatus.incomplete)
    }
}
