// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterModel
internal import WireFormat

// What servers say of themselves, as the administration API shows it.

extension ServerDocument {
    /// What another server says of itself, and what would make it equal to this one.
    init(
        _ report: StatusReport, url: String, skew: Int64?, plannedFrom own: RepositorySurvey,
        revision: [RepositoryCommit]
    ) {
        self.init(report, url: url)
        clockSkewMilliseconds = skew
        let theirs = RepositorySurvey(report.repositories, problem: report.repositoriesProblem)
        if !own.repositories.isEmpty || !theirs.repositories.isEmpty || theirs.problem != nil {
            plan = PlanDocument(SyncPlan(from: own, to: theirs, revision: revision))
        }
    }

    /// What a server says of itself.
    init(_ report: StatusReport, url: String?) {
        self.init(url: url, warnings: report.warnings)
        hostname = report.hostName
        path = report.path
        version = report.version
        node = report.node.short
        isReady = report.isReady
        if !report.userName.isEmpty {
            user = UserDocument(
                name: report.userName, email: report.email, fullName: report.fullName, scopes: "",
                expires: nil)
        }
        members = MembersDocument(members: report.members.map(MemberDocument.init))
        userProblems = report.userProblems
        caches = report.caches.map { CacheDocument(target: $0.target, problem: $0.problem) }
        events = EventsStatusDocument(
            stored: Int(clamping: report.events.stored),
            missing: Int(clamping: report.events.missing),
            waiting: Int(clamping: report.events.waiting),
            parked: Int(clamping: report.events.parked),
            withheld: Int(clamping: report.events.withheld),
            refused: Dictionary(report.refused.map { ($0.reason, $0.count) }) { first, _ in first })
        take(
            database: report.database, lock: report.lock,
            RepositorySurvey(report.repositories, problem: report.repositoriesProblem))
    }

    /// Shows what a look at the site found.
    mutating func take(
        database: DatabaseState?, lock: LockState?, _ survey: RepositorySurvey
    ) {
        self.database = database.map {
            DatabaseDocument(
                version: $0.version, sizeBytes: $0.sizeBytes, problem: $0.problem)
        }
        isLocked = lock != nil
        self.lock = lock.map(LockDocument.init)
        repositories = survey.repositories.inOrder.map(RepositoryDocument.init)
        repositoriesProblem = survey.problem
    }
}

extension MemberDocument {
    /// What a server says of another one.
    fileprivate init(_ report: MemberReport) {
        let state =
            switch report.state {
            case .alive: "alive"
            case .suspect: "suspect"
            case .dead: "dead"
            case .notLoggedIn: ServerDocument.notLoggedIn
            }
        self.init(
            node: report.node?.description, url: report.url, state: state, user: nil,
            silentMilliseconds: nil)
    }
}

extension RepositoryDocument {
    fileprivate init(_ state: RepositoryState) {
        self.init(path: state.path, head: state.head, commit: state.commit)
        names = state.names
        isDetached = state.isDetached
        isModified = state.isModified
        updatedOn = state.updatedOn?.milliseconds
        updatedBy = state.updatedBy
        origin = state.origin
        problem = state.problem
    }
}
