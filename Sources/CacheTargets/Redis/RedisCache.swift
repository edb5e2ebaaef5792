// SPDX-License-Identifier: Apache-2.0

/// Clears the site's keys of one Redis database.
///
/// Law: only keys of the selection go, found by `SCAN` and never by `KEYS`; each batch is deleted
/// and looked for again in one transaction, so the proof holds however busy the store is.
/// Keys that others write meanwhile are no failure.
public struct RedisCache: Sendable {
    private let address: SocketAddress
    private let database: Int
    private let login: RedisLogin?
    let selection: StoreSelection
    private let exchange: StoreExchange

    /// Makes the target; nothing is contacted yet.
    ///
    /// - Parameters:
    ///   - timeout: how long a whole clear may take, connecting included.
    ///   - pool: the threads that wait.
    /// - Throws: `CacheTargetError` with `invalidRequest` for an empty prefix or tag.
    public init(
        address: SocketAddress, database: Int = 0, login: RedisLogin? = nil,
        selection: StoreSelection, timeout: Duration = .seconds(10), pool: BlockingPool
    ) throws(CacheTargetError) {
        let target = "\(address.endpoint)/\(database)\(selection.label)"
        try selection.check(target)
        self.address = address
        self.database = database
        self.login = login
        self.selection = selection
        exchange = StoreExchange(cache: .redis, target: target, timeout: timeout, pool: pool)
    }

    /// What reports call it: address, number of the database, and selection.
    public var target: String { exchange.target }

    /// Clears, and gives one report.
    public func clear(_ request: KeyedClearRequest) async -> [CacheClearReport] {
        let failure = RedisFailure(target: target, login: login)
        let action =
            request.isWhole && selection == .everything ? "flush the database" : request.action
        let report = await exchange.report(action) {
            [address, database, login, selection] deadline throws(CacheTargetError) in
            let session = try RedisSession(
                address, failure: failure, connect: .seconds(2), deadline: deadline)
            var clear = RedisClear(session, selection: selection, request: request, until: deadline)
            try clear.begin(login, database: database)
            return try clear.run()
        }
        return [report]
    }
}
