// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// What one host's SUB and DEALER sockets are to one peer.
struct Link {
    enum State: Equatable {
        /// No connection; libzmq tries again by itself.
        case down
        /// Connected; what was published before `subscribedAt` is not seen.
        case up(subscribedAt: VirtualTime)
        /// libzmq has given up for ever: only a relink helps.
        case stuck
    }

    var state = State.down
    /// Counts connections: what was on its way in an earlier one is lost.
    var connection: UInt64 = 0
    /// Broadcasts that are on their way; beyond the high-water mark they are dropped.
    var queued = 0
    /// When the last message of this connection arrives, each way: TCP keeps the order.
    var lastArrival: (toSubscriber: VirtualTime, toPublisher: VirtualTime) = (0, 0)

    var isUp: Bool {
        switch state {
        case .up: true
        case .down, .stuck: false
        }
    }
}

/// What a path between two hosts, in one direction, does to messages.
struct Path {
    /// Nothing comes through.
    var isCut = false
    /// Nothing comes through before; it waits.
    var cloggedUntil: VirtualTime = 0
}

/// How bad the whole network is at present.
struct Weather {
    var delay: (least: VirtualTime, most: VirtualTime) = (.microseconds(100), .milliseconds(3))
    /// Per thousand messages.
    var loss = 0
    var duplication = 0
    var reordering = 0
    var corruption = 0
    /// Broadcasts that a PUB socket keeps for one subscriber.
    var highWaterMark = 1_000
}

/// Every link and path, by host numbers.
struct Network {
    private(set) var links: [[Link]] = []
    private(set) var paths: [[Path]] = []
    var weather = Weather()

    /// One more host.
    mutating func addHost() {
        for index in links.indices {
            links[index].append(Link())
            paths[index].append(Path())
        }
        links.append(Array(repeating: Link(), count: paths.count + 1))
        paths.append(Array(repeating: Path(), count: paths.count + 1))
    }

    /// The link that a host has to a peer.
    subscript(link subscriber: Int, to publisher: Int) -> Link {
        get { links[subscriber][publisher] }
        set { links[subscriber][publisher] = newValue }
    }

    /// The path in one direction.
    subscript(path from: Int, to destination: Int) -> Path {
        get { paths[from][destination] }
        set { paths[from][destination] = newValue }
    }

    /// Whether packets go both ways.
    func isOpen(_ one: Int, _ other: Int) -> Bool {
        !paths[one][other].isCut && !paths[other][one].isCut
    }

    /// Every path is good again.
    mutating func heal() {
        for from in paths.indices {
            for destination in paths.indices { paths[from][destination] = Path() }
        }
        weather = Weather()
    }
}
