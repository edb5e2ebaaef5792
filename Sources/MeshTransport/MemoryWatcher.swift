// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import Glibc
internal import NodeRuntime
internal import Synchronization
internal import ZeroMQ

/// What was found out about memory; the live thread has only to carry it out.
enum MemoryVerdict: Sendable {
    /// Make that socket anew.
    case recycle(MemoryWatch.Suspect)
    /// Tell the node, in the name of a peer where one is known.
    case tell(NodeID?, String)
}

/// Looks at this process's memory, on the thread that watches authenticators and monitors.
///
/// Reading and giving back take a system call and a walk through the heap: neither may keep the
/// live thread from an event. It is handed verdicts only.
actor MemoryWatcher {
    nonisolated let executor: PollingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let settings: TransportSettings
    private let ledger: MemoryLedger
    private var watch: MemoryWatch
    private var alarm: Alarm?
    private var carryOut: (@Sendable (MemoryVerdict) -> Void)?
    /// Who had sent ROUTER the most when it was made anew.
    private var busiest: MemoryLedger.Busiest?

    init(_ settings: TransportSettings, ledger: MemoryLedger, on executor: PollingExecutor) {
        self.settings = settings
        self.ledger = ledger
        self.executor = executor
        watch = MemoryWatch(allowance: settings.memoryAllowance)
    }

    /// Begins to look.
    ///
    /// - Parameter carryOut: Called on the watcher's thread; must hand over and return.
    func start(_ carryOut: @escaping @Sendable (MemoryVerdict) -> Void) {
        self.carryOut = carryOut
        alarm = executor.makeAlarm(for: self) { $0.look() }
        alarm?.set(.now + settings.memoryLookPause)
    }

    func stop() {
        alarm?.set(nil)
        carryOut = nil
    }

    private func look() {
        alarm?.set(.now + settings.memoryLookPause)
        let queued = ledger.queuedByteCount
        guard var resident = ProcessMemory.resident() else { return }
        if watch.doubts(resident: resident, queued: queued) {
            FreedMemory.giveBack()
            guard let rest = ProcessMemory.resident() else { return }
            resident = rest
        }
        let step = watch.look(resident: resident, queued: queued, suspects: ledger.suspects)
        switch step {
        case .rest: break
        case .recycle(let suspect):
            // Afterwards its connections are gone, and with them how much each had brought.
            if suspect == .answers { busiest = ledger.busiest(at: settings.requestPort) }
            carryOut?(.recycle(suspect))
        case .convict(let suspect, let bytes):
            carryOut?(verdict(on: suspect, bytes))
        case .acquit(let bytes):
            carryOut?(.tell(nil, "memory grew by \(bytes >> 20) MiB, and by no socket"))
        }
    }

    private func verdict(on suspect: MemoryWatch.Suspect, _ bytes: Int) -> MemoryVerdict {
        let (peer, name): (NodeID?, String) =
            switch suspect {
            case .subscription(let peer): (peer, "its broadcast")
            case .requests(let peer): (peer, "its replies")
            case .answers: (busiest?.node, "the requests of \(busiest?.name ?? "somebody")")
            }
        return .tell(
            peer, "unfinished messages: ending \(name) set \(bytes >> 20) MiB free")
    }
}

/// What the watcher of memory must know of the other threads, written by them as they go.
final class MemoryLedger: Sendable {
    /// Somebody whose connection has brought the most bytes.
    struct Busiest {
        /// The member, where it is known.
        let node: NodeID?
        /// How to call whoever it is.
        let name: String
    }

    private struct Asker {
        let socket: UInt64
        let key: AdmittedKey
    }

    private let queued = Atomic(0)
    private let links = Mutex<[PeerLink]>([])
    private let askers = Mutex<[CInt: Asker]>([:])

    /// What waits in the queues of the live thread.
    ///
    /// Unit: bytes.
    var queuedByteCount: Int { queued.load(ordering: .relaxed) }

    /// Notes what waits in the queues of the live thread.
    func noteQueued(_ byteCount: Int) { queued.store(byteCount, ordering: .relaxed) }

    /// Notes the peers to which there are sockets.
    func note(_ links: [PeerLink]) { self.links.withLock { $0 = links } }

    /// Notes by which connection somebody asks.
    ///
    /// Limit: as many as the process has descriptors.
    func note(_ key: AdmittedKey, by descriptor: CInt) {
        guard let connection = TCPConnection(descriptor: descriptor) else { return }
        askers.withLock { $0[descriptor] = Asker(socket: connection.socket, key: key) }
    }

    /// The sockets of libzmq that may hold what nobody explains.
    var suspects: [MemoryWatch.Suspect] {
        let peers = links.withLock { $0.map(\.node) }.sorted()
        return peers.map { .subscription($0) } + peers.map { .requests($0) } + [.answers]
    }

    /// Whose connection to a local port has brought the most; `nil` where there is none.
    ///
    /// A message that has not ended tells nothing of its sender. Known are those who have also sent
    /// whole ones by that connection, and the address of the others, which may be one member's.
    func busiest(at port: UInt16) -> Busiest? {
        let connections = TCPConnection.all(to: port)
        guard let most = connections.max(by: { $0.receivedByteCount < $1.receivedByteCount })
        else { return nil }
        let asker = askers.withLock { askers in
            askers[most.descriptor].flatMap { $0.socket == most.socket ? $0.key : nil }
        }
        return MemoryLedger.name(asker, at: most.peerAddress, links.withLock { $0 })
    }

    static func name(_ asker: AdmittedKey?, at address: String, _ links: [PeerLink]) -> Busiest {
        switch asker {
        case .node(let node): return Busiest(node: node, name: "this node")
        case .client(let name, scopes: _):
            return Busiest(node: nil, name: "the client \(name) at \(address)")
        case nil:
            let there = links.filter { $0.host == address }
            guard there.count == 1 else {
                return Busiest(node: nil, name: "somebody at \(address)")
            }
            return Busiest(node: there[0].node, name: "whoever is at its address \(address)")
        }
    }
}

/// What the process has in memory of its own.
enum ProcessMemory {
    /// Resident pages that no file backs; `nil` where the system does not tell.
    ///
    /// Unit: bytes. Source: proc(5), `statm`.
    static func resident() -> Int? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let fields = buffer[..<count].split(separator: UInt8(ascii: " "))
        guard fields.count > 2,
            let all = Int(String(decoding: fields[1], as: UTF8.self)),
            let shared = Int(String(decoding: fields[2], as: UTF8.self))
        else { return nil }
        return (all - shared) * sysconf(Int32(_SC_PAGESIZE))
    }
}
