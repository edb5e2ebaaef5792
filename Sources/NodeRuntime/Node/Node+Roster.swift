// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

// Who answers at which URL.
extension Node {
    /// Does what the roster says.
    func perform(roster effect: RosterEffect) {
        switch effect {
        case .probe(let address): probe(address)
        case .setLinks(let links):
            wantedLinks = links
            setLinks()
        case .problems(let problems):
            for problem in problems { logger.error("\(problem)") }
        case .cloneHeard(let instance): feed(.cloneHeard(instance))
        }
    }

    /// Has the links that the roster wants, but for peers that are cut.
    func setLinks() {
        ports.transport.setLinks(wantedLinks.filter { !offences.isCut($0.node) })
    }

    private func probe(_ address: NodeAddress) {
        start { [self] in
            let answer = await knock(at: address)
            post(.roster(.answered(address, answer)))
        }
    }

    private nonisolated func knock(at address: NodeAddress) async -> ProbeAnswer {
        guard let nonce = Bytes32(SecureRandom.bytes(32)) else {
            return .unreachable("no randomness")
        }
        do {
            let request = try HelloCodec.encode(HelloRequest(nonce: nonce, cluster: pin.cluster))
            let answer = try await ports.doors.hello(
                request, host: address.host, port: address.port, hostHeader: address.host)
            let sealed = try HelloCodec.decodeSealed(answer.body)
            switch HelloVerifier().verify(sealed, nonce: nonce) {
            case .success(let hello):
                if let grant = hello.grant { post(.records([grant])) }
                return .hello(HelloFacts(hello, address: answer.address))
            case .failure(let rejection):
                counters.count("hello.\(rejection.name)")
                return .refused(status: 200, "\(rejection)")
            }
        } catch let error as DoorError {
            switch error {
            case .unreachable(let why): return .unreachable(why)
            case .refused(let status, let why): return .refused(status: status, why)
            }
        } catch {
            counters.count("hello.malformed")
            return .refused(status: 200, "not a sitestacker door: \(error)")
        }
    }

    /// Answers a hello in this node's name.
    func hello(_ request: HelloRequest) throws(WireError) -> SealedHello {
        try ports.introduction.answer(
            request, cluster: pin.cluster, grant: ownGrantRecord, isReady: readiness.isReady,
            wall: ports.clock.now().wall)
    }

    /// The grant under which this node speaks, as it was signed.
    var ownGrantRecord: SealedRecord? {
        core.currentAuthority.ownGrant.flatMap { core.currentAuthority.records([$0]).first }
    }
}

extension HelloFacts {
    /// What a verified hello says; `address` is the one that answered.
    init(_ hello: Hello, address: String) {
        self.init(
            cluster: hello.cluster, node: hello.node, instance: hello.instance,
            curveKey: hello.curveKey, grant: hello.grant.map(RecordVerifier.hash(of:)),
            host: hello.endpoints.host ?? address,
            publishPort: hello.endpoints.publishPort,
            requestPort: hello.endpoints.requestPort, isReady: hello.isReady)
    }
}
