// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
public import ClusterModel

// Which code is served here.
extension Installation {
    /// Whether a node runs that nobody has told yet which code is served.
    public func wantsCode() async -> Bool { await node?.wantsCode ?? false }

    /// Tells the node which commit each repository is at.
    ///
    /// Telling the same again costs nothing.
    public func tellCode(_ commits: [RepositoryCommit]) { node?.post(.served(commits)) }

    /// Tells the node that nobody can say which commit each repository is at, and why.
    public func tellCodeUnknown(_ reason: String) { node?.post(.surveyFailed(reason: reason)) }
}

extension Node {
    /// Whether nobody has told yet which code is served.
    fileprivate var wantsCode: Bool { core.status.isCodeUnknown }
}
