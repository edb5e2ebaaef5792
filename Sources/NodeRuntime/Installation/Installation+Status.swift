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
            return StatusDocument(own: ownWithoutLogin(), servers: [], problems: [])
        }
        let snapshot = await node.snapshot()
        let own = try await own(snapshot, node)
        let others = snapshot.listed.filter { !$0.isSelf }
        var servers: [Int: ServerDocument] = [:]
        await withTaskGroup { group in
            for (index, entry) in others.enumerated() {
                group.addTask { (index, await self.ask(entry, node, snapshot)) }
            }
            for await (index, document) in group { servers[index] = document }
        }
        return StatusDocument(
            own: own, servers: others.indices.compactMap { servers[$0] },
            problems: snapshot.problems.map(\.message))
    }

    private func ownWithoutLogin() -> ServerDocument {
        ServerDocument(
            url: settings.ownURL, hostname: ports.host.hostname, path: ports.host.path,
            node: "not logged in", isReady: false,
            warnings: ["this node is not logged in: sitestacker login -r URL -u USER"])
    }

    private func own(
        _ snapshot: NodeSnapshot, _ node: Node
    ) async throws(ErrorDocument) -> ServerDocument {
        let statistics: LogStatistics
        do {
            statistics = try await ports.log.statistics()
        } catch {
            throw ErrorDocument(error)
        }
        let missing = snapshot.core.logs.reduce(UInt64(0)) { sum, log in
            // How far a log goes is a peer's claim: of several the sum may be beyond any number.
            let (total, isBeyond) = sum.addingReportingOverflow(
                log.known.value - log.head.last.value)
            return isBeyond ? .max : total
        }
        let waiting = snapshot.core.logs.reduce(UInt64(0)) { sum, log in
            sum + (log.head.last > log.applied ? log.head.last.value - log.applied.value : 0)
        }
        return ServerDocument(
            url: snapshot.ownURL, hostname: ports.host.hostname, path: ports.host.path,
            node: identity.node.short,
            user: snapshot.authority.ownMember.map { snapshot.document(of: $0) },
            members: snapshot.members(own: identity.node),
            events: EventsStatusDocument(
                stored: statistics.eventCount, missing: Int(clamping: missing),
                waiting: Int(clamping: waiting),
                parked: Int(clamping: snapshot.core.parkedEvents),
                withheld: Int(clamping: snapshot.core.refusedEvents),
                refused: node.counters.refused.merging(counters.refused, uniquingKeysWith: +)),
            isReady: snapshot.core.readiness.isReady, warnings: warnings(snapshot))
    }

    private func warnings(_ snapshot: NodeSnapshot) -> [String] {
        var warnings = snapshot.core.readiness.obstacles.map { "not ready: \($0.sentence)" }
        if snapshot.core.isCloned {
            warnings.append("another process has this node's identity: cloned machine")
        }
        for log in snapshot.core.logs where log.isQuarantined {
            warnings.append("the log of \(log.head.log.origin.short) has two histories")
        }
        for member in snapshot.core.members {
            let name = snapshot.name(of: member.node, own: identity.node)
            if let offset = member.clockOffset, offset.magnitude > 500 {
                warnings.append("the clock of \(name) differs by \(offset) ms")
            }
            if !member.hasEqualPolicy {
                warnings.append("the users file of \(name) allows something else than this one's")
            }
        }
        if snapshot.authority.allowed.isEmpty {
            warnings.append("no users file, or an empty one: no remote user may change anything")
        }
        for name in snapshot.authority.unresolved {
            warnings.append("\(name) in the users file is no account of the cluster")
        }
        for grant in snapshot.authority.grants(at: snapshot.moment.wall)
        where grant.grant.node == identity.node && grant.state == .expiring {
            warnings.append("the login of this node ends within 30 days: log in again")
        }
        return warnings
    }

    private nonisolated func ask(
        _ entry: ListedNode, _ node: Node, _ snapshot: NodeSnapshot
    ) async -> ServerDocument {
        let url = entry.address.url
        let problem = snapshot.problems.first { $0.urls.contains(url) }
        guard let facts = entry.facts, let key = await node.keys[facts.node],
            snapshot.authority.isMember(facts.node)
        else {
            let error = problem?.message ?? "\(url) has not answered yet"
            let isStranger = problem?.code == .notLoggedIn
            return ServerDocument(
                url: url, error: error, node: isStranger ? "not logged in" : nil)
        }
        switch await node.reply(to: .status, of: facts.node) {
        case .success((let id, .status(let sealed))):
            switch StatusVerifier(cluster: node.pin.cluster).verify(
                sealed, answering: id, from: facts.node, key: key)
            {
            case .success(let report):
                return ServerDocument(report, url: url, askedAt: snapshot.moment.wall)
            case .failure(let rejection):
                return ServerDocument(url: url, error: "\(rejection)")
            }
        case .success: return ServerDocument(url: url, error: "an answer to another question")
        case .failure(let failure):
            return ServerDocument(url: url, error: problem?.message ?? "\(failure)")
        }
    }
}

extension ServerDocument {
    /// What a server says of itself.
    init(_ report: StatusReport, url: String, askedAt wall: WallTime) {
        let user =
            report.userName.isEmpty
            ? nil
            : UserDocument(
                name: report.userName, email: report.email, fullName: report.fullName, scopes: "",
                expires: nil)
        let here = Int64(clamping: wall.milliseconds)
        self.init(
            url: url, hostname: report.hostName, path: report.path, node: report.node.short,
            user: user,
            members: MembersDocument(
                members: report.members.map {
                    MemberDocument(
                        node: $0.node?.description, url: $0.url, state: "\($0.state)",
                        user: nil, silentMilliseconds: nil)
                }),
            events: EventsStatusDocument(
                stored: Int(clamping: report.events.stored), missing: 0, waiting: 0,
                parked: Int(clamping: report.events.parked),
                withheld: Int(clamping: report.events.withheld), refused: [:]),
            clockSkewMilliseconds: Int64(clamping: report.wall.milliseconds) - here,
            isReady: report.isReady,
            warnings: report.isReady ? [] : ["not ready"])
    }
}

extension Counters {
    /// What was refused from outside, by reason.
    var refused: [String: UInt64] {
        let kinds = [
            "batch.", "beacon.", "broadcast.", "request.", "reply.", "record.", "hello.", "login.",
            "door.", "transport.key-refused",
        ]
        return all.filter { name, _ in
            !LoginService.successes.contains(name) && kinds.contains { name.hasPrefix($0) }
        }
    }
}

extension Readiness.Obstacle {
    /// The obstacle, for people.
    var sentence: String {
        switch self {
        case .notLoggedIn: "not logged in"
        case .cloned: "another process has this node's identity"
        case .awaitingOwnHeads: "peers are asked for this node's own log"
        case .awaitingEpoch: "the epoch is not on disk yet"
        case .awaitingBeacon(let node): "nothing heard of \(node.short) yet"
        case .behind(let log): "behind in the log \(log)"
        case .applying(let log): "applying the log \(log)"
        case .awaitingClear: "caches are to be cleared first"
        case .awaitingSurvey: "nobody has looked yet which code is served here"
        case .behindRevision(let id): "the code is not that of the newest known revision, \(id)"
        }
    }
}
