// SPDX-License-Identifier: Apache-2.0

/// The counters of an opcode cache at one moment.
public struct OpcodeCounters: Sendable, Equatable {
    /// How many scripts are cached.
    public let scripts: Int
    /// When the cache was made.
    ///
    /// Unit: seconds since 1970.
    public let startTime: Int
    /// When it was last restarted; 0 for never.
    ///
    /// Unit: seconds since 1970.
    public let lastRestartTime: Int
    /// How often it was restarted on request.
    public let manualRestarts: Int
    /// How often it was restarted because it was full.
    public let fullRestarts: Int
    /// Whether a restart waits for running requests to end.
    public let isRestartPending: Bool
    /// How often a script was found.
    public let hits: Int
    /// How often a script was not found.
    public let misses: Int

    /// Whether this cache was emptied after `earlier` was read.
    ///
    /// A restart counter has grown, or the whole cache is another one, as its master restarted: its
    /// times are whole seconds, but counters which never fall while a cache lives have fallen.
    public func wasEmptied(since earlier: OpcodeCounters) -> Bool {
        startTime != earlier.startTime || manualRestarts != earlier.manualRestarts
            || fullRestarts != earlier.fullRestarts || hits < earlier.hits
            || misses < earlier.misses
    }
}

/// The counters of a user cache at one moment.
public struct UserCounters: Sendable, Equatable {
    /// How many entries it holds.
    public let entries: Int
    /// When it was made or last cleared; some versions of APCu say nonsense after a clear.
    ///
    /// Unit: seconds since 1970.
    public let startTime: Int
    /// How often an entry was found.
    public let hits: Int
    /// How often an entry was not found.
    public let misses: Int
    /// How many entries were stored.
    public let inserts: Int
    /// How much memory its entries take.
    ///
    /// Unit: bytes.
    public let memory: Int
}

/// The counters of a store of keys at one moment.
public struct KeyCounters: Sendable, Equatable {
    /// How many keys were found to go; afterwards how many of those were still there.
    public let matching: Int
    /// How many keys the database or server holds in all; nothing where it does not tell.
    public let total: Int?
    /// How often the whole server was emptied; only where that was asked for and is counted.
    public let flushes: Int?
}

/// What came of clearing one cache of one server.
public struct CacheClearReport: Sendable, Equatable {
    /// Which cache.
    public enum Cache: String, Sendable, CaseIterable {
        /// Compiled scripts (opcache).
        case opcode
        /// The application's entries (APCu).
        case user
        /// Keys of a Redis database.
        case redis
        /// Keys of a Memcached server.
        case memcached
    }

    /// The cache's own counters, the proof of effect.
    public enum Counters: Sendable, Equatable {
        /// Of the opcode cache.
        case opcode(before: OpcodeCounters, after: OpcodeCounters)
        /// Of the user cache.
        case user(before: UserCounters, after: UserCounters)
        /// Of a store of keys.
        case keys(before: KeyCounters, after: KeyCounters)
    }

    /// What came of it.
    public enum Outcome: Sendable, Equatable {
        /// Done and proved.
        case cleared
        /// The reset is accepted and requests which start now already ignore the old code; the
        /// memory is freed when the requests that were running end.
        case restartPending
        /// There is no such cache; why.
        case nothingToClear(String)
        /// The request cannot mean anything to this cache, now or later; why.
        case refused(String)
        /// Not done, or not proved.
        case failed(CacheTargetError)
    }

    /// The address that was asked.
    public let target: String
    /// Which cache.
    public let cache: Cache
    /// What was to be done, for people.
    public let action: String
    /// What came of it.
    public let outcome: Outcome
    /// The proof; nothing where the server did not answer or has no such cache.
    public let counters: Counters?
    /// How many entries or files the clear took away; for a whole cache, all it held.
    public let removed: Int
    /// From the order until the server's word that it is done, or until it was given up; a proof
    /// that takes another question comes after that.
    public let milliseconds: Double
    /// What an administrator should know besides.
    public let notes: [String]
}
