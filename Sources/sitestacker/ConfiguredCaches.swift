// SPDX-License-Identifier: Apache-2.0
internal import CacheTargets
internal import ClusterModel
internal import NodeConfiguration
internal import NodeRuntime
internal import Synchronization

/// The caches of the configuration in force.
final class CurrentCaches: CacheClearer {
    private let site: String
    private let scriptDirectory: String
    private let caches: Mutex<ConfiguredCaches>

    /// Takes the caches of the first configuration.
    ///
    /// - Throws: `CacheTargetError` for an address that cannot be one.
    init(
        _ caches: [CacheConfiguration]?, site: String, scriptDirectory: String
    ) throws(CacheTargetError) {
        self.site = site
        self.scriptDirectory = scriptDirectory
        self.caches = Mutex(
            try ConfiguredCaches(caches, site: site, scriptDirectory: scriptDirectory))
    }

    /// Takes those of a new one; what is under way goes on with the old ones.
    ///
    /// - Throws: `CacheTargetError`: the old ones stay in force.
    func take(_ caches: [CacheConfiguration]?) throws(CacheTargetError) {
        let new = try ConfiguredCaches(caches, site: site, scriptDirectory: scriptDirectory)
        self.caches.withLock { $0 = new }
    }

    func clear(
        _ invalidation: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        await caches.withLock { $0 }.clear(invalidation, sparing: spared)
    }
}

/// The caches of the configuration, cleared side by side.
struct ConfiguredCaches: CacheClearer {
    private let phpFPM: PHPFPMCache?
    private let site: String

    /// The PHP-FPM masters that the configuration names, or all under `/run/php` where it names no
    /// cache.
    ///
    /// - Throws: `CacheTargetError` for an address that cannot be one.
    init(
        _ caches: [CacheConfiguration]?, site: String, scriptDirectory: String
    ) throws(CacheTargetError) {
        self.site = site
        let script = ClearScript(directory: scriptDirectory)
        let pool = BlockingPool(name: "php-fpm", width: 4)
        guard let caches else {
            phpFPM = PHPFPMCache(script: script, pool: pool)
            return
        }
        var addresses: [FastCGIAddress] = []
        for cache in caches {
            guard case .phpFPM(let address, reload: _) = cache.target else { continue }
            addresses.append(try FastCGIAddress(ConfiguredCaches.text(of: address)))
        }
        phpFPM =
            addresses.isEmpty
            ? nil : PHPFPMCache(endpoints: .addresses(addresses), script: script, pool: pool)
    }

    private static func text(of address: ServerAddress) -> String {
        switch address {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): "tcp:\(host.inURL):\(port)"
        }
    }

    func clear(
        _ invalidation: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        guard let phpFPM else { return [] }
        let isSpared = { address in spared.contains("php-fpm \(address)") }
        var steps: [StepReceipt] = []
        for request in requests(for: invalidation) {
            switch request {
            case .success(let request):
                steps += await phpFPM.clear(request, sparing: isSpared).map(StepReceipt.init)
            case .failure(let error):
                steps.append(
                    StepReceipt(
                        target: "php-fpm", action: "clear", failure: "\(error)", proof: [],
                        microseconds: 0))
            }
        }
        return steps
    }

    /// One request for what is cleared whole or by list, and one for each prefix and pattern.
    private func requests(
        for order: Invalidation
    ) -> [Result<ClearRequest, CacheTargetError>] {
        let opcode: ClearRequest.Opcode =
            if order.everything || order.opcodeCache {
                .all
            } else if !order.paths.isEmpty {
                .files(order.paths.map { "\(site)/\($0)" })
            } else {
                .none
            }
        let isWhole = order.everything || order.userCache
        var users: [ClearRequest.User] = []
        if isWhole {
            users = [.all]
        } else {
            if !order.keys.isEmpty { users.append(.keys(order.keys)) }
            users += order.keyPrefixes.map { .prefix($0) }
            users += order.keyPatterns.map { .pattern($0) }
        }
        if users.isEmpty, opcode != .none { users = [.none] }
        return users.enumerated().map { index, user in
            Result { () throws(CacheTargetError) in
                try ClearRequest(opcode: index == 0 ? opcode : .none, user: user)
            }
        }
    }
}

extension StepReceipt {
    /// What a report of PHP-FPM proves.
    init(_ report: CacheClearReport) {
        let failure: String? =
            switch report.outcome {
            case .cleared, .restartPending, .nothingToClear: nil
            case .failed(let error): "\(error)"
            }
        self.init(
            target: "php-fpm \(report.target)", action: report.action, failure: failure,
            proof: report.counters.map { Proof.all(of: $0) } ?? [],
            microseconds: UInt64(max(0, report.milliseconds * 1_000)))
    }
}

extension Proof {
    /// The counters of a cache that show whether it was cleared.
    fileprivate static func all(of counters: CacheClearReport.Counters) -> [Proof] {
        switch counters {
        case .opcode(let before, let after):
            [
                Proof(
                    counter: "scripts",
                    before: number(before.scripts), after: number(after.scripts)),
                Proof(
                    counter: "restarts",
                    before: number(before.manualRestarts), after: number(after.manualRestarts)),
            ]
        case .user(let before, let after):
            [
                Proof(
                    counter: "entries",
                    before: number(before.entries), after: number(after.entries))
            ]
        case .keys(let before, let after):
            [
                Proof(
                    counter: "matching keys", before: number(before.matching),
                    after: number(after.matching))
            ]
        }
    }

    private static func number(_ count: Int) -> UInt64 { UInt64(clamping: count) }
}
