// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

/// The body of a status report.
public enum StatusCodec {
    private static let operation = "status report"

    /// The bytes to sign.
    ///
    /// - Throws: ``WireError`` with `aboveLimit`, `missing`, `forbiddenText` or `outOfRange`.
    public static func encode(_ report: StatusReport) throws(WireError) -> [UInt8] {
        try check(report)
        var wire = ProtoStatusReport()
        wire.node = report.node.wire
        wire.url = report.url
        wire.hostName = report.hostName
        wire.path = report.path
        wire.version = report.version
        wire.userName = report.userName
        wire.fullName = report.fullName
        wire.email = report.email
        wire.wall = report.wall.milliseconds
        wire.isReady = report.isReady
        wire.members = report.members.map(\.wire)
        wire.eventCount = report.events.stored
        wire.appliedCount = report.events.applied
        wire.missingCount = report.events.missing
        wire.waitingCount = report.events.waiting
        wire.parkedCount = report.events.parked
        wire.withheldCount = report.events.withheld
        wire.refused = report.refused.map(\.wire)
        wire.warnings = report.warnings
        wire.userProblems = report.userProblems
        wire.caches = report.caches.map(\.wire)
        if let database = report.database { wire.database = database.wire }
        if let lock = report.lock { wire.lock = lock.wire }
        wire.repositories = report.repositories.map(\.wire)
        wire.repositoriesProblem = report.repositoriesProblem ?? ""
        wire.extensions = report.extensions.map { part in
            var wire = ProtoExtension()
            wire.name = part.name
            wire.value = part.value.wire
            return wire
        }
        return try Protobuf.encode(wire, upTo: WireLimits.reply, operation)
    }

    /// Reads the body of a report whose signature holds.
    ///
    /// - Throws: ``WireError`` with `malformed`, `wrongLength`, and what `encode` throws.
    public static func decode(_ bytes: [UInt8]) throws(WireError) -> StatusReport {
        let wire = try Protobuf.talk(
            ProtoStatusReport.self, from: bytes, upTo: WireLimits.reply, operation)
        var report = StatusReport(
            node: try NodeID(wire: wire.node, operation, "node"),
            wall: WallTime(milliseconds: wire.wall))
        report.url = wire.url
        report.hostName = wire.hostName
        report.path = wire.path
        report.version = wire.version
        report.userName = wire.userName
        report.fullName = wire.fullName
        report.email = wire.email
        report.isReady = wire.isReady
        try Bounds.check(
            count: wire.members.count, upTo: WireLimits.members, operation, "members")
        for member in wire.members { report.members.append(try MemberReport(wire: member)) }
        report.events = EventCounts(
            stored: wire.eventCount, applied: wire.appliedCount, missing: wire.missingCount,
            waiting: wire.waitingCount, parked: wire.parkedCount, withheld: wire.withheldCount)
        report.refused = wire.refused.map { RefusalCount(reason: $0.reason, count: $0.count) }
        report.warnings = wire.warnings
        report.userProblems = wire.userProblems
        report.caches = wire.caches.map(CacheReport.init)
        report.database = wire.hasDatabase ? DatabaseState(wire: wire.database) : nil
        report.lock = wire.hasLock ? LockState(wire: wire.lock) : nil
        report.repositories = wire.repositories.map(RepositoryState.init)
        report.repositoriesProblem = wire.repositoriesProblem.unlessEmpty
        report.extensions = wire.extensions.map {
            StatusExtension(name: $0.name, value: [UInt8](wire: $0.value))
        }
        try check(report)
        return report
    }

    private static func check(_ report: StatusReport) throws(WireError) {
        try Bounds.check(report.wall, operation)
        // They are shown on terminals, so no control characters.
        let lines = [
            ("URL", report.url), ("path", report.path), ("host name", report.hostName),
            ("version", report.version), ("user name", report.userName),
            ("full name", report.fullName), ("email", report.email),
        ]
        for (field, line) in lines {
            try Bounds.check(
                name: line, upTo: WireLimits.entry, operation, field, from: 0)
        }
        try checkCounts(of: report)
        for member in report.members { try member.check() }
        for refusal in report.refused { try refusal.check() }
        for sentence in report.warnings + report.userProblems {
            try Bounds.check(name: sentence, upTo: WireLimits.text, operation, "warning")
        }
        for cache in report.caches { try cache.check() }
        try report.database?.check()
        try report.lock?.check()
        for repository in report.repositories { try repository.check() }
        try Bounds.checkAscending(report.repositories, operation, "paths") {
            $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }
        if let problem = report.repositoriesProblem {
            try Bounds.check(
                name: problem, upTo: WireLimits.text, operation, "problem of the repositories")
        }
        for part in report.extensions {
            try Bounds.check(
                name: part.name, upTo: WireLimits.name, operation, "extension's name")
            try Bounds.check(
                count: part.value.count, upTo: WireLimits.extensionValue, operation,
                "bytes of an extension")
        }
    }

    private static func checkCounts(of report: StatusReport) throws(WireError) {
        let lists = [
            (report.members.count, WireLimits.members, "members"),
            (report.refused.count, WireLimits.refusals, "refusals"),
            (report.warnings.count, WireLimits.warnings, "warnings"),
            (report.userProblems.count, WireLimits.warnings, "problems of users"),
            (report.caches.count, WireLimits.caches, "caches"),
            (report.repositories.count, WireLimits.repositories, "repositories"),
            (report.extensions.count, WireLimits.extensions, "extensions"),
        ]
        for (count, limit, field) in lists {
            try Bounds.check(count: count, upTo: limit, operation, field)
        }
    }
}
