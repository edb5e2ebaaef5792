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
        _ request: ClearRequest, sparing isSpared: (String) -> Bool = { _ in false }
    ) async -> [CacheClearReport] {
        let limit = Deadline.after(exchange.deadlines.total)
        var masters: [[SocketAddress]]
        do throws(CacheTargetError) {
            // Half: a frozen master must leave the others time for their clear.
            masters = try await self.masters(until: limit.half)
        } catch {
            return ClearVerdict(target: error.target, request: request, milliseconds: 0)
                .reports(error)
        }
        guard !masters.isEmpty else {
            return ClearVerdict(target: "php-fpm", request: request, milliseconds: 0)
                .reports(.nothingToClear(endpoints.absence))
        }
        // The first pool stands for its master: another one names only what the first could not do.
        masters.removeAll { isSpared($0[0].description) }
        if masters.count == 1 { return await clear(request, master: masters[0], until: limit) }
        return await withTaskGroup(of: (Int, [CacheClearReport]).self) { group in
            for (index, master) in masters.enumerated() {
                group.addTask { (index, await self.clear(request, master: master, until: limit)) }
            }
            var results: [(Int, [CacheClearReport])] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    /// The sockets of each master, found anew; those which nothing tells apart stand alone.
    ///
    /// - Throws: `CacheTargetError` where the directory of the sockets cannot be read.
    public func masters() async throws(CacheTargetError) -> [[SocketAddress]] {
        try await masters(until: .after(exchange.deadlines.total))
    }

    private func masters(
        until limit: Deadline
    ) async throws(CacheTargetError) -> [[SocketAddress]] {
        let addresses = try await addresses()
        guard addresses.count > 1 else { return addresses.map { [$0] } }
        let identities = await withTaskGroup(of: (Int, MasterIdentity?).self) { group in
            for (index, address) in addresses.enumerated() {
                group.addTask { (index, await self.identity(of: address, until: limit)) }
            }
            var found: [Int: MasterIdentity] = [:]
            for await (index, identity) in group { found[index] = identity }
            return found
        }
        var places: [MasterIdentity: Int] = [:]
        var masters: [[SocketAddress]] = []
        for (index, address) in addresses.enumerated() {
            if let identity = identities[index], let place = places[identity] {
                masters[place].append(address)
                continue
            }
            if let identity = identities[index] { places[identity] = masters.count }
            masters.append([address])
        }
        return masters
    }

    private func addresses() async throws(CacheTargetError) -> [SocketAddress] {
        // What the configuration names needs no thread that waits for a disk.
        if case .addresses(let list) = endpoints { return list }
        let endpoints = endpoints
        return try await pool.run { () throws(CacheTargetError) in try endpoints.resolved() }
    }

    /// The master behind a socket; remembered for as long as the socket is the same one.
    private func identity(
        of address: SocketAddress, until limit: Deadline
    ) async -> MasterIdentity? {
        // A TCP port has nothing that would show that another master has taken it over.
        guard case .unix(let path) = address, let file = SocketFile(path) else { return nil }
        if let identity = known.withLock({ $0[file] }) { return identity }
        let exchange = exchange
        do throws(CacheTargetError) {
            let reply = try await pool.run { () throws(CacheTargetError) in
                try exchange.status(at: address, until: limit)
            }
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
        _ request: ClearRequest, master: [SocketAddress], until limit: Deadline
    ) async -> [CacheClearReport] {
        if request.opcode == .all, let address = master.first(where: reloading.contains) {
            let reload = await reload(request, at: address, until: limit)
            guard reload.contains(where: { !$0.outcome.isDone }), !limit.hasPassed else {
                return reload
            }
            return reload + (await clearPools(request, master, until: limit))
        }
        return await clearPools(request, master, until: limit)
    }

    private func reload(
        _ request: ClearRequest, at address: SocketAddress, until limit: Deadline
    ) async -> [CacheClearReport] {
        let reload = MasterReload(exchange: exchange)
        let began = ContinuousClock.now
        func verdict() -> ClearVerdict {
            ClearVerdict(
                target: address.description, request: request,
                milliseconds: (ContinuousClock.now - began) / .milliseconds(1))
        }
        do throws(CacheTargetError) {
            let result = try await pool.run { () throws(CacheTargetError) in
                try reload.perform(at: address, until: limit)
            }
            return verdict().reports(result)
        } catch {
            return [verdict().report(.opcode, .failed(error))]
        }
    }

    /// Through one pool after the other: each but the last has half of the time that is left, so
    /// that one whose workers hang does not keep the caches from being cleared through the next.
    private func clearPools(
        _ request: ClearRequest, _ master: [SocketAddress], until limit: Deadline
    ) async -> [CacheClearReport] {
        var reports: [CacheClearReport] = []
        var rest = request
        for (index, address) in master.enumerated() where !(index > 0 && limit.hasPassed) {
            let share = index == master.count - 1 ? limit : limit.half
            for report in await clear(rest, at: address, until: share) {
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
        _ request: ClearRequest, at address: SocketAddress, until limit: Deadline
    ) async -> [CacheClearReport] {
        let exchange = exchange
        let began = ContinuousClock.now
        func verdict() -> ClearVerdict {
            ClearVerdict(
                target: address.description, request: request,
                milliseconds: (ContinuousClock.now - began) / .milliseconds(1))
        }
        do throws(CacheTargetError) {
            let answer = try await pool.run { () throws(CacheTargetError) in
                try exchange.clear(request, at: address, until: limit)
            }
            return verdict().reports(answer)
        } catch {
            return verdict().reports(error)
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
