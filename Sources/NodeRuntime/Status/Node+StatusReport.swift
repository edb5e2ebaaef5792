// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import WireFormat

extension Node {
    /// What this node says of itself, to its own people and to its peers alike.
    func report(events: LogStatistics, survey: SiteSurvey) -> StatusReport {
        let snapshot = snapshot()
        let member = snapshot.authority.ownMember
        let account = member.flatMap { snapshot.authority.account(named: $0.user)?.account }
        var report = StatusReport(node: identity.node, wall: snapshot.moment.wall)
        report.url = snapshot.ownURL ?? ""
        report.hostName = ports.host.hostname
        report.path = ports.host.path
        report.version = ports.host.version
        report.userName = member?.user ?? ""
        report.fullName = account?.fullName ?? ""
        report.email = account?.email ?? ""
        report.isReady = snapshot.core.readiness.isReady
        report.members = snapshot.core.members.map { member in
            MemberReport(
                node: member.node, url: snapshot.name(of: member.node, own: identity.node),
                state: MemberReport.State(member.status),
                skewMilliseconds: member.clockOffset ?? 0, lag: member.lag)
        }
        report.events = EventCounts(snapshot.core, stored: events.eventCount)
        report.refused = counters.refused
            .merging(ports.site.counters.refused, uniquingKeysWith: &+)
            .sorted { $0.key < $1.key }
            .map { RefusalCount(reason: $0.key, count: $0.value) }
        report.warnings = snapshot.warnings(own: identity.node) + ports.site.notices.all
        report.userProblems = snapshot.userProblems
        report.caches = ports.site.health.reports
        report.database = survey.database
        report.lock = snapshot.lock
        report.repositories = survey.repositories.repositories
        report.repositoriesProblem = survey.repositories.problem
        return report
    }

    /// Answers the verb `status`, signed; git and database are read elsewhere.
    func answerStatus(_ ticket: ReplyTicket) {
        guard let id = open[ticket]?.id else { return }
        start { [self] in
            do {
                async let survey = ports.site.survey()
                let statistics = try await ports.log.statistics()
                let report = await report(events: statistics, survey: survey).fitted()
                let sealer = StatusSealer(cluster: pin.cluster, identity: identity)
                post(.served(.status(try sealer.seal(report, answering: id)), ticket))
            } catch {
                post(.failed(ticket, "\(error)"))
            }
        }
    }
}

extension EventCounts {
    /// The core's logs in figures.
    fileprivate init(_ core: CoreStatus, stored: Int) {
        var (applied, missing, waiting): (UInt64, UInt64, UInt64) = (0, 0, 0)
        for log in core.logs {
            applied &+= log.applied.value
            waiting += log.head.last > log.applied ? log.head.last.value - log.applied.value : 0
            // How far a log goes is a peer's claim: of several the sum may be beyond any number.
            let (total, isBeyond) = missing.addingReportingOverflow(
                log.known.value - log.head.last.value)
            missing = isBeyond ? .max : total
        }
        self.init(
            stored: UInt64(clamping: stored), applied: applied, missing: missing,
            waiting: waiting, parked: core.parkedEvents, withheld: core.refusedEvents)
    }
}

extension NodeSnapshot {
    /// What keeps the node from being ready, and everything else worth a warning, in sentences.
    fileprivate func warnings(own: NodeID) -> [String] {
        var warnings = core.readiness.obstacles.map { "not ready: \($0.sentence)" }
        if core.isCloned {
            warnings.append("another process has this node's identity: cloned machine")
        }
        for log in core.logs where log.isQuarantined {
            warnings.append("the log of \(log.head.log.origin.short) has two histories")
        }
        for member in core.members {
            let name = name(of: member.node, own: own)
            if let offset = member.clockOffset, offset.magnitude > 500 {
                warnings.append("the clock of \(name) differs by \(offset) ms")
            }
            if !member.hasEqualPolicy {
                warnings.append("the users file of \(name) allows something else than this one's")
            }
        }
        for grant in authority.grants(at: moment.wall)
        where grant.hash == authority.ownGrant {
            if let warning = grant.warning { warnings.append(warning) }
        }
        return warnings
    }

    /// What is wrong with the users file, in sentences.
    fileprivate var userProblems: [String] {
        guard !authority.allowed.isEmpty else {
            return ["no users file, or an empty one: no remote user may change anything"]
        }
        return authority.unresolved.map { "\($0) is no account of the cluster" }
    }
}

extension GrantReport {
    /// What is to be said of the grant that a node speaks under; `nil` for nothing.
    fileprivate var warning: String? {
        switch state {
        case .valid, .revoked, .lapsed: nil
        case .expiring: "the login of this node as \(user) ends \(grant.notAfter): log in again"
        case .expired:
            "the login of this node as \(user) ended \(grant.notAfter): it publishes nothing until "
                + "it is logged in again"
        }
    }
}

extension Counters {
    /// What was refused, by reason: of others, and of who uses this server's local socket.
    ///
    /// Law: whatever the audit trail has as refused is counted here.
    var refused: [String: UInt64] {
        let kinds = [
            "batch.", "beacon.", "broadcast.", "request.", "reply.", "record.", "hello.", "login.",
            "door.", "transport.key-refused", "publish.", "join.", "records.", "pin.",
            "server.",
            "core.withheld", "core.clone-heard", "core.fork-found", "core.chain-broken",
            "core.request-rejected", "core.beacon-rejected",
        ]
        let counted = all.filter { name, _ in
            !LoginService.successes.contains(name) && kinds.contains { name.hasPrefix($0) }
        }
        return Dictionary(
            counted.map { name, count in
                (name.hasPrefix("core.") ? String(name.dropFirst("core.".count)) : name, count)
            }, uniquingKeysWith: &+)
    }
}

extension Readiness.Obstacle {
    /// The obstacle, for people.
    fileprivate var sentence: String {
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

extension MemberReport.State {
    /// What the wire calls what the core knows.
    init(_ status: PeerStatus) {
        self =
            switch status {
            case .alive: .alive
            case .suspect: .suspect
            case .dead, .unknown: .dead
            }
    }
}
