// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

/// What a node shows of itself at one moment.
struct NodeSnapshot: Sendable {
    let core: CoreStatus
    let authority: Authority
    let heads: [EpochHead]
    let listed: [ListedNode]
    let problems: [RosterProblem]
    let ownURL: String?
    let moment: Moment

    /// The URL of a node, or its short ID where the list does not name it.
    func name(of node: NodeID, own: NodeID) -> String {
        if node == own, let ownURL { return ownURL }
        return listed.first { $0.facts?.node == node }?.address.url ?? node.short
    }

    /// The name of the user whose grant that is, where it is known.
    func user(of grant: Digest) -> String? {
        authority.grants(at: moment.wall).first { $0.hash == grant }?.user
    }
}

extension Node {
    /// What there is to show now.
    func snapshot() -> NodeSnapshot {
        NodeSnapshot(
            core: core.status, authority: core.currentAuthority, heads: core.heads,
            listed: roster.listed, problems: roster.problems, ownURL: roster.ownURL,
            moment: ports.clock.now())
    }

    /// What came of an event, member by member.
    func outcomes(of id: EventID) -> [(node: NodeID, outcome: ApplyOutcome?)] {
        core.outcomes(of: id)
    }

    /// Has the observer called with everything new until it is removed.
    func addObserver(_ observer: @escaping @Sendable (NodeNews) -> Void) -> UInt64 {
        defer { nextObserver += 1 }
        observers[nextObserver] = observer
        return nextObserver
    }

    /// Ends an observation.
    func removeObserver(_ number: UInt64) { observers[number] = nil }

    /// The node's own report, as its peers get it.
    func report(events: LogStatistics) -> StatusReport {
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
        report.isReady = readiness.isReady
        report.members = snapshot.core.members.map { member in
            MemberReport(
                node: member.node, url: snapshot.name(of: member.node, own: identity.node),
                state: MemberReport.State(member.status),
                skewMilliseconds: member.clockOffset ?? 0, lag: member.lag)
        }
        report.events = EventCounts(
            stored: UInt64(events.eventCount),
            applied: snapshot.core.logs.reduce(0) { $0 + $1.applied.value },
            parked: snapshot.core.parkedEvents, withheld: snapshot.core.refusedEvents)
        return report
    }

    /// Answers the verb `status`, signed.
    func answerStatus(_ ticket: ReplyTicket) {
        guard let id = open[ticket]?.id else { return }
        start { [self] in
            do {
                let report = await report(events: try await ports.log.statistics())
                let sealer = StatusSealer(cluster: pin.cluster, identity: identity)
                post(.served(.status(try sealer.seal(report, answering: id)), ticket))
            } catch {
                post(.failed(ticket, "\(error)"))
            }
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
