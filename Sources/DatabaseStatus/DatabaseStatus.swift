// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
internal import Foundation
internal import Synchronization

/// Version and size of the site's database, asked for anew each time.
///
/// Law: every question is answered in time, with a state or with what is wrong; no state holds a
/// password; the database is never changed.
/// Invariant: at most one thread asks. Who comes meanwhile shares its answer.
public final class DatabaseStatus: Sendable {
    private let location: DatabaseLocation
    private let root: String
    private let limits: DatabaseLimits
    private let questions = Mutex(Questions())

    /// Describes a database; asks nothing yet.
    ///
    /// - Parameter root: The installation's root, an absolute path.
    public convenience init(_ location: DatabaseLocation, root: String) {
        self.init(location, root: root, limits: DatabaseLimits())
    }

    init(_ location: DatabaseLocation, root: String, limits: DatabaseLimits) {
        self.location = location
        self.root = root
        self.limits = limits
    }

    /// The database's state at present.
    public func read() async -> DatabaseState {
        await withCheckedContinuation { continuation in
            let number = questions.withLock { $0.add(continuation) }
            guard let number else {
                let stuck = DatabaseProblem(
                    .timedOut, operation: "ask the database server",
                    expected: "an answer to an earlier question", found: "none",
                    hint: "See whether the server is overloaded, or another program listens there.")
                let problem = stuck.description
                continuation.resume(
                    returning: DatabaseState(version: nil, sizeBytes: nil, problem: problem))
                return
            }
            if case .first(let round) = number { ask(in: round) }
        }
    }

    /// Asks on a thread of its own: client libraries block, and the cooperative threads must not.
    private func ask(in round: Int) {
        let thread = Thread { [self] in
            let state = answer()
            for continuation in questions.withLock({ $0.end(round) }) {
                continuation.resume(returning: state)
            }
        }
        thread.name = "database"
        thread.start()
        let late = DatabaseProblem.timedOut(
            "read the database's version and size", after: limits.whole)
        let state = DatabaseState(version: nil, sizeBytes: nil, problem: late.description)
        let milliseconds = Int(clamping: limits.whole.wholeMilliseconds)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
            [self] in
            for continuation in questions.withLock({ $0.giveUp(round) }) {
                continuation.resume(returning: state)
            }
        }
    }

    private func answer() -> DatabaseState {
        var secret: String?
        do throws(DatabaseProblem) {
            switch location {
            case .mysql(let login):
                secret = login.password
                return try MySQLReader().read(login, limits: limits)
            case .postgresql(let login):
                secret = login.password
                return try PostgreSQLReader().read(login, limits: limits)
            case .sqlite(let path):
                return try SQLiteReader.read(path.hasPrefix("/") ? path : "\(root)/\(path)")
            }
        } catch {
            let problem = error.hiding(secret).description
            return DatabaseState(version: nil, sizeBytes: nil, problem: problem)
        }
    }
}

/// Who waits for an answer.
private struct Questions {
    /// Whether whoever comes has to start the asking.
    enum Turn {
        case first(round: Int)
        case joined
    }

    private var round = 0
    private var isAsking = false
    private var hasGivenUp = false
    private var waiting: [CheckedContinuation<DatabaseState, Never>] = []

    /// Joins; `nil` while the thread hangs on a question that was given up.
    mutating func add(_ continuation: CheckedContinuation<DatabaseState, Never>) -> Turn? {
        if isAsking, hasGivenUp { return nil }
        waiting.append(continuation)
        if isAsking { return .joined }
        round += 1
        isAsking = true
        return .first(round: round)
    }

    /// The thread is done; whoever waits still is to be told.
    mutating func end(_ ended: Int) -> [CheckedContinuation<DatabaseState, Never>] {
        guard ended == round else { return [] }
        isAsking = false
        hasGivenUp = false
        defer { waiting = [] }
        return waiting
    }

    /// The time of a round is over; whoever waits still is to be told.
    mutating func giveUp(_ late: Int) -> [CheckedContinuation<DatabaseState, Never>] {
        guard late == round, isAsking else { return [] }
        hasGivenUp = true
        defer { waiting = [] }
        return waiting
    }
}
