// SPDX-License-Identifier: Apache-2.0

/// The conversation with one Redis: find, delete, prove.
///
/// Runs on one blocking thread.
struct RedisClear: ~Copyable {
    /// How many keys one step looks at, and about how many go in one batch.
    ///
    /// Redis serves nobody else during a step: a thousand keys take it some 0.2 ms.
    static let step = 1_000

    private var session: RedisSession
    private let selection: StoreSelection
    private let request: KeyedClearRequest
    private var judge: KeyJudge
    private var result = StoreResult()

    private var failure: RedisFailure { session.failure }

    init(
        _ session: consuming RedisSession, selection: StoreSelection, request: KeyedClearRequest,
        until deadline: Deadline
    ) {
        judge = KeyJudge(request, target: session.failure.target, until: deadline)
        self.session = session
        self.selection = selection
        self.request = request
    }

    /// Logs in, selects the database and looks whether this is the server that has the keys.
    mutating func begin(_ login: RedisLogin?, database: Int) throws(CacheTargetError) {
        var commands: [RESPCommand] = []
        if let login { commands.append(login.command) }
        if database != 0 { commands.append(RESPCommand("SELECT", "\(database)")) }
        let greetings = commands.count
        commands += [
            RESPCommand("INFO", "replication"), RESPCommand("INFO", "cluster"),
            RESPCommand("DBSIZE"),
        ]
        let replies = try session.perform(commands, "begin")
        for (index, reply) in replies.prefix(greetings).enumerated() {
            let operation = index == 0 && login != nil ? "log in" : "select database \(database)"
            guard reply == .simple(Array("OK".utf8)) else {
                throw failure.misfit(reply, operation: operation, expected: "OK")
            }
        }
        let facts = try allowed(replies[greetings]) + allowed(replies[greetings + 1])
        if facts.contains("role:slave") {
            throw failure.error(
                .readOnly, "look at the server", "a master", "a replica",
                "Name the master: a replica does not hand deletions on.")
        }
        if facts.contains("cluster_enabled:1") {
            throw failure.error(
                .clustered, "look at the server", RedisFailure.single, "a node of Redis Cluster",
                RedisFailure.clusterHint)
        }
        result.totals.before = try total(replies[greetings + 2])
    }

    /// Clears.
    mutating func run() throws(CacheTargetError) -> StoreResult {
        if request.isWhole, selection == .everything {
            try flush()
        } else if case .tags(let tags) = selection {
            try clearTags(configured: tags)
        } else if request.isWhole {
            try scan(from: selection.prefix, isWhole: true)
        } else {
            try delete(keys: request.keys)
            if request.needsLook { try look() }
            for tag in request.tags { try clear(tag: tag, isWhole: true) }
        }
        let reply = try session.perform([RESPCommand("DBSIZE")], "count keys")
        result.totals.after = try total(reply[0])
        judge.tell(&result)
        return result
    }

    /// A number that is nice to have; nothing where this user may not ask for it.
    private func total(_ reply: RESPValue) throws(CacheTargetError) -> Int? {
        if case .integer(let number) = reply { return Int(number) }
        _ = try allowed(reply)
        return nil
    }

    /// A text that is nice to have; nothing where this user may not ask for it.
    private func allowed(_ reply: RESPValue) throws(CacheTargetError) -> String {
        if case .bulk(let text?) = reply { return String(decoding: text, as: UTF8.self) }
        // Some who rent Redis out have taken `INFO` away.
        if case .error(let text) = reply, text.starts(with: "ERR unknown command".utf8) {
            return ""
        }
        let error = failure.misfit(reply, operation: "look at the server", expected: "a text")
        guard error.code == .forbidden else { throw error }
        return ""
    }

    /// Empties the database, and sees it empty before anybody else writes.
    private mutating func flush() throws(CacheTargetError) {
        let operation = "flush the database"
        let command = RESPCommand("FLUSHDB", "ASYNC")
        result.matched = result.totals.before ?? 0
        result.removed = result.matched
        guard result.totals.before != nil else {
            let reply = try session.perform([command], operation)[0]
            guard reply == .simple(Array("OK".utf8)) else {
                throw failure.misfit(reply, operation: operation, expected: "OK")
            }
            return
        }
        let values = try session.transact([command, RESPCommand("DBSIZE")], operation).values
        guard values[0] == .simple(Array("OK".utf8)) else {
            throw failure.misfit(values[0], operation: operation, expected: "OK")
        }
        result.remaining = try number(values[1], operation)
        try checkRemaining(result.remaining)
    }
}

// MARK: - By key, prefix and pattern

extension RedisClear {
    private mutating func delete(keys: [String]) throws(CacheTargetError) {
        let prefix = selection.prefix
        var rest = keys.map { prefix + Array($0.utf8) }[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.step))
            rest = rest.dropFirst(batch.count)
            let before = result.removed
            _ = try delete(batch, from: nil, then: nil)
            result.matched += result.removed - before
        }
    }

    /// Looks through the selection for what the prefixes and patterns mean.
    private mutating func look() throws(CacheTargetError) {
        guard request.patterns.isEmpty, request.keyPrefixes.count == 1 else {
            return try scan(from: selection.prefix, isWhole: false)
        }
        try scan(from: selection.prefix + Array(request.keyPrefixes[0].utf8), isWhole: true)
    }

    /// Deletes the keys that begin with `prefix`: all, or those which the request means.
    private mutating func scan(from prefix: [UInt8], isWhole: Bool) throws(CacheTargetError) {
        let operation = "look for keys"
        let pattern = Self.escaped(prefix) + [UInt8(ascii: "*")]
        var cursor: [UInt8]? = [UInt8(ascii: "0")]
        var found: [[UInt8]] = []
        while cursor != nil || !found.isEmpty {
            let next = cursor.map {
                RESPCommand(
                    "SCAN",
                    [$0, Array("MATCH".utf8), pattern, Array("COUNT".utf8)]
                        + [Array("\(Self.step)".utf8)])
            }
            let reply = try delete(found, from: nil, then: next)
            guard let reply else { return }
            let page = try page(reply, operation)
            cursor = page.cursor
            found = []
            for key in page.items {
                // Whatever the server says: what lies outside is never touched.
                guard key.starts(with: prefix) else {
                    throw failure.error(
                        .wrongProtocol, operation, "keys with the prefix", "another key",
                        "Check that the address is that of Redis.")
                }
                let isMeant =
                    isWhole ? true : try judge.means(key.dropFirst(selection.prefix.count))
                if isMeant { found.append(key) }
            }
            result.matched += found.count
        }
    }

    /// Deletes a batch, proves it, and sends the next question along with it.
    ///
    /// - Parameter set: the set that names the keys, and how it names them.
    private mutating func delete(
        _ keys: [[UInt8]], from set: (removal: RESPCommand, name: [UInt8])?, then next: RESPCommand?
    ) throws(CacheTargetError) -> RESPValue? {
        let operation = "delete keys"
        guard !keys.isEmpty || set != nil else {
            return try session.transact([], then: next, operation).next
        }
        var commands: [RESPCommand] = []
        if !keys.isEmpty { commands = [RESPCommand("UNLINK", keys), RESPCommand("EXISTS", keys)] }
        if let set { commands.append(set.removal) }
        let (values, reply) = try session.transact(commands, then: next, operation)
        for value in values {
            guard case .integer = value else {
                throw failure.misfit(value, operation: operation, expected: "a number")
            }
        }
        guard !keys.isEmpty else { return reply }
        result.removed += try number(values[0], operation)
        let remaining = try number(values[1], operation)
        result.remaining += remaining
        try checkRemaining(remaining)
        return reply
    }

    private func checkRemaining(_ count: Int) throws(CacheTargetError) {
        guard count == 0 else {
            throw failure.error(
                .unproven, "prove the clear", "no deleted key left", "\(count) left",
                "Try again; look into the log of Redis.")
        }
    }

    private func number(
        _ value: RESPValue, _ operation: String
    ) throws(CacheTargetError) -> Int {
        guard case .integer(let number) = value, number >= 0 else {
            throw failure.misfit(value, operation: operation, expected: "a number")
        }
        return Int(number)
    }

    /// A page of `SCAN` and its like: where to go on, nothing at the end, and what was found.
    private func page(
        _ reply: RESPValue, _ operation: String
    ) throws(CacheTargetError) -> (cursor: [UInt8]?, items: [[UInt8]]) {
        guard case .array(let parts?) = reply, parts.count == 2,
            case .bulk(let cursor?) = parts[0], case .array(let values?) = parts[1]
        else { throw failure.misfit(reply, operation: operation, expected: "a page of keys") }
        var items: [[UInt8]] = []
        items.reserveCapacity(values.count)
        for value in values {
            guard case .bulk(let item?) = value else {
                throw failure.misfit(value, operation: operation, expected: "a key")
            }
            items.append(item)
        }
        guard !cursor.isEmpty, cursor.count <= 20, cursor.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw failure.misfit(parts[0], operation: operation, expected: "a cursor") }
        return (cursor == [UInt8(ascii: "0")] ? nil : cursor, items)
    }

    /// The text with a meaning to `MATCH` taken from it.
    ///
    /// Source: `stringmatchlen` of Redis: `*`, `?`, `[` and the backslash are special outside of
    /// brackets.
    static func escaped(_ text: [UInt8]) -> [UInt8] {
        text.flatMap { #"*?[]\"#.utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
    }
}

// MARK: - By tag

extension RedisClear {
    /// Clears of a selection by tags: all of them, those which are asked for, or some keys.
    private mutating func clearTags(configured: [String]) throws(CacheTargetError) {
        if request.isWhole || !request.keys.isEmpty || request.needsLook {
            for tag in configured {
                try clear(tag: tag, isWhole: request.isWhole || request.tags.contains(tag))
            }
            return
        }
        let asked = request.tags.filter(configured.contains)
        guard !asked.isEmpty else {
            result.nothing = "none of the tags is among those configured for this Redis"
            return
        }
        for tag in asked { try clear(tag: tag, isWhole: true) }
    }

    /// Deletes the keys that carry a tag: all, or those which the request means.
    private mutating func clear(tag: String, isWhole: Bool) throws(CacheTargetError) {
        let names = RedisTagSet.names(of: tag, prefix: selection.prefix)
        let types = try session.perform(names.map { RESPCommand("TYPE", [$0]) }, "look for tag")
        for (name, type) in zip(names, types) {
            guard case .simple(let word) = type else {
                throw failure.misfit(type, operation: "look for tag", expected: "a type")
            }
            guard let set = RedisTagSet(name: name, type: word) else { continue }
            try clear(set, isWhole: isWhole)
        }
    }

    private mutating func clear(_ set: RedisTagSet, isWhole: Bool) throws(CacheTargetError) {
        let operation = "look for keys of tag"
        var cursor: [UInt8]? = [UInt8(ascii: "0")]
        var members: [[UInt8]] = []
        while cursor != nil || !members.isEmpty {
            let keys = members.map { set.key(of: $0, prefix: selection.prefix) }
            result.matched += keys.count
            let reply = try delete(
                keys, from: members.isEmpty ? nil : (set.removal(of: members), set.name),
                then: cursor.map { set.page(from: $0, count: Self.step) })
            guard let reply else { return }
            let page = try page(reply, operation)
            cursor = page.cursor
            members = []
            for member in set.members(page.items) {
                let key = set.key(of: member, prefix: selection.prefix)
                let isMeant = isWhole ? true : try names(key)
                if isMeant { members.append(member) }
            }
        }
    }

    /// Whether the request names the key or means it.
    private mutating func names(_ key: [UInt8]) throws(CacheTargetError) -> Bool {
        if request.keys.contains(where: { key.elementsEqual($0.utf8) }) { return true }
        return try judge.means(key[...])
    }
}
