// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Foundation

/// The conversation with one Memcached: list, delete, count.
///
/// Runs on one blocking thread.
struct MemcachedClear: ~Copyable {
    /// How many deletions are sent before their replies are read.
    static let batch = 500

    /// How many keys one listing may give; further ones wait for the next listing.
    ///
    /// The listing is read to its end before anything is deleted: the crawler may hold a lock
    /// that a deletion needs while it waits for its reader.
    static let maximumHeld = 200_000

    /// How often is listed where a listing may miss entries that move meanwhile.
    private static let maximumPasses = 3

    /// How many statistics there may be.
    private static let maximumStatistics = 10_000

    private var session: MemcachedSession
    private let selection: StoreSelection
    private let request: KeyedClearRequest
    private var judge: KeyJudge
    private var result = StoreResult()
    /// How many entries are there and cannot be deleted, since neither protocol nor server can name
    /// them.
    private var unnamed = 0
    /// How many keys and tags were asked for that no entry can have.
    private var impossible = 0

    private var failure: MemcachedFailure { session.failure }

    init(
        _ session: consuming MemcachedSession, selection: StoreSelection,
        request: KeyedClearRequest, until deadline: Deadline
    ) {
        judge = KeyJudge(request, target: session.failure.target, until: deadline)
        self.session = session
        self.selection = selection
        self.request = request
    }

    /// Clears.
    mutating func run() throws(CacheTargetError) -> StoreResult {
        let before = try statistics()
        if request.isWhole, selection == .everything {
            try flush(before)
        } else if case .tags(let tags) = selection {
            try clearTags(configured: tags)
        } else if request.isWhole {
            try sweep()
        } else {
            try delete(keys: request.keys)
            if request.needsLook { try sweep() }
            for tag in request.tags { try renew(tag) }
        }
        result.totals = (before["curr_items"], try statistics()["curr_items"])
        guard unnamed == 0 else { throw failure.unusable(unnamed, "delete keys") }
        judge.tell(&result)
        tellImpossible()
        return result
    }

    /// What cannot be there needs no clearing, however often it is tried.
    private mutating func tellImpossible() {
        guard impossible > 0 else { return }
        let reason =
            "\(impossible) of the keys and tags cannot be named to Memcached: 1 to "
            + "\(MemcachedKey.maximumLength) bytes, \(MemcachedKey.maximumEncoded) with spaces or "
            + "control bytes, and none of these in tags"
        let isAll = impossible == request.keys.count + request.tags.count && !request.needsLook
        if isAll { result.nothing = reason } else { result.notes.append(reason) }
    }

    private mutating func statistics() throws(CacheTargetError) -> [String: Int] {
        let operation = "read statistics"
        try session.send("stats")
        var numbers: [String: Int] = [:]
        for _ in 0..<Self.maximumStatistics {
            let reply = try session.next(operation)
            if reply == .end { return numbers }
            guard case .statistic(let name, let value) = reply else {
                throw failure.misfit(reply, operation)
            }
            if let number = Int(value), number >= 0 { numbers[name] = number }
        }
        throw failure.error(
            .replyTooLarge, operation, "at most \(Self.maximumStatistics) statistics", "more",
            "Check that the address is that of Memcached.")
    }

    /// Empties the server: what is in it now is never given out again.
    private mutating func flush(_ before: [String: Int]) throws(CacheTargetError) {
        let operation = "flush the server"
        try session.send("flush_all")
        let reply = try session.next(operation)
        guard reply == .ok else { throw failure.misfit(reply, operation) }
        result.matched = before["curr_items"] ?? 0
        result.removed = result.matched
        result.flushes = (before["cmd_flush"], try statistics()["cmd_flush"])
        guard let old = result.flushes.before, let new = result.flushes.after, new <= old
        else { return }
        throw failure.error(
            .unproven, operation, "a grown counter cmd_flush", "\(old) before, \(new) after",
            "Try again; look into the log of Memcached.")
    }
}

// MARK: - By key, prefix and pattern

extension MemcachedClear {
    private mutating func delete(keys: [String]) throws(CacheTargetError) {
        let all = keys.map { selection.prefix + Array($0.utf8) }
        let usable = all.filter(MemcachedKey.isNameable)
        impossible += all.count - usable.count
        result.matched += try delete(usable)
    }

    /// Deletes keys and gives how many of them were there.
    ///
    /// Clients of the binary protocol make keys with spaces and control bytes; those are named in
    /// Base64 by a meta command.
    private mutating func delete(_ keys: [[UInt8]]) throws(CacheTargetError) -> Int {
        let encoded = keys.filter { !MemcachedKey.isKey($0) }.map {
            Array(Data($0).base64EncodedString().utf8)
        }
        return try delete(plain: keys.filter(MemcachedKey.isKey)) + delete(encoded: encoded)
    }

    private mutating func delete(encoded keys: [[UInt8]]) throws(CacheTargetError) -> Int {
        let operation = "delete keys in Base64"
        var deleted = 0
        var rest = keys[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(batch.count)
            for reply in try session.perform("md", batch, suffix: " b", operation) {
                switch reply {
                case .ok: deleted += 1
                case .notFound: continue
                case .refused: unnamed += 1
                case .deleted, .end, .number, .statistic, .entry, .busy, .notStarted:
                    throw failure.misfit(reply, operation)
                }
            }
        }
        result.removed += deleted
        return deleted
    }

    private mutating func delete(plain keys: [[UInt8]]) throws(CacheTargetError) -> Int {
        let operation = "delete keys"
        var deleted = 0
        var rest = keys[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(batch.count)
            for reply in try session.perform("delete", batch, operation) {
                switch reply {
                case .deleted: deleted += 1
                case .notFound: continue
                case .ok, .end, .number, .statistic, .entry, .busy, .notStarted, .refused:
                    throw failure.misfit(reply, operation)
                }
            }
        }
        result.removed += deleted
        return deleted
    }

    /// Deletes all that the request means, as far as listings show it.
    private mutating func sweep() throws(CacheTargetError) {
        var passes = 0
        while true {
            passes += 1
            let listing = try list()
            result.matched += listing.keys.count
            let usable = listing.keys.filter(MemcachedKey.isNameable)
            unnamed += listing.keys.count - usable.count
            _ = try delete(usable)
            guard !listing.isCut else { continue }
            if listing.isComplete || usable.isEmpty || passes >= Self.maximumPasses { return }
        }
    }

    private struct Listing {
        var keys: [[UInt8]] = []
        /// Whether further keys did not fit.
        var isCut = false
        /// Whether every entry that was there all the time is in it.
        var isComplete = true
    }

    /// Lists the keys which the request means.
    ///
    /// By the hash table (1.6.9), where no entry is missed; else along the queues, in which
    /// entries move.
    private mutating func list() throws(CacheTargetError) -> Listing {
        let operation = "list keys"
        var listing = Listing()
        var first = try beginListing("hash", operation)
        if case .refused = first {
            listing.isComplete = false
            first = try beginListing("all", operation)
        }
        var reply = first
        while reply != .end, reply != .notStarted {
            guard case .entry(let key) = reply else { throw failure.misfit(reply, operation) }
            if try means(key) {
                if listing.keys.count < Self.maximumHeld {
                    listing.keys.append(key)
                } else {
                    listing.isCut = true
                }
            }
            reply = try session.next(operation)
        }
        return listing
    }

    /// Asks for a listing until the crawler has time; gives the first line.
    private mutating func beginListing(
        _ way: String, _ operation: String
    ) throws(CacheTargetError) -> MemcachedReply {
        var pause = Duration.milliseconds(2)
        while true {
            try session.send("lru_crawler metadump \(way)")
            let reply = try session.next(operation)
            guard reply == .busy else { return reply }
            session.pause(pause)
            pause = min(pause * 2, .milliseconds(200))
            guard !session.isOverdue else {
                throw failure.error(
                    .notReady, operation, "a crawler with time", "BUSY",
                    "Another listing runs; it is tried again.")
            }
        }
    }

    private mutating func means(_ key: [UInt8]) throws(CacheTargetError) -> Bool {
        let prefix = selection.prefix
        guard key.starts(with: prefix) else { return false }
        guard !request.isWhole else { return true }
        return try judge.means(key.dropFirst(prefix.count))
    }
}

// MARK: - By tag

extension MemcachedClear {
    /// Clears of a selection by tags: all of them, or those which are asked for.
    private mutating func clearTags(configured: [String]) throws(CacheTargetError) {
        let asked = request.isWhole ? configured : request.tags.filter(configured.contains)
        guard !asked.isEmpty else {
            result.nothing =
                request.tags.isEmpty
                ? "this Memcached is cleared by tags only"
                : "none of the tags is among those configured for this Memcached"
            return
        }
        for tag in asked { try renew(tag) }
        if !request.isWhole, !request.keys.isEmpty || request.needsLook {
            result.notes.append("this Memcached is cleared by tags only, not by key")
        }
    }

    /// Gives a tag another version, so that entries with the old one are never read again.
    ///
    /// `tag:TAG` is our own convention: a counter is counted up, any other text goes, since its
    /// successor is another one. `tag:TAG:key` is that of Laravel: a text.
    private mutating func renew(_ tag: String) throws(CacheTargetError) {
        let operation = "renew tag"
        let own = selection.prefix + Array("tag:\(tag)".utf8)
        let laravel = own + Array(":key".utf8)
        guard MemcachedKey.isKey(laravel) else {
            impossible += 1
            return
        }
        let replies = try session.perform("incr", [own], suffix: " 1", operation)
        var renewed = try delete([laravel])
        switch replies[0] {
        case .number: renewed += 1
        case .notFound: break
        case .refused(let text) where text.contains("non-numeric"): renewed += try delete([own])
        case .deleted, .ok, .end, .statistic, .entry, .busy, .notStarted, .refused:
            throw failure.misfit(replies[0], operation)
        }
        result.matched += renewed
        let name = PrintableText.make(tag)
        result.notes.append(
            renewed == 0 ? "no entry carries the tag \(name)" : "tag \(name) has a new version")
    }
}
