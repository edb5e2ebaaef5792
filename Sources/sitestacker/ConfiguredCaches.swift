// SPDX-License-Identifier: Apache-2.0
internal import CacheTargets
internal import ClusterModel
internal import NodeConfiguration
internal import NodeRuntime
internal import Synchronization

/// The caches of the configuration in force.
final class CurrentCaches: CacheClearer {
    private let maker: CacheMaker
    private let caches: Mutex<CacheSet>

    /// Takes the caches of the first configuration.
    ///
    /// - Throws: `CacheTargetError` for an address that cannot be one.
    init(
        _ caches: [CacheConfiguration]?, site: String, scriptDirectory: String
    ) throws(CacheTargetError) {
        maker = CacheMaker(site: site, scriptDirectory: scriptDirectory)
        self.caches = Mutex(try maker.set(of: caches))
    }

    /// Takes those of a new one; what is under way goes on with the old ones.
    ///
    /// - Throws: `CacheTargetError`: the old ones stay in force.
    func take(_ caches: [CacheConfiguration]?) throws(CacheTargetError) {
        let new = try maker.set(of: caches)
        self.caches.withLock { $0 = new }
    }

    func clear(
        _ invalidation: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        await caches.withLock { $0 }.clear(invalidation, sparing: spared)
    }

    func begin(
        _ invalidation: Invalidation, sparing spared: Set<String>,
        running run: (@escaping @Sendable () async -> Void) -> Void,
        then: @escaping @Sendable ([StepReceipt]) -> Void
    ) {
        let caches = caches.withLock { $0 }
        caches.begin(invalidation, sparing: spared, running: run, then: then)
    }

    func refusal(of invalidation: Invalidation) -> ClearRefusal? {
        caches.withLock { $0 }.refusal(of: invalidation).map { refusal in
            switch refusal {
            case .unknown(let reason): .unknown(reason: reason)
            case .unusable(let reason): .unusable(reason: reason)
            }
        }
    }
}

/// Makes cache targets of what the configuration says.
private struct CacheMaker: Sendable {
    private let site: String
    private let script: ClearScript
    /// The threads that wait for PHP-FPM; new configurations use the same ones.
    private let phpThreads = BlockingPool(name: "php-fpm", width: 4)
    /// The threads that wait for stores and disks: a frozen store must not hold up PHP-FPM.
    private let storeThreads = BlockingPool(name: "stores", width: 4)

    init(site: String, scriptDirectory: String) {
        self.site = site
        script = ClearScript(directory: scriptDirectory)
    }

    /// All caches that the configuration names, or the PHP-FPM masters under `/run/php` where it
    /// names none.
    func set(of caches: [CacheConfiguration]?) throws(CacheTargetError) -> CacheSet {
        guard let caches else {
            return CacheSet([PHPFPMCache(script: script, pool: phpThreads, site: site)])
        }
        var targets: [any CacheTarget] = []
        if let phpFPM = try phpFPM(caches) { targets.append(phpFPM) }
        for cache in caches {
            if let target = try target(cache) { targets.append(target) }
        }
        return CacheSet(targets)
    }

    /// All sockets in one target: only together it is known which of them share a master.
    private func phpFPM(
        _ caches: [CacheConfiguration]
    ) throws(CacheTargetError) -> PHPFPMCache? {
        var addresses: [SocketAddress] = []
        var reloading: Set<SocketAddress> = []
        var longest: Duration = .zero
        for cache in caches {
            guard case .phpFPM(let server, let reloads) = cache.target else { continue }
            let address = try SocketAddress(server, of: "php-fpm")
            if !addresses.contains(address) { addresses.append(address) }
            if reloads { reloading.insert(address) }
            longest = max(longest, cache.timeout)
        }
        guard !addresses.isEmpty else { return nil }
        return PHPFPMCache(
            endpoints: .addresses(addresses), script: script, pool: phpThreads,
            deadlines: FastCGIDeadlines(connect: min(.seconds(2), longest), total: longest),
            reloading: reloading, site: site)
    }

    private func target(
        _ cache: CacheConfiguration
    ) throws(CacheTargetError) -> (any CacheTarget)? {
        switch cache.target {
        case .phpFPM: return nil
        case .http(let address, let root):
            return WebPHPCache(
                try WebPlace(address), site: site, root: root, pool: storeThreads,
                timeout: cache.timeout)
        case .redis(let address, let selection):
            return try RedisCache(
                address: try SocketAddress(address.server, of: "redis"),
                database: address.database, login: RedisLogin(address),
                selection: StoreSelection(selection), timeout: cache.timeout, pool: storeThreads)
        case .memcached(let server, let selection):
            return try MemcachedCache(
                address: try SocketAddress(server, of: "memcached"),
                selection: StoreSelection(selection), timeout: cache.timeout, pool: storeThreads)
        case .varnish(let address, let header, let pages):
            return try VarnishCache(
                try WebPlace(address), tagHeader: header ?? VarnishCache.standardTagHeader,
                pages: pages == .purge ? .purge : .ban, timeout: cache.timeout)
        case .command(let words, let triggers):
            return HookedCache(
                .command(words), triggers: OrderPart.set(triggers), site: site,
                timeout: cache.timeout)
        case .post(let address, let triggers):
            return HookedCache(
                .post(try WebPlace(address)), triggers: OrderPart.set(triggers), site: site,
                timeout: cache.timeout)
        }
    }
}

extension SocketAddress {
    fileprivate init(_ address: ServerAddress, of server: String) throws(CacheTargetError) {
        switch address {
        case .unix(let path): try self.init("unix:\(path)", of: server)
        case .tcp(let host, let port): try self.init("tcp:\(host.inURL):\(port)", of: server)
        }
    }
}

extension WebPlace {
    /// The place that an address of the configuration names.
    init(_ address: WebAddress) throws(CacheTargetError) {
        try self.init(
            isEncrypted: address.isEncrypted, host: address.host.canonical, port: address.port,
            target: address.target)
    }
}

extension StoreSelection {
    fileprivate init(_ selection: CacheConfiguration.KeySelection) {
        switch selection {
        case .prefix(let prefix): self = .prefix(prefix)
        case .tags(let tags): self = .tags(tags)
        case .everything: self = .everything
        }
    }
}

extension RedisLogin {
    fileprivate init?(_ address: RedisAddress) {
        guard let password = address.password else { return nil }
        self.init(user: address.user, password: password.revealed)
    }
}

extension OrderPart {
    fileprivate static func set(_ triggers: Set<CacheConfiguration.Trigger>) -> Set<OrderPart> {
        Set(triggers.map(OrderPart.init))
    }

    private init(_ trigger: CacheConfiguration.Trigger) {
        switch trigger {
        case .opcode: self = .opcode
        case .user: self = .user
        case .path: self = .path
        case .key: self = .key
        case .url: self = .url
        case .tag: self = .tag
        }
    }
}
