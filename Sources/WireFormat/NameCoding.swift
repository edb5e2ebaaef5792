// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

// Names of logs, events and heads, as they occur inside other messages.

extension EpochID {
    init(wire: ProtoLogID, _ operation: String) throws(WireError) {
        self.init(
            origin: try NodeID(wire: wire.origin, operation, "origin"),
            epoch: LogEpoch(counter: wire.counter, nonce: wire.nonce))
        try Bounds.check(self, operation)
    }

    func wire(_ operation: String) throws(WireError) -> ProtoLogID {
        try Bounds.check(self, operation)
        var wire = ProtoLogID()
        wire.origin = origin.wire
        wire.counter = epoch.counter
        wire.nonce = epoch.nonce
        return wire
    }
}

extension EventID {
    init(wire: ProtoEventID, _ operation: String) throws(WireError) {
        self.init(
            log: try EpochID(wire: wire.log, operation), sequence: SequenceNumber(wire.sequence))
        try Bounds.check(sequence, operation)
    }

    func wire(_ operation: String) throws(WireError) -> ProtoEventID {
        try Bounds.check(sequence, operation)
        var wire = ProtoEventID()
        wire.log = try log.wire(operation)
        wire.sequence = sequence.value
        return wire
    }
}

extension EpochHead {
    init(wire: ProtoHead, _ operation: String) throws(WireError) {
        self.init(
            log: try EpochID(wire: wire.log, operation), last: SequenceNumber(wire.last),
            chain: try Digest(wire: wire.chain, operation, "chain"))
        try checkLast(operation)
    }

    func wire(_ operation: String) throws(WireError) -> ProtoHead {
        try checkLast(operation)
        var wire = ProtoHead()
        wire.log = try log.wire(operation)
        wire.last = last.value
        wire.chain = chain.wire
        return wire
    }

    /// A log that is known and has nothing on disk yet ends at 0.
    private func checkLast(_ operation: String) throws(WireError) {
        try Bounds.check(last.value, in: 0...WireLimits.position, operation, "last position")
    }

    static func list(
        _ wire: [ProtoHead], upTo limit: Int, _ operation: String, isAscending: Bool
    ) throws(WireError) -> [EpochHead] {
        try Bounds.check(count: wire.count, upTo: limit, operation, "heads")
        var heads: [EpochHead] = []
        heads.reserveCapacity(wire.count)
        for head in wire { heads.append(try EpochHead(wire: head, operation)) }
        if isAscending { try checkAscending(heads, operation) }
        return heads
    }

    static func wire(
        _ heads: [EpochHead], upTo limit: Int, _ operation: String, isAscending: Bool
    ) throws(WireError) -> [ProtoHead] {
        try Bounds.check(count: heads.count, upTo: limit, operation, "heads")
        if isAscending { try checkAscending(heads, operation) }
        var wire: [ProtoHead] = []
        wire.reserveCapacity(heads.count)
        for head in heads { wire.append(try head.wire(operation)) }
        return wire
    }

    private static func checkAscending(
        _ heads: [EpochHead], _ operation: String
    ) throws(WireError) {
        try Bounds.checkAscending(heads, operation, "heads") { $0.log < $1.log }
    }
}

extension VersionVector {
    init(wire: ProtoVersionVector, _ operation: String) throws(WireError) {
        try Bounds.check(
            count: wire.entries.count, upTo: WireLimits.vectorEntries, operation, "positions")
        var entries: [(EpochID, SequenceNumber)] = []
        entries.reserveCapacity(wire.entries.count)
        for entry in wire.entries {
            let position = SequenceNumber(entry.position)
            try Bounds.check(position, operation, "position")
            entries.append((try EpochID(wire: entry.log, operation), position))
        }
        try Bounds.checkAscending(entries, operation, "positions") { $0.0 < $1.0 }
        self.init(entries)
    }

    func wire(_ operation: String) throws(WireError) -> ProtoVersionVector {
        try Bounds.check(count: count, upTo: WireLimits.vectorEntries, operation, "positions")
        var wire = ProtoVersionVector()
        for entry in entries {
            try Bounds.check(entry.position, operation, "position")
            var position = ProtoPosition()
            position.log = try entry.log.wire(operation)
            position.position = entry.position.value
            wire.entries.append(position)
        }
        return wire
    }
}
