// SPDX-License-Identifier: Apache-2.0

/// Asks to clear caches everywhere.
///
/// Every field may be absent; what is named must not be nothing.
public struct InvalidateRequestDocument: Codable, Sendable, Hashable {
    /// The whole opcode cache; absent: no.
    public var opcodeCache: Bool
    /// The whole user cache; absent: no.
    public var userCache: Bool
    /// Everything in every configured cache; absent: no.
    public var everything: Bool
    /// Files whose opcodes to forget, from the root of the installation.
    public var paths: [String]
    /// Entries by exact key.
    public var keys: [String]
    /// Entries by the start of the key.
    public var keyPrefixes: [String]
    /// Entries by a Perl regular expression without delimiters.
    public var keyPatterns: [String]
    /// Pages, by absolute URL or by path.
    public var urls: [String]
    /// Pages and entries by tag.
    public var tags: [String]
    /// Publish it also where no cache of this server knows such things; absent: no.
    public var elsewhere = false
    /// Wait for receipts; absent: yes.
    public var wait: Bool
    /// Where `wait` is false: `local`, `one` or `all`; absent: `one`, or `local` in a cluster of
    /// one.
    public var confirm: String?
    /// How long to wait for receipts; absent: 30 seconds.
    ///
    /// Unit: milliseconds.
    public var timeoutMilliseconds: UInt64

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case opcodeCache, userCache, everything, paths, keys, keyPrefixes, keyPatterns, urls, tags
        case elsewhere, wait, confirm, timeoutMilliseconds
    }

    /// A request that names whole caches; set what else it is about.
    public init(
        opcodeCache: Bool, userCache: Bool, everything: Bool = false, wait: Bool = true,
        timeoutMilliseconds: UInt64 = 30_000
    ) {
        self.opcodeCache = opcodeCache
        self.userCache = userCache
        self.everything = everything
        (paths, keys, keyPrefixes, keyPatterns, urls, tags) = ([], [], [], [], [], [])
        self.wait = wait
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Reads the document.
    ///
    /// - Throws: `ErrorDocument` for a key that it does not have, `DecodingError` for anything else
    ///   that is not the document.
    public init(from decoder: any Decoder) throws {
        try refuseOtherKeys(than: CodingKeys.self, in: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func flag(_ key: CodingKeys, or standard: Bool) throws -> Bool {
            try fields.decodeIfPresent(Bool.self, forKey: key) ?? standard
        }
        func names(_ key: CodingKeys) throws -> [String] {
            try fields.decodeIfPresent([String].self, forKey: key) ?? []
        }
        opcodeCache = try flag(.opcodeCache, or: false)
        userCache = try flag(.userCache, or: false)
        everything = try flag(.everything, or: false)
        paths = try names(.paths)
        keys = try names(.keys)
        keyPrefixes = try names(.keyPrefixes)
        keyPatterns = try names(.keyPatterns)
        urls = try names(.urls)
        tags = try names(.tags)
        elsewhere = try flag(.elsewhere, or: false)
        wait = try flag(.wait, or: true)
        confirm = try fields.decodeIfPresent(String.self, forKey: .confirm)
        timeoutMilliseconds =
            try fields.decodeIfPresent(UInt64.self, forKey: .timeoutMilliseconds) ?? 30_000
    }
}

/// One line of the answer to `invalidate`: first the ID, then a node's outcome each, then the end.
public struct InvalidateLine: Codable, Sendable, Hashable {
    /// The event's ID; in the first line.
    public var id: String?
    /// The nodes, by URL, whose receipts are waited for; in the first line.
    public var nodes: [String]?
    /// One node's outcome.
    public var outcome: OutcomeDocument?
    /// In the last line: the nodes, by URL, that did not answer in time.
    public var silent: [String]?
    /// In the last line: those of ``silent`` that nobody is logged in on; `nil` for none.
    public var notLoggedIn: [String]?

    /// Makes the line from its fields.
    public init(
        id: String? = nil, nodes: [String]? = nil, outcome: OutcomeDocument? = nil,
        silent: [String]? = nil, notLoggedIn: [String]? = nil
    ) {
        self.id = id
        self.nodes = nodes
        self.outcome = outcome
        self.silent = silent
        self.notLoggedIn = notLoggedIn
    }
}

/// Asks for parked events to be tried again.
public struct RetryRequestDocument: Codable, Sendable, Hashable {
    /// The event; absent: every parked one.
    public var id: String?

    private enum CodingKeys: String, CodingKey, CaseIterable { case id }

    /// Names the event, or none for all.
    public init(id: String? = nil) { self.id = id }

    /// Reads the document.
    ///
    /// - Throws: `ErrorDocument` for a key that it does not have: without it, every event would be
    ///   meant; `DecodingError` for anything else that is not the document.
    public init(from decoder: any Decoder) throws {
        try refuseOtherKeys(than: CodingKeys.self, in: decoder)
        id = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(
            String.self, forKey: .id)
    }
}

/// How many parked events are tried again.
public struct RetryAnswer: Codable, Sendable, Hashable {
    /// Their number.
    public var events: UInt64

    /// Makes the document from its field.
    public init(events: UInt64) { self.events = events }
}

/// The last line of a stream that went wrong.
public struct StreamFailureLine: Codable, Sendable, Hashable {
    /// What happened.
    public var error: ErrorDocument

    /// Makes the line from its field.
    public init(error: ErrorDocument) { self.error = error }
}
