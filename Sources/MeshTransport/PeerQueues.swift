// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import NodeRuntime

/// What came in and waits for the node: a queue per peer, served in turn.
///
/// Law: no peer can make another one wait, nor fill the memory: beyond its share of bytes a peer's
/// messages are dropped here, and found again by its beacon. Every second delivery at the least is
/// not a replay.
struct PeerQueues {
    /// How much may wait for each peer and kind.
    ///
    /// Unit: bytes. Two full replays, or a few hundred of the largest batches.
    static let byteLimit = 8 * 1_024 * 1_024
    /// How many notices of what was dropped or refused may wait.
    static let noticeLimit = 1_024

    private struct Queue {
        /// What was taken leaves a gap: it may not stay in memory for those that wait behind it.
        var deliveries: [Delivery?] = []
        var head = 0
        var byteCount = 0
        var hasDropped = false

        var isEmpty: Bool { head == deliveries.count }

        mutating func take() -> Delivery? {
            guard let delivery = deliveries[head].take() else { return nil }
            head += 1
            byteCount -= delivery.byteCount
            if isEmpty || head > 1_024 {
                deliveries.removeFirst(head)
                head = 0
            }
            return delivery
        }
    }

    /// Whose queue a delivery waits in: clients, which are not members, have one each too.
    private enum Sender: Hashable {
        case peer(NodeID)
        case client(String)

        /// The node to name; clients have none.
        var node: NodeID {
            switch self {
            case .peer(let node): node
            case .client: NodeID(.zero)
            }
        }
    }

    private struct Ring {
        var queues: [Sender: Queue] = [:]
        var waiting: [Sender] = []
        var next = 0
        var byteCount = 0

        mutating func add(_ delivery: Delivery, of peer: Sender) {
            var queue = queues.removeValue(forKey: peer) ?? Queue()
            byteCount -= queue.byteCount
            let size = delivery.byteCount
            if queue.byteCount + size > PeerQueues.byteLimit {
                if !queue.hasDropped {
                    queue.hasDropped = true
                    if queue.isEmpty { waiting.append(peer) }
                    let notice = Delivery.dropped(from: peer.node, reason: "queue full")
                    queue.deliveries.append(notice)
                    queue.byteCount += notice.byteCount
                }
            } else {
                queue.hasDropped = false
                if queue.isEmpty { waiting.append(peer) }
                queue.deliveries.append(delivery)
                queue.byteCount += size
            }
            byteCount += queue.byteCount
            queues[peer] = queue
        }

        mutating func take() -> Delivery? {
            guard !waiting.isEmpty else { return nil }
            if next >= waiting.count { next = 0 }
            let peer = waiting[next]
            guard var queue = queues.removeValue(forKey: peer) else { return nil }
            let delivery = queue.take()
            byteCount -= delivery?.byteCount ?? 0
            if queue.isEmpty { waiting.remove(at: next) } else { next += 1 }
            queues[peer] = queue
            return delivery
        }

        mutating func forget(_ peer: Sender) {
            byteCount -= queues.removeValue(forKey: peer)?.byteCount ?? 0
            waiting.removeAll { $0 == peer }
        }
    }

    private var live = Ring()
    private var bulk = Ring()
    private var isBulksTurn = false
    /// What the sockets themselves say.
    private var others: [Delivery] = []

    /// Queues what came on a peer's broadcast.
    mutating func addLive(_ delivery: Delivery, of peer: NodeID) {
        live.add(delivery, of: .peer(peer))
    }

    /// Queues what crossed over from the bulk thread.
    mutating func addCrossed(_ delivery: Delivery) {
        switch delivery {
        case .reply(_, from: let peer), .request(_, from: .node(let peer), _):
            bulk.add(delivery, of: .peer(peer))
        case .request(_, from: .client(let name, scopes: _), _):
            bulk.add(delivery, of: .client(name))
        case .broadcast, .linkUp, .linkDown, .linkTrouble, .dropped, .refused: addOther(delivery)
        }
    }

    /// Queues something that is not traffic.
    ///
    /// Links change as often as this node's own sockets do, and no change may be missed. Notices of
    /// what was dropped or refused come as often as strangers like: beyond the limit they are left
    /// out.
    mutating func addOther(_ delivery: Delivery) {
        switch delivery {
        case .dropped, .refused:
            guard others.count < PeerQueues.noticeLimit else { return }
        case .broadcast, .request, .reply, .linkUp, .linkDown, .linkTrouble: break
        }
        others.append(delivery)
    }

    /// What all that waits takes.
    ///
    /// Unit: bytes.
    var byteCount: Int { live.byteCount + bulk.byteCount }

    /// The next delivery, live and bulk in turn, peers in turn.
    mutating func next() -> Delivery? {
        if !others.isEmpty { return others.removeFirst() }
        isBulksTurn.toggle()
        return isBulksTurn ? bulk.take() ?? live.take() : live.take() ?? bulk.take()
    }

    /// Forgets what waits of a peer whose link has ended.
    mutating func forget(_ peer: NodeID) { live.forget(.peer(peer)) }
}

extension Delivery {
    /// What the delivery takes of its peer's share, with something for its own frames.
    var byteCount: Int {
        switch self {
        case .broadcast(let frames, from: _), .request(let frames, from: _, _),
            .reply(let frames, from: _):
            frames.reduce(64) { $0 + $1.count + 32 }
        case .linkUp, .linkDown, .linkTrouble, .dropped, .refused:
            64
        }
    }
}
