// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import NodeRuntime
import Synchronization

/// A site that is as a test says, and counts who looks.
public final class ScriptedSurveyor: SiteSurveyor {
    private struct State {
        var survey: SiteSurvey
        var looks = 0
        var isStuck = false
        var stuck: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    /// A site that looks so.
    public init(_ survey: SiteSurvey = SiteSurvey(repositories: RepositorySurvey([]))) {
        state = Mutex(State(survey: survey))
    }

    /// Makes the site look so from now on.
    public func set(_ survey: SiteSurvey) { state.withLock { $0.survey = survey } }

    /// Has the database answer nobody until this is taken back.
    public func setStuck(_ isStuck: Bool) {
        let released = state.withLock { state in
            state.isStuck = isStuck
            defer { if !isStuck { state.stuck = [] } }
            return isStuck ? [] : state.stuck
        }
        for one in released { one.resume() }
    }

    /// How often somebody looked at the database.
    public var looks: Int { state.withLock { $0.looks } }

    /// As the script says.
    public func repositories() async -> RepositorySurvey {
        state.withLock { $0.survey.repositories }
    }

    /// As the script says, once it is not stuck.
    public func database() async -> DatabaseState? {
        await withCheckedContinuation { continuation in
            let isStuck = state.withLock { state in
                state.looks += 1
                if state.isStuck { state.stuck.append(continuation) }
                return state.isStuck
            }
            if !isStuck { continuation.resume() }
        }
        return state.withLock { $0.survey.database }
    }
}
