// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import WireFormat

// This server and every other, each as the process there describes itself.
extension Installation {
    /// This server and, asked through the mesh, every other; silent ones carry their error.
    public func status() async throws(ErrorDocument) -> StatusDocument {
        guard let node else {
            return StatusDocument(own: await ownWithoutLogin(), servers: [], problems: [])
        }
        let snapshot = await node.snapshot()
        let others = snapshot.listed.filter { !$0.isSelf }
        async let answers = ask(others, node, snapshot)
        async let survey = site.survey()
        let statistics: LogStatistics
        do {
            statistics = try await ports.log.statistics()
        } catch {
            throw ErrorDocument(error)
        }
        let report = await node.report(events: statistics, survey: survey)
        var own = ServerDocument(report, url: snapshot.ownURL)
        // Of itself a node knows more than it tells others.
        own.user = snapshot.authority.ownMember.map { snapshot.document(of: $0) }
        own.members = snapshot.members(own: identity.node)
        let here = await survey.repositories
        let servers = await answers.map { answer in
            switch answer {
            case .silent(let document): document
            case .told(let report, url: let url, skew: let skew):
                ServerDocument(
                    report, url: url, skew: skew, plannedFrom: here,
                    revision: snapshot.core.revisionCommits)
            }
        }
        return StatusDocument(
            own: own, servers: servers, problems: snapshot.problems.map(\.message))
    }

    private func ownWithoutLogin() async -> ServerDocument {
        let survey = await site.survey()
        var document = ServerDocument(
            url: settings.ownURL,
            warnings: ["this node is not logged in: sitestacker login -r URL -u USER"]
                + site.notices.all)
        document.hostname = ports.host.hostname
        document.path = ports.host.path
        document.version = ports.host.version
        document.node = ServerDocument.notLoggedIn
        document.isReady = false
        document.take(
            database: survey.database, lock: nil,
            RepositorySurvey(
                survey.repositories.repositories, problem: survey.repositories.problem))
        return document
    }

    /// What came of asking another server.
    enum Answer: Sendable {
        /// It told of itself; its clock is so many milliseconds ahead, where that is known.
        case told(StatusReport, url: String, skew: Int64?)
        /// It did not, or what it told cannot be used.
        case silent(ServerDocument)
    }

    private nonisolated func ask(
        _ entries: [ListedNode], _ node: Node, _ snapshot: NodeSnapshot
    ) async -> [Answer] {
        var answers: [Int: Answer] = [:]
        await withTaskGroup { group in
            for (index, entry) in entries.enumerated() {
                group.addTask { (index, await self.ask(entry, node, snapshot)) }
            }
            for await (index, answer) in group { answers[index] = answer }
        }
        return entries.indices.compactMap { answers[$0] }
    }

    /// Asks a listed node for its status; one that does not answer carries its error.
    nonisolated func ask(
        _ entry: ListedNode, _ node: Node, _ snapshot: NodeSnapshot
    ) async -> Answer {
        let url = entry.address.url
        let problem = snapshot.problems.first { $0.urls.contains(url) }
        func silent(_ error: String, _ code: String) -> Answer {
            var document = ServerDocument(
                url: url, error: problem?.message ?? error, code: problem?.statusCode ?? code)
            if problem?.code == .notLoggedIn { document.node = ServerDocument.notLoggedIn }
            return .silent(document)
        }
        guard let facts = entry.facts, let key = await node.keys[facts.node],
            snapshot.authority.isMember(facts.node)
        else { return silent("\(url) has not answered yet", ServerDocument.silent) }
        switch await node.reply(to: .status, of: facts.node) {
        case .success((let id, .status(let sealed))):
            switch StatusVerifier(cluster: node.pin.cluster).verify(
                sealed, answering: id, from: facts.node, key: key)
            {
            case .success(let report):
                let member = snapshot.core.members.first { $0.node == facts.node }
                return .told(report, url: url, skew: member?.clockOffset)
            case .failure(let rejection):
                return .silent(
                    ServerDocument(url: url, error: "\(rejection)", code: "unusable-answer"))
            }
        case .success:
            return .silent(
                ServerDocument(
                    url: url, error: "an answer to another question", code: "unusable-answer"))
        case .failure(let failure): return silent("\(failure)", failure.statusCode)
        }
    }
}

extension RequestFailure {
    /// The kind of failure, as `status` tells it to programs.
    fileprivate var statusCode: String {
        switch self {
        case .notSent, .silent: ServerDocument.silent
        case .unusable: "unusable-answer"
        case .refused: "refused"
        }
    }
}

extension RosterProblem {
    /// The kind of problem, as `status` tells it to programs.
    fileprivate var statusCode: String {
        switch code {
        case .unreachable: ServerDocument.silent
        case .selfMissing, .selfTwice, .clone, .sameNode, .clonedPeer, .wrongCluster,
            .notLoggedIn, .notMember, .wrongKey, .wrongServer, .notDoor:
            code.rawValue
        }
    }
}
