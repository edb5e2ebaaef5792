// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// The code that this node serves, and what its caches were cleared for.
struct ServedCode: Sendable {
    /// What is on disk, or on its way there.
    var record: ClearRecord
    /// What was found last; `nil` before anybody looked in this run.
    private(set) var served: [RepositoryCommit]?
    /// Whether somebody has looked in this run, with or without success.
    var isSurveyed = false
    /// Tells one switch of the code from the next.
    private(set) var switches = 0
    /// The revision that the code was compared with last, and whether it differs.
    private var judged: (revision: EventID?, isBehind: Bool) = (nil, false)

    init(_ record: ClearRecord) { self.record = record }

    /// Takes what was found; returns whether it is news in this run.
    mutating func take(_ commits: [RepositoryCommit]) -> Bool {
        isSurveyed = true
        guard served != commits else { return false }
        served = commits
        judged = (nil, false)
        return true
    }

    /// Names a switch of the code.
    mutating func beginSwitch() -> Int {
        switches += 1
        return switches
    }

    /// Whether the code that is served is another than the one that should be, or is not known.
    ///
    /// Repositories that a revision does not name do not count.
    mutating func isBehind(_ wanted: RevisionEntry?) -> Bool {
        guard let wanted else { return false }
        if judged.revision != wanted.id {
            let isLevel = wanted.proposal.commits.allSatisfy { served?.contains($0) ?? false }
            judged = (wanted.id, !isLevel || served == nil)
        }
        return judged.isBehind
    }
}
