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
            // All come again whenever one changes: of fifty silent servers each is told once.
            for problem in problems where !toldProblems.contains(problem) {
                logger.error("\(problem)")
            }
            toldProblems = problems
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
        switch await introduction(at: address) {
        case .success(let introduction):
            if let grant = introduction.hello.grant { post(.records([grant])) }
            return .hello(HelloFacts(introduction.hello, address: introduction.address))
        case .failure(let failure): return failure.answer
        }
    }

    /// Asks the node at a door who it is.
    nonisolated func introduction(
        at address: NodeAddress
    ) async -> Result<(hello: Hello, address: String), ProbeFailure> {
        guard let nonce = Bytes32(SecureRandom.bytes(32)) else {
            return .failure(ProbeFailure(.unreachable("no randomness")))
        }
        let question = HelloQuestion(nonce: nonce, cluster: pin.cluster)
        do {
            let answer = try await ports.doors.hello(
                try question.encoded(), host: address.host, port: address.port,
                hostHeader: address.host)
            switch question.read(answer.body) {
            case .success(let hello): return .success((hello, answer.address))
            case .failure(let refusal):
                counters.count(refusal.name)
                return .failure(ProbeFailure(refusal.answer))
            }
        } catch let error as DoorError {
            switch error {
            case .unreachable(let why): return .failure(ProbeFailure(.unreachable(why)))
            case .refused(let status, let why):
                return .failure(ProbeFailure(.refused(status: status, why)))
            }
        } catch {
            return .failure(ProbeFailure(.unreachable("the question: \(error)")))
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

/// A door that did not introduce a node.
struct ProbeFailure: Error {
    /// What the roster is told.
    let answer: ProbeAnswer
    /// Why, for people.
    var reason: String {
        switch answer {
        case .unreachable(let why), .refused(status: _, let why): why
        case .hello: ""
        }
    }

    init(_ answer: ProbeAnswer) { self.answer = answer }
}

extension Node {
    /// Notes and counts who newly answers in a listed server's place.
    func noteStrangers(_ effect: RosterEffect) {
        guard case .problems(let problems) = effect else { return }
        for problem in problems where problem.code.isStranger && !strangers.contains(problem) {
            counters.count("server.\(problem.code.rawValue)")
            audit.refused(
                .server, subject: problem.urls.joined(separator: ", "),
                reason: problem.code.rawValue)
        }
        strangers = Set(problems)
    }
}

extension RosterProblem.Code {
    /// Whether somebody else answers than whom the list means.
    fileprivate var isStranger: Bool {
        switch self {
        case .sameNode, .selfMissing, .selfTwice, .unreachable, .notLoggedIn, .clone: false
        case .clonedPeer, .wrongCluster, .notMember, .wrongKey, .wrongServer, .notDoor: true
        }
    }
}
