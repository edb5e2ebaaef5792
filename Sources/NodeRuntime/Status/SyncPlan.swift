// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterModel

/// What would make another server's repositories equal to this one's; computed, never carried out.
struct SyncPlan: Equatable {
    /// What would be done with one repository.
    enum Step: Equatable {
        /// Nothing: it is at the same commit.
        case inSync(path: String)
        /// It is not there yet.
        case clone(path: String, commit: String)
        /// It is at another commit.
        case checkout(path: String, from: String, to: String)
        /// It is there and not here.
        case extra(path: String)
        /// Nothing can be done, and why not.
        case skip(path: String, reason: String)
    }

    /// A step a repository: those of this server in its order, then what only the other one has.
    let steps: [Step]
    /// Why this server must not be what the others are made equal to, in sentences.
    let behind: [String]

    /// Compares what two servers say; `revision` is what the code of the site should be, where
    /// that has been agreed on.
    init(from own: RepositorySurvey, to other: RepositorySurvey, revision: [RepositoryCommit]) {
        let theirs = Dictionary(other.repositories.map { ($0.path, $0) }) { first, _ in first }
        let ours = own.repositories.inOrder
        let known = Set(ours.map(\.path))
        let agreed = Dictionary(revision.map { ($0.path, $0.commit) }) { first, _ in first }
        var behind: [String] = []
        var steps = ours.map { here in
            let there = theirs[here.path]
            let step = Step(from: here, to: there, isListWhole: other.problem == nil)
            if step.isChange, let reason = here.isOlder(than: there, agreed: agreed[here.path]) {
                behind.append(reason)
            }
            return step
        }
        steps += other.repositories.inOrder.filter { !known.contains($0.path) }.map {
            switch (own.problem, $0.path) {
            case (.some, _): .skip(path: $0.path, reason: "not all repositories here are known")
            case (nil, "."): .skip(path: ".", reason: "there is no repository here")
            case (nil, let path): .extra(path: path)
            }
        }
        self.steps = steps
        self.behind = behind
    }
}

extension SyncPlan.Step {
    fileprivate init(
        from here: RepositoryState, to there: RepositoryState?, isListWhole: Bool
    ) {
        let path = here.path
        guard let target = here.commit else {
            self = .skip(path: path, reason: "here: \(here.problem ?? "no commit")")
            return
        }
        guard let there else {
            self =
                isListWhole
                ? .clone(path: path, commit: target)
                : .skip(path: path, reason: "not all repositories there are known")
            return
        }
        guard let present = there.commit else {
            self = .skip(path: path, reason: there.problem ?? "no commit")
            return
        }
        guard !there.isModified else {
            self = .skip(path: path, reason: "local modifications")
            return
        }
        self =
            present == target
            ? .inSync(path: path) : .checkout(path: path, from: present, to: target)
    }

    fileprivate var isChange: Bool {
        switch self {
        case .clone, .checkout: true
        case .inSync, .extra, .skip: false
        }
    }
}

extension RepositoryState {
    /// Why this state of a repository is behind another server's; `nil` where nothing shows it.
    ///
    /// Every update leaves a note on the commit it brings. Where a revision has been agreed on, a
    /// HEAD with a note that is not its commit came with an earlier update. Without one the dates
    /// of the notes decide. A HEAD without a note came by hand and may be what the next update is
    /// to bring: it is never called behind.
    fileprivate func isOlder(than other: RepositoryState?, agreed: String?) -> String? {
        guard let updatedOn else { return nil }
        if let agreed {
            return agreed == commit
                ? nil : "\(path) came here with an earlier update than the cluster's last one"
        }
        guard let later = other?.updatedOn, later > updatedOn else { return nil }
        return "\(path) was updated later there than here"
    }
}

extension [RepositoryState] {
    /// The root first, then by path.
    var inOrder: [RepositoryState] {
        sorted { left, right in
            guard (left.path == ".") == (right.path == ".") else { return left.path == "." }
            return left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
        }
    }
}

extension PlanDocument {
    init(_ plan: SyncPlan) {
        self.init(steps: plan.steps.map(PlanStepDocument.init), behind: plan.behind)
    }
}

extension PlanStepDocument {
    init(_ step: SyncPlan.Step) {
        switch step {
        case .inSync(let path): self.init(action: "ok", path: path)
        case .clone(let path, let commit): self.init(action: "clone", path: path, to: commit)
        case .checkout(let path, let from, let to):
            self.init(action: "checkout", path: path, from: from, to: to)
        case .extra(let path): self.init(action: "extra", path: path)
        case .skip(let path, let reason):
            self.init(action: "skip", path: path, reason: reason)
        }
    }
}
