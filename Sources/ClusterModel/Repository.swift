// SPDX-License-Identifier: Apache-2.0

/// What one git repository of an installation looks like at present.
public struct RepositoryState: Hashable, Sendable {
    /// Where its work tree is, relative to the installation's root; `.` is the root itself.
    public let path: String
    /// The commit of HEAD in full hexadecimal; `nil` where there is none or it cannot be read.
    public let commit: String?
    /// The same commit as git abbreviates it in that repository; `nil` with `commit`.
    public let short: String?
    /// The refs that point at the commit, in the order and form of git's short decoration.
    ///
    /// `HEAD` itself is not among them, nor is the repetition of a detached one.
    public let names: [String]
    /// Whether HEAD names a commit instead of a branch.
    public let isDetached: Bool
    /// Whether tracked files differ from the commit, in the index or in the work tree.
    public let isModified: Bool
    /// When the last update brought it to this commit; `nil` where no note says so.
    public let updatedOn: WallTime?
    /// Who performed that update; `nil` where no note says so.
    public let updatedBy: String?
    /// Where it came from, without any credentials; `nil` where it names no origin.
    public let origin: String?
    /// What is wrong with it, in one line; `nil` where nothing is.
    ///
    /// Where `commit` is `nil` this is why. With a commit, it is something beside it, such as a
    /// note of an update that cannot be read.
    public let problem: String?

    /// Describes a repository.
    public init(
        path: String, commit: String?, short: String?, names: [String] = [],
        isDetached: Bool = false, isModified: Bool = false, updatedOn: WallTime? = nil,
        updatedBy: String? = nil, origin: String? = nil, problem: String? = nil
    ) {
        self.path = path
        self.commit = commit
        self.short = short
        self.names = names
        self.isDetached = isDetached
        self.isModified = isModified
        self.updatedOn = updatedOn
        self.updatedBy = updatedBy
        self.origin = origin
        self.problem = problem
    }

    /// HEAD as `status` shows it: `6212a58 (master, origin/master)`; empty without a commit.
    ///
    /// A star after the commit, `6212a58* (...)`, says that tracked files were changed here. A
    /// detached HEAD repeats the commit at the end of the list: `27d9bb7 (1.0.0, 27d9bb7)`.
    public var head: String {
        guard let short else { return "" }
        let list = isDetached ? names + [short] : names
        let mark = isModified ? "*" : ""
        return list.isEmpty
            ? short + mark : "\(short)\(mark) (\(list.joined(separator: ", ")))"
    }
}
