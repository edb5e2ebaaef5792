// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Clears the opcode cache and the user cache of every PHP-FPM master of this host.
///
/// Law: all pools of one master share its caches, so each master is cleared once; a socket whose
/// master cannot be told counts as one. Masters are cleared side by side, each gives its own
/// reports, and silence is a failure, by name. All of it, the look for masters included, ends
/// within one deadline.
public final class PHPFPMCache: Sendable {
    private let endpoints: PHPFPMEndpoints
    private let exchange: ClearExchange
    private let pool: BlockingPool
    private let reloading: Set<SocketAddress>
    /// The root of the installation, to which an order's paths are relative.
    let site: String
    private let known = Mutex<[SocketFile: MasterIdentity]>([:])

    /// Makes the target; nothing is contacted yet.
    ///
    /// - Parameters:
    ///   - settle: how long to wait for running requests before a reset of the opcode cache is
    ///     reported as pending.
    ///   - reloading: the sockets whose master is reloaded where its whole opcode cache is cleared.
    public init(
        endpoints: PHPFPMEndpoints = .standard, script: ClearScript, pool: BlockingPool,
        deadlines: FastCGIDeadlines = FastCGIDeadlines(), settle: Duration = .seconds(2),
        reloading: Set<SocketAddress> = [], site: String = ""
    ) {
        self.endpoints = endpoints
        self.reloading = reloading
        self.site = site
        self.pool = pool
        exchange = ClearExchange(script: script, deadlines: deadlines, settle: settle)
    }

    /// Clears, and reports for each master and each cache that the request names.
    ///
    /// - Parameter isSpared: Whether the master that a former report named by this target is left
    ///   alone, without a report.
    public func clear(
        _ request: ClearRequest,
        sparing isSpared: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async -> [CacheClearReport] {
        await withCheckedContinuation { continuation in
            begin(request, sparing: isSpared) { continuation.resume(returning: $0) }
        }
    }

    /// Begins a clear, and returns at once; what follows is called on one of the threads.
    func begin(
        _ request: ClearRequest, sparing isSpared: @escaping @Sendable (String) -> Bool,
        then: @escaping @Sendable ([CacheClearReport]) -> Void
    ) {
        let began = ContinuousClock.now
        let limit = Deadline.after(exchange.deadlines.total)
        // Half: a frozen master must leave the others time for their clear.
        findMasters(until: limit.half) { found in
            switch found {
            case .failure(let error):
                let verdict = ClearVerdict(target: error.target, request: request, milliseconds: 0)
                then(verdict.reports(error))
            case .success([]):
                let verdict = ClearVerdict(target: "php-fpm", request: request, milliseconds: 0)
                then(verdict.reports(.nothingToClear(self.endpoints.absence)))
            case .success(let masters):
                // The first pool stands for its master: another one names only what the first
                // could not do.
                let meant = masters.filter { !isSpared($0[0].description) }
                self.clear(request, masters: meant, since: began, until: limit, then: then)
            }
        }
    }

    /// Clears masters side by side, the first on this thread.
    private func clear(
        _ request: ClearRequest, masters: [[SocketAddress]],
        since began: ContinuousClock.Instant, until limit: Deadline,
        then: @escaping @Sendable ([CacheClearReport]) -> Void
    ) {
        guard let first = masters.first else { return then([]) }
        let gathering = Gathering<[CacheClearReport]>(masters.count) { then($0.flatMap(\.self)) }
        for (index, master) in masters.enumerated().dropFirst() {
            let isAccepted = pool.submit {
                let reports = self.clear(request, master: master, since: began, until: limit)
                gathering.put(reports, at: index)
            }
            guard !isAccepted else { continue }
            let verdict = ClearVerdict(
                target: master[0].description, request: request, milliseconds: 0)
            gathering.put(verdict.reports(BlockingPool.refusal), at: index)
        }
        gathering.put(clear(request, master: first, since: began, until: limit), at: 0)
    }

    /// The sockets of each master, found anew; those which nothing tells apart stand alone.
    ///
    /// - Throws: `CacheTargetError` where the directory of the sockets cannot be read.
    public func masters() async throws(CacheTargetError) -> [[SocketAddress]] {
        let found = await withCheckedContinuation { continuation in
            findMasters(until: .after(exchange.deadlines.total)) {
                continuation.resume(returning: $0)
            }
        }
        return try found.get()
    }

    /// Finds them on one of the threads, and calls what follows there.
    private func findMasters(
        until limit: Deadline,
        then: @escaping @Sendable (Result<[[SocketAddress]], CacheTargetError>) -> Void
    ) {
        let isAccepted = pool.submit {
            do throws(CacheTargetError) {
                self.tellApart(try self.endpoints.resolved(), until: limit) { then(.success($0)) }
            } catch {
                then(.failure(error))
            }
        }
        if !isAccepted { then(.failure(BlockingPool.refusal)) }
    }

    private func tellApart(
        _ addresses: [SocketAddress], until limit: Deadline,
        then: @escaping @Sendable ([[SocketAddress]]) -> Void
    ) {
        guard addresses.count > 1 else { return then(addresses.map { [$0] }) }
        let gathering = Gathering<MasterIdentity?>(addresses.count) {
            then(Self.grouped(addresses, $0))
        }
        for (index, address) in addresses.enumerated() {
            // A TCP port has nothing that would show that another master has taken it over.
            guard case .unix(let path) = address, let file = SocketFile(path) else {
                gathering.put(nil, at: index)
                continue
            }
            if let identity = known.withLock({ $0[file] }) {
                gathering.put(identity, at: index)
                continue
            }
            let isAccepted = pool.submit {
                gathering.put(self.ask(address, file, until: limit), at: index)
            }
            if !isAccepted { gathering.put(nil, at: index) }
        }
    }

    private static func grouped(
        _ addresses: [SocketAddress], _ identities: [MasterIdentity?]
    ) -> [[SocketAddress]] {
        var places: [MasterIdentity: Int] = [:]
        var masters: [[SocketAddress]] = []
        for (address, identity) in zip(addresses, identities) {
            if let identity, let place = places[identity] {
                masters[place].append(address)
                continue
            }
            if let identity { places[identity] = masters.count }
            masters.append([address])
        }
        return masters
    }

    /// The master behind a socket; remembered for as long as the socket is the same one.
    private func ask(
        _ address: SocketAddress, _ file: SocketFile, until limit: Deadline
    ) -> MasterIdentity? {
        do throws(CacheTargetError) {
            let reply = try exchange.status(at: address, until: limit)
            guard let identity = MasterIdentity(reply) else { return nil }
            known.withLock { known in
                if known.count >= PHPFPMEndpoints.maximumSockets { known.removeAll() }
                known[file] = identity
            }
            return identity
        } catch {
            // Not lost: the clear of this socket, now a master of its own, meets the same error.
            return nil
        }
    }

    /// Clears one master: each cache through the first of its pools that can do it.
    ///
    /// A reload that fails is told, and what can be done without it in the time that is left is
    /// done.
    private func clear(
        _ request: ClearRequest, master: [SocketAddress], since began: ContinuousClock.Instant,
        until limit: Deadline
    ) -> [CacheClearReport] {
        if request.opcode == .all, let address = master.first(where: reloading.contains) {
            let reload = reload(request, at: address, since: began, until: limit)
            guard reload.contains(where: { !$0.outcome.isDone }), !limit.hasPassed else {
                return reload
            }
            return reload + clearPools(request, master, since: began, until: limit)
        }
        return clearPools(request, master, since: began, until: limit)
    }

    private func reload(
        _ request: ClearRequest, at address: SocketAddress, since began: ContinuousClock.Instant,
        until limit: Deadline
    ) -> [CacheClearReport] {
        let reload = MasterReload(exchange: exchange)
        func verdict() -> ClearVerdict {
            ClearVerdict(
                target: address.description, request: request,
                milliseconds: (ContinuousClock.now - began) / .milliseconds(1))
        }
        do throws(CacheTargetError) {
            let result = try reload.perform(at: address, until: limit)
            return verdict().reports(result)
        } catch {
            return [verdict().report(.opcode, .failed(error))]
        }
    }

    /// Through one pool after the other: each but the last has half of the time that is left, so
    /// that one whose workers hang does not keep the caches from being cleared through the next.
    private func clearPools(
        _ request: ClearRequest, _ master: [SocketAddress], since began: ContinuousClock.Instant,
        until limit: Deadline
    ) -> [CacheClearReport] {
        var reports: [CacheClearReport] = []
        var rest = request
        for (index, address) in master.enumerated() where !(index > 0 && limit.hasPassed) {
            let share = index == master.count - 1 ? limit : limit.half
            for report in clear(rest, at: address, since: began, until: share) {
                if let index = reports.firstIndex(where: { $0.cache == report.cache }) {
                    if report.outcome.isDone { reports[index] = report }
                } else {
                    reports.append(report)
                }
            }
            let isUndone = { cache in
                reports.contains { $0.cache == cache && !$0.outcome.isDone }
            }
            rest = request.restricted(opcode: isUndone(.opcode), user: isUndone(.user))
            if rest.opcode == .none, rest.user == .none { break }
        }
        return reports
    }

    private func clear(
        _ request: ClearRequest, at address: SocketAddress, since began: ContinuousClock.Instant,
        until limit: Deadline
    ) -> [CacheClearReport] {
        func verdict(at end: ContinuousClock.Instant) -> ClearVerdict {
            ClearVerdict(
                target: address.description, request: request,
                milliseconds: (end - began) / .milliseconds(1))
        }
        do throws(CacheTargetError) {
            let answer = try exchange.clear(request, at: address, until: limit)
            return verdict(at: answer.heard).reports(answer)
        } catch {
            return verdict(at: .now).reports(error)
        }
    }
}

extension CacheClearReport.Outcome {
    /// Whether no other pool of the same master could do better.
    var isDone: Bool {
        switch self {
        case .cleared, .restartPending, .refused: true
        case .nothingToClear, .failed: false
        }
    }
}
