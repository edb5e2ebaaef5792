// SPDX-License-Identifier: Apache-2.0
import ClusterModel

// What a node tells of itself comes from git, databases, caches and files, and may be of any
// length. It is made to fit before it is encoded: a report that cannot be encoded would make a
// server that answers look silent.

extension StatusReport {
    /// Room for the repositories of a report beside everything else in it.
    ///
    /// Unit: bytes. Thousand repositories with short names fit.
    private static let repositoryRoom = 240_000
    /// Longest sentence that a report keeps: a line or two of a terminal.
    ///
    /// Unit: bytes of UTF-8.
    private static let sentence = 512

    /// The same report with texts and lists that fit; what is left out is said.
    ///
    /// Repositories are in the order of their paths afterwards, each path once.
    public func fitted() -> StatusReport {
        var report = self
        report.url = shown(url)
        report.hostName = shown(hostName)
        report.path = shown(path, to: WireLimits.entry)
        report.version = shown(version)
        report.userName = shown(userName)
        report.fullName = shown(fullName)
        report.email = shown(email)
        report.members = members.prefix(WireLimits.members / 8).map { member in
            var member = member
            member.url = shown(member.url)
            return member
        }
        report.refused = refused.prefix(WireLimits.refusals).map {
            RefusalCount(reason: shown($0.reason), count: $0.count)
        }
        report.warnings = sentences(warnings)
        report.userProblems = sentences(userProblems)
        report.caches = caches.prefix(WireLimits.caches / 4).map {
            CacheReport(
                target: shown($0.target),
                problem: $0.problem.map { shown($0, to: Self.sentence) })
        }
        report.database = database?.fitted()
        report.lock = lock?.fitted()
        report.repositoriesProblem = repositoriesProblem.map { shown($0, to: Self.sentence) }
        report.fitRepositories()
        return report
    }

    private func sentences(_ list: [String]) -> [String] {
        var kept = list.filter { !$0.isEmpty }.prefix(WireLimits.warnings)
        if list.count > kept.count, !kept.isEmpty {
            kept.removeLast()
            kept.append("and \(list.count - kept.count) more")
        }
        return kept.map { shown($0, to: Self.sentence) }
    }

    private mutating func fitRepositories() {
        var fitting: [RepositoryState] = []
        let sorted = repositories.map { $0.fitted() }.sorted {
            $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }
        var room = Self.repositoryRoom
        for repository in sorted where repository.path != fitting.last?.path {
            room -= repository.byteCount
            guard room >= 0, fitting.count < WireLimits.repositories else { break }
            fitting.append(repository)
        }
        if fitting.count < repositories.count, repositoriesProblem == nil {
            repositoriesProblem =
                "\(repositories.count - fitting.count) of \(repositories.count) are not listed"
        }
        repositories = fitting
    }
}

extension DatabaseState {
    /// The same state with texts that fit.
    fileprivate func fitted() -> DatabaseState {
        DatabaseState(
            version: version.flatMap { shown($0).unlessEmpty }, sizeBytes: sizeBytes,
            problem: problem.flatMap { shown($0, to: 512).unlessEmpty })
    }
}

extension LockState {
    /// The same lock with texts that fit.
    fileprivate func fitted() -> LockState {
        LockState(
            holder: shown(holder), since: since,
            reason: shown(reason, to: WireLimits.lockReason), expires: expires)
    }
}

extension RepositoryState {
    /// The same state with texts that fit and as many names as may be.
    fileprivate func fitted() -> RepositoryState {
        var names = names.filter { !$0.isEmpty }.map { shown($0) }
        if names.count > WireLimits.refNames {
            names.removeLast(names.count - WireLimits.refNames + 1)
            names.append("...")
        }
        return RepositoryState(
            path: shown(path, to: WireLimits.entry), commit: commit, short: short, names: names,
            isDetached: isDetached, isModified: isModified, updatedOn: updatedOn,
            updatedBy: updatedBy.flatMap { shown($0).unlessEmpty },
            origin: origin.flatMap { shown($0).unlessEmpty },
            problem: problem.flatMap { shown($0, to: 512).unlessEmpty })
    }

    /// Never less than its length on the wire.
    fileprivate var byteCount: Int {
        let texts = [path, commit, short, updatedBy, origin, problem].compactMap { $0 } + names
        return texts.reduce(32) { $0 + $1.utf8.count + 4 }
    }
}

/// The text without control characters, and no longer than it may be.
private func shown(_ text: String, to limit: Int = WireLimits.name) -> String {
    var visible = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\t", "\n", "\r": visible += " "
        case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}": visible += "\u{FFFD}"
        default: visible.unicodeScalars.append(scalar)
        }
    }
    return WireLimits.clip(visible, to: limit)
}
