// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import ClusterSigning
internal import WireFormat

/// Broadcasts that are verified on another thread, since more wait than a turn has time for.
///
/// Law: from the first one on, until the last has come back, all broadcasts go this way, one
/// handful after the other: so the order of each peer is kept. What is under way is bounded, in
/// number and bytes; the rest waits in the transport's queues, which have a bound of their own.
struct Backlog {
    /// Broadcasts under way.
    static let countLimit = 32
    /// Bytes of broadcasts under way.
    static let byteLimit = 4 * 1_024 * 1_024

    /// Somebody's frames.
    struct Entry: Sendable {
        let frames: [[UInt8]]
        let peer: NodeID

        var byteCount: Int { frames.reduce(0) { $0 + $1.count } }
    }

    /// What came of them.
    struct Verdict: Sendable {
        let entry: Entry
        let broadcast: CheckedBroadcast
    }

    private var waiting: [Entry] = []
    private var returned: ArraySlice<Verdict> = []
    private var outCount = 0
    private var byteCount = 0

    private var count: Int { waiting.count + outCount + returned.count }
    /// Whether broadcasts must go this way, or they would overtake others.
    var isOpen: Bool { count > 0 }
    /// Whether no more may be taken until some have come back.
    var isFull: Bool { count >= Backlog.countLimit || byteCount >= Backlog.byteLimit }
    /// Whether some have come back that wait for the node.
    var hasReturned: Bool { !returned.isEmpty }

    /// Takes a broadcast.
    mutating func add(_ entry: Entry) {
        waiting.append(entry)
        byteCount += entry.byteCount
    }

    /// All that wait, to be verified; `nil` where there are none, or others are out.
    mutating func takeHandful() -> [Entry]? {
        guard outCount == 0, !waiting.isEmpty else { return nil }
        defer { waiting = [] }
        outCount = waiting.count
        return waiting
    }

    /// A handful comes back.
    mutating func giveBack(_ handful: [Verdict]) {
        outCount = 0
        returned += handful
    }

    /// The next one that came back.
    mutating func next() -> Verdict? {
        guard let verdict = returned.popFirst() else { return nil }
        // Until then the slice keeps what was taken from it, a handful at the most.
        if returned.isEmpty { returned = [] }
        byteCount -= verdict.entry.byteCount
        return verdict
    }
}

/// A broadcast whose form and signature were looked at; a beacon is one later, where it is used.
enum CheckedBroadcast: Sendable {
    case beacon([[UInt8]])
    case batch(SealedBatch, WireTopic, Result<VerifiedBatch, Rejection>)
    case malformed(WireError)
}

/// Looks at broadcasts; on any thread.
struct BroadcastCheck: Sendable {
    let cluster: ClusterID
    let keys: NodeKeyRing

    func check(_ frames: [[UInt8]]) -> CheckedBroadcast {
        guard frames.first != WireTopic.head.frame else { return .beacon(frames) }
        do {
            let (topic, batch) = try BatchFrames.decode(frames)
            let result = BatchVerifier(cluster: cluster).verify(batch) { keys[$0] }
            return .batch(batch, topic, result)
        } catch {
            return .malformed(error)
        }
    }
}

// What a turn takes of what came in.
extension Node {
    /// Takes deliveries for as long as the turn may last, and hands over what would take longer.
    ///
    /// Returns whether there is more to do at once.
    func takeDeliveries(until end: Instant) -> Bool {
        defer { handOver() }
        repeat {
            if let verdict = backlog.next() {
                take(verdict.broadcast, from: verdict.entry.peer)
                continue
            }
            // Those under way wake the node when they come back.
            guard !backlog.isFull, let delivery = ports.transport.next() else { return false }
            if !backlog.isOpen || !setAside(delivery) { receive(delivery) }
        } while ports.clock.now().instant <= end
        while !backlog.isFull, let delivery = ports.transport.next() {
            guard setAside(delivery) else {
                receive(delivery)
                return true
            }
        }
        return backlog.hasReturned
    }

    /// Whether it was a broadcast, which is verified elsewhere.
    private func setAside(_ delivery: Delivery) -> Bool {
        guard case .broadcast(let frames, from: let peer) = delivery else { return false }
        backlog.add(Backlog.Entry(frames: frames, peer: peer))
        return true
    }

    private func handOver() {
        guard let handful = backlog.takeHandful() else { return }
        counters.count("aside.verified", by: UInt64(handful.count))
        let check = broadcastCheck
        start { [self] in
            let verdicts = handful.map {
                Backlog.Verdict(entry: $0, broadcast: check.check($0.frames))
            }
            post(.checked(verdicts))
        }
    }

    /// With the keys that are known now.
    var broadcastCheck: BroadcastCheck { BroadcastCheck(cluster: pin.cluster, keys: keys) }
}
