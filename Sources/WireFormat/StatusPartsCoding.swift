// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

// The parts of a status report. What is absent on the wire is an empty text, or a field that knows
// its own absence.

private let operation = "status report"

extension MemberReport {
    init(wire: ProtoMemberStatus) throws(WireError) {
        let state: State
        switch wire.state {
        case .alive: state = .alive
        case .suspect: state = .suspect
        case .dead: state = .dead
        case .notLoggedIn: state = .notLoggedIn
        case .unspecified, .UNRECOGNIZED:
            throw WireError(
                .outOfRange, operation, expected: "a member's state from 1 to 4",
                found: "\(wire.state.rawValue)")
        }
        self.init(
            node: wire.node.isEmpty ? nil : try NodeID(wire: wire.node, operation, "member"),
            url: wire.url, state: state, skewMilliseconds: wire.skewMilliseconds,
            lag: wire.lag)
    }

    var wire: ProtoMemberStatus {
        var wire = ProtoMemberStatus()
        if let node { wire.node = node.wire }
        wire.url = url
        switch state {
        case .alive: wire.state = .alive
        case .suspect: wire.state = .suspect
        case .dead: wire.state = .dead
        case .notLoggedIn: wire.state = .notLoggedIn
        }
        wire.skewMilliseconds = skewMilliseconds
        wire.lag = lag
        return wire
    }

    func check() throws(WireError) {
        try Bounds.check(name: url, upTo: WireLimits.entry, operation, "member's URL", from: 0)
    }
}

extension RefusalCount {
    var wire: ProtoRefusals {
        var wire = ProtoRefusals()
        wire.reason = reason
        wire.count = count
        return wire
    }

    func check() throws(WireError) {
        try Bounds.check(name: reason, upTo: WireLimits.name, operation, "reason of a refusal")
    }
}

extension CacheReport {
    init(wire: ProtoCacheStatus) {
        self.init(target: wire.target, problem: wire.problem.unlessEmpty)
    }

    var wire: ProtoCacheStatus {
        var wire = ProtoCacheStatus()
        wire.target = target
        wire.problem = problem ?? ""
        return wire
    }

    func check() throws(WireError) {
        try Bounds.check(name: target, upTo: WireLimits.name, operation, "cache")
        try Bounds.check(problem: problem, operation, "problem of a cache")
    }
}

extension DatabaseState {
    init(wire: ProtoDatabaseStatus) {
        self.init(
            version: wire.version.unlessEmpty, sizeBytes: wire.hasSize ? wire.size : nil,
            problem: wire.problem.unlessEmpty)
    }

    var wire: ProtoDatabaseStatus {
        var wire = ProtoDatabaseStatus()
        wire.version = version ?? ""
        if let sizeBytes { wire.size = sizeBytes }
        wire.problem = problem ?? ""
        return wire
    }

    func check() throws(WireError) {
        try Bounds.check(problem: version, upTo: WireLimits.name, operation, "database version")
        try Bounds.check(problem: problem, operation, "problem of the database")
    }
}

extension LockState {
    init(wire: ProtoLockStatus) {
        self.init(
            holder: wire.holder, since: WallTime(milliseconds: wire.since), reason: wire.reason,
            expires: WallTime(milliseconds: wire.expires))
    }

    var wire: ProtoLockStatus {
        var wire = ProtoLockStatus()
        wire.holder = holder
        wire.since = since.milliseconds
        wire.reason = reason
        wire.expires = expires.milliseconds
        return wire
    }

    func check() throws(WireError) {
        try Bounds.check(name: holder, upTo: WireLimits.name, operation, "holder of the lock")
        try Bounds.check(
            name: reason, upTo: WireLimits.text, operation, "reason of the lock", from: 0)
        try Bounds.check(since, operation)
        try Bounds.check(expires, operation)
    }
}

extension RepositoryState {
    init(wire: ProtoRepositoryStatus) {
        self.init(
            path: wire.path, commit: wire.commit.unlessEmpty, short: wire.short.unlessEmpty,
            names: wire.names, isDetached: wire.isDetached, isModified: wire.isModified,
            updatedOn: wire.hasUpdatedOn ? WallTime(milliseconds: wire.updatedOn) : nil,
            updatedBy: wire.updatedBy.unlessEmpty, origin: wire.origin.unlessEmpty,
            problem: wire.problem.unlessEmpty)
    }

    var wire: ProtoRepositoryStatus {
        var wire = ProtoRepositoryStatus()
        wire.path = path
        wire.commit = commit ?? ""
        wire.short = short ?? ""
        wire.names = names
        wire.isDetached = isDetached
        wire.isModified = isModified
        if let updatedOn { wire.updatedOn = updatedOn.milliseconds }
        wire.updatedBy = updatedBy ?? ""
        wire.origin = origin ?? ""
        wire.problem = problem ?? ""
        return wire
    }

    func check() throws(WireError) {
        try Bounds.check(name: path, upTo: WireLimits.entry, operation, "repository's path")
        guard (commit == nil) == (short == nil) else {
            throw WireError(
                .mismatch, operation, expected: "a commit and its abbreviation, or neither",
                found: "one of them")
        }
        if let commit { try Bounds.check(commit: commit, operation) }
        if let commit, let short, short.isEmpty || !commit.hasPrefix(short) {
            throw WireError(
                .mismatch, operation, expected: "an abbreviation of the commit", found: short)
        }
        try Bounds.check(
            count: names.count, upTo: WireLimits.refNames, operation, "names of a commit")
        for name in names {
            try Bounds.check(name: name, upTo: WireLimits.name, operation, "name of a commit")
        }
        if let updatedOn { try Bounds.check(updatedOn, operation) }
        try Bounds.check(problem: updatedBy, upTo: WireLimits.name, operation, "updater")
        try Bounds.check(problem: origin, operation, "origin of a repository")
        try Bounds.check(problem: problem, operation, "problem of a repository")
    }
}

extension Bounds {
    /// A text that is absent where it would be empty.
    fileprivate static func check(
        problem: String?, upTo limit: Int = WireLimits.text, _ operation: String, _ field: String
    ) throws(WireError) {
        if let problem { try check(name: problem, upTo: limit, operation, field) }
    }
}

extension String {
    /// `nil` for what is absent on the wire.
    var unlessEmpty: String? { isEmpty ? nil : self }
}
