// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

// The kinds of records of authority.

extension Scopes {
    fileprivate init(wire: UInt32, _ operation: String) throws(WireError) {
        self.init(rawValue: wire)
        try check(operation)
    }

    /// A bit that this version does not know might allow anything, so none is accepted.
    fileprivate func check(_ operation: String) throws(WireError) {
        guard Scopes.all.contains(self) else {
            throw WireError(
                .outOfRange, operation, expected: "scopes among \(Scopes.all)",
                found: "bits \(rawValue)")
        }
    }
}

extension Account {
    private static let operation = "account"

    init(wire: ProtoAccount) throws(WireError) {
        self.init(
            name: wire.name, email: wire.email, fullName: wire.fullName,
            key: try UserKey(wire: wire.key, Self.operation, "key"),
            scopes: try Scopes(wire: wire.scopes, Self.operation), serial: wire.serial,
            credential: wire.credential.isEmpty
                ? nil : try Digest(wire: wire.credential, Self.operation, "credential"),
            isRemoved: wire.isRemoved)
        try check()
    }

    func wire() throws(WireError) -> ProtoAccount {
        try check()
        var wire = ProtoAccount()
        wire.name = name
        wire.email = email
        wire.fullName = fullName
        wire.key = key.wire
        wire.scopes = scopes.rawValue
        wire.serial = serial
        if let credential { wire.credential = credential.wire }
        wire.isRemoved = isRemoved
        return wire
    }

    private func check() throws(WireError) {
        try Bounds.check(userName: name, Self.operation)
        try Bounds.check(
            name: email, upTo: WireLimits.name, Self.operation, "email", from: 0)
        try Bounds.check(
            name: fullName, upTo: WireLimits.name, Self.operation, "full name", from: 0)
        try scopes.check(Self.operation)
        try Bounds.check(serial, in: 1...WireLimits.position, Self.operation, "serial")
    }
}

extension Grant {
    private static let operation = "grant"

    init(wire: ProtoGrant) throws(WireError) {
        self.init(
            user: try UserKey(wire: wire.user, Self.operation, "user"),
            nodeKey: try NodeKey(wire: wire.nodeKey, Self.operation, "node key"),
            node: try NodeID(wire: wire.node, Self.operation, "node"),
            curveKey: try CurveKey(wire: wire.curveKey, Self.operation, "CURVE key"),
            scopes: try Scopes(wire: wire.scopes, Self.operation),
            notBefore: WallTime(milliseconds: wire.notBefore),
            notAfter: WallTime(milliseconds: wire.notAfter), serial: wire.serial,
            covers: try EpochHead.list(
                wire.covers, upTo: WireLimits.vectorEntries, Self.operation,
                isAscending: false))
        try check()
    }

    func wire() throws(WireError) -> ProtoGrant {
        try check()
        var wire = ProtoGrant()
        wire.user = user.wire
        wire.nodeKey = nodeKey.wire
        wire.node = node.wire
        wire.curveKey = curveKey.wire
        wire.scopes = scopes.rawValue
        wire.notBefore = notBefore.milliseconds
        wire.notAfter = notAfter.milliseconds
        wire.serial = serial
        wire.covers = try EpochHead.wire(
            covers, upTo: WireLimits.vectorEntries, Self.operation, isAscending: false)
        return wire
    }

    private func check() throws(WireError) {
        try scopes.check(Self.operation)
        try Bounds.check(notAfter, Self.operation)
        try Bounds.check(
            notBefore.milliseconds, in: 0...notAfter.milliseconds, Self.operation, "not before")
        try Bounds.check(serial, in: 1...WireLimits.position, Self.operation, "serial")
    }
}

extension Revocation {
    private static let operation = "revocation"

    init(wire: ProtoRevocation) throws(WireError) {
        let subject: Subject
        switch wire.subject {
        case .grant(let hash): subject = .grant(try Digest(wire: hash, Self.operation, "grant"))
        case .node(let node): subject = .node(try NodeID(wire: node, Self.operation, "node"))
        case .user(let user): subject = .user(try UserKey(wire: user, Self.operation, "user"))
        case .client(let key):
            subject = .client(try CurveKey(wire: key, Self.operation, "client"))
        case nil:
            throw WireError(.missing, Self.operation, expected: "a subject", found: "none")
        }
        self.init(
            subject: subject,
            covers: try EpochHead.list(
                wire.covers, upTo: WireLimits.vectorEntries, Self.operation,
                isAscending: false))
    }

    func wire() throws(WireError) -> ProtoRevocation {
        var wire = ProtoRevocation()
        switch subject {
        case .grant(let hash): wire.grant = hash.wire
        case .node(let node): wire.node = node.wire
        case .user(let user): wire.user = user.wire
        case .client(let key): wire.client = key.wire
        }
        wire.covers = try EpochHead.wire(
            covers, upTo: WireLimits.vectorEntries, Self.operation, isAscending: false)
        return wire
    }
}

extension ClientKey {
    private static let operation = "client key"

    init(wire: ProtoClientKey) throws(WireError) {
        self.init(
            name: wire.name,
            curveKey: try CurveKey(wire: wire.curveKey, Self.operation, "CURVE key"),
            scopes: try Scopes(wire: wire.scopes, Self.operation))
        try check()
    }

    func wire() throws(WireError) -> ProtoClientKey {
        try check()
        var wire = ProtoClientKey()
        wire.name = name
        wire.curveKey = curveKey.wire
        wire.scopes = scopes.rawValue
        return wire
    }

    private func check() throws(WireError) {
        try Bounds.check(userName: name, Self.operation)
        try scopes.check(Self.operation)
    }
}

extension Bounds {
    /// A name of a user or client: a line of the users file tells it from an address by the `@`,
    /// and from what follows by the space.
    fileprivate static func check(
        userName name: String, _ operation: String
    ) throws(WireError) {
        try check(name: name, upTo: WireLimits.userName, operation, "name")
        guard !name.utf8.contains(where: { $0 == 0x20 || $0 == UInt8(ascii: "@") }) else {
            throw WireError(
                .forbiddenText, operation, expected: "a name without spaces and @",
                found: "one with them")
        }
    }
}
