// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import Synchronization
internal import WireFormat

/// What is wrong at present with something that is watched, such as a file, for `status` to say.
public final class Notices: Sendable {
    private let sentences = Mutex<[String: String]>([:])

    /// Nothing is wrong.
    public init() {}

    /// Says what is wrong with a thing, or with `nil` that it is well again.
    public func set(_ sentence: String?, about thing: String) {
        sentences.withLock { $0[thing] = sentence }
    }

    /// All of it, in the order of the things' names.
    public var all: [String] {
        sentences.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
    }
}

/// Which caches there are and whether the last clear of each worked, as its steps told.
final class CacheHealth: Sendable {
    private let problems = Mutex<[String: String?]>([:])

    /// Takes the steps of a clear: one that failed makes its cache a problem until the next.
    func note(_ steps: [StepReceipt]) {
        problems.withLock { problems in
            for target in Set(steps.map(\.target)) {
                guard problems[target] != nil || problems.count < WireLimits.caches else {
                    continue
                }
                let failed = steps.first { $0.target == target && $0.failure != nil }
                problems.updateValue(failed?.failure, forKey: target)
            }
        }
    }

    /// Forgets all caches: others may be configured now.
    func forget() { problems.withLock { $0 = [:] } }

    /// The caches in the order of their names.
    var reports: [CacheReport] {
        problems.withLock { problems in
            problems.sorted { $0.key < $1.key }.map {
                CacheReport(target: $0.key, problem: $0.value)
            }
        }
    }
}

/// What a node tells in `status` beside its own affairs.
public struct SiteView: Sendable {
    /// What is wrong with things that are watched.
    public let notices = Notices()
    let health = CacheHealth()
    /// What was refused at the doors.
    let counters: Counters
    private let desk: SurveyDesk?

    /// A view of nothing, for nodes that serve no site.
    public init() {
        counters = Counters()
        desk = nil
    }

    init(_ desk: SurveyDesk, counters: Counters) {
        self.desk = desk
        self.counters = counters
    }

    /// What the site looks like, within four seconds.
    func survey() async -> SiteSurvey {
        await desk?.survey() ?? SiteSurvey(repositories: RepositorySurvey([]))
    }

    /// Serves those who ask for a survey, until the task is cancelled.
    func run() async { await desk?.run() }
}
