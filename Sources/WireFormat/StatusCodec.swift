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
        wire.eventCount = report.events.logged
        wire.appliedCount = report.events.applied
        wire.heldCount = report.events.held
        wire.failedCount = report.events.failed
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
        for member in wire.members {
            report.members.append(try MemberReport(wire: member, operation))
        }
        report.events = EventCounts(
            logged: wire.eventCount, applied: wire.appliedCount, held: wire.heldCount,
            failed: wire.failedCount)
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
        try Bounds.check(
            count: report.members.count, upTo: WireLimits.members, operation, "members")
        for member in report.members {
            try Bounds.check(
                name: member.url, upTo: WireLimits.entry, operation, "member's URL", from: 0)
        }
        try Bounds.check(
            count: report.extensions.count, upTo: WireLimits.extensions, operation,
            "extensions")
        for part in report.extensions {
            try Bounds.check(
                name: part.name, upTo: WireLimits.name, operation, "extension's name")
            try Bounds.check(
                count: part.value.count, upTo: WireLimits.extensionValue, operation,
                "bytes of an extension")
        }
    }
}

extension MemberReport {
    fileprivate init(wire: ProtoMemberStatus, _ operation: String) throws(WireError) {
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

    fileprivate var wire: ProtoMemberStatus {
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
}
