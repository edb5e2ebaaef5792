// SPDX-License-Identifier: Apache-2.0

/// Clears the site's keys of one Memcached server.
///
/// Memcached does not find keys by their beginning: its crawler lists all of them
/// (`lru_crawler metadump`, since 1.4.31), and those of the selection are deleted one by one, each
/// with a reply. Tags are version counters, as the application keeps them.
/// Keys that others write meanwhile are no failure.
public struct MemcachedCache: Sendable {
    private let address: SocketAddress
    let selection: StoreSelection
    private let exchange: StoreExchange

    /// Makes the target; nothing is contacted yet.
    ///
    /// - Parameters:
    ///   - timeout: how long a whole clear may take, connecting included.
    ///   - pool: the threads that wait.
    /// - Throws: `CacheTargetError` with `invalidRequest` for an empty prefix or tag, or one that
    ///   no key can have.
    public init(
        address: SocketAddress, selection: StoreSelection, timeout: Duration = .seconds(10),
        pool: BlockingPool
    ) throws(CacheTargetError) {
        let target = address.endpoint + selection.label
        try selection.check(target)
        let texts: [String] =
            switch selection {
            case .prefix(let prefix): [prefix]
            case .tags(let tags): tags
            case .everything: []
            }
        guard texts.allSatisfy({ MemcachedKey.isKey(Array($0.utf8)) }) else {
            throw MemcachedFailure(target: target).unusable(1, "read selection")
        }
        self.address = address
        self.selection = selection
        exchange = StoreExchange(cache: .memcached, target: target, timeout: timeout, pool: pool)
    }

    /// What reports call it: address and selection.
    public var target: String { exchange.target }

    /// Clears, and gives one report.
    public func clear(_ request: KeyedClearRequest) async -> [CacheClearReport] {
        let failure = MemcachedFailure(target: target)
        let action =
            request.isWhole && selection == .everything ? "flush the server" : request.action
        let report = await exchange.report(action) {
            [address, selection] deadline throws(CacheTargetError) in
            let session = try MemcachedSession(
                address, failure: failure, connect: .seconds(2), deadline: deadline)
            var clear = MemcachedClear(
                session, selection: selection, request: request, until: deadline)
            return try clear.run()
        }
        return [report]
    }
}
