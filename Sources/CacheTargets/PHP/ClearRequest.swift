// SPDX-License-Identifier: Apache-2.0

import ClusterModel

/// What to clear in a PHP-FPM master.
///
/// Invariant: within all limits, so it can always be sent.
public struct ClearRequest: Sendable, Equatable {
    /// What to clear of the opcode cache.
    public enum Opcode: Sendable, Equatable {
        /// Nothing.
        case none
        /// Everything, by a restart of the cache.
        case all
        /// These files, by absolute path; gentler than `all` under load.
        case files([String])
    }

    /// What to clear of the user cache (APCu).
    public enum User: Sendable, Equatable {
        /// Nothing.
        case none
        /// Everything.
        case all
        /// These keys, every key that begins with one of the prefixes, and every key that one of
        /// the Perl regular expressions is found in, written without delimiters.
        case some(keys: [String], prefixes: [String], patterns: [String])
    }

    /// The most files or keys of one request.
    public static let maximumItems = 20_000

    /// The most bytes of all files and keys of one request; PHP's post_max_size is 8 MiB.
    ///
    /// Unit: bytes.
    public static let maximumBytes = FastCGIRequest.maximumBody

    /// What to clear of the opcode cache.
    public let opcode: Opcode
    /// What to clear of the user cache.
    public let user: User

    /// Clears the whole of both caches.
    public static let everything = ClearRequest(unchecked: .all, .all)

    private init(unchecked opcode: Opcode, _ user: User) {
        self.opcode = opcode
        self.user = user
    }

    /// Makes a request.
    ///
    /// - Throws: `CacheTargetError` with `invalidRequest` for nothing to do, a file that is not
    ///   an absolute path, an empty key, prefix or pattern, a NUL byte, or too much at once.
    public init(opcode: Opcode, user: User) throws(CacheTargetError) {
        self.init(unchecked: opcode, user)
        guard opcode != .none || user != .none else {
            throw Self.refusal("something to clear", found: "nothing")
        }
        var files: [String] = []
        if case .files(let list) = opcode {
            files = list
            guard !files.isEmpty else { throw Self.refusal("at least one file", found: "none") }
        }
        if let relative = files.first(where: { !$0.hasPrefix("/") }) {
            throw Self.refusal("absolute paths of files", found: relative)
        }
        if case .some([], [], []) = user {
            throw Self.refusal("at least one key, prefix or pattern", found: "none")
        }
        let items = self.items
        guard items.count <= Self.maximumItems else {
            throw Self.refusal("at most \(Self.maximumItems) items", found: "\(items.count)")
        }
        guard items.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) && !$0.utf8.contains(1) })
        else {
            throw Self.refusal("items without the bytes 0 and 1, not empty", found: "another one")
        }
        guard body.count <= Self.maximumBytes else {
            throw Self.refusal("at most \(Self.maximumBytes) bytes", found: "\(body.count)")
        }
    }

    /// The same request for only some of the caches.
    func restricted(opcode keepsOpcode: Bool, user keepsUser: Bool) -> ClearRequest {
        ClearRequest(unchecked: keepsOpcode ? opcode : .none, keepsUser ? user : .none)
    }

    private static func refusal(_ expected: String, found: String) -> CacheTargetError {
        CacheTargetError(
            .invalidRequest, target: "php-fpm", operation: "read clear request",
            expected: expected, found: found,
            hint: "Correct the request, or clear the whole cache.")
    }

    private var items: [String] {
        let files: [String] =
            switch opcode {
            case .none, .all: []
            case .files(let files): files
            }
        return switch user {
        case .none, .all: files
        case .some(let keys, let prefixes, let patterns): files + keys + prefixes + patterns
        }
    }

    /// The items, each ended by a NUL byte: paths and keys may hold any other byte.
    var body: [UInt8] { items.flatMap { Array($0.utf8) + [0] } }

    /// Whether nothing but patterns says which entries go.
    var hasOnlyPatterns: Bool {
        if case .some([], [], _) = user { return true }
        return false
    }

    /// The parameters which tell the clear script what the body holds.
    var parameters: [(name: String, value: String)] {
        let (opcodeWord, files) =
            switch opcode {
            case .none: ("none", 0)
            case .all: ("all", 0)
            case .files(let files): ("files", files.count)
            }
        let (userWord, keys, prefixes) =
            switch user {
            case .none: ("none", 0, 0)
            case .all: ("all", 0, 0)
            case .some(let keys, let prefixes, _): ("some", keys.count, prefixes.count)
            }
        return [
            ("SITESTACKER_OPCODE", opcodeWord), ("SITESTACKER_FILES", String(files)),
            ("SITESTACKER_USER", userWord), ("SITESTACKER_ITEMS", String(items.count)),
            ("SITESTACKER_KEYS", String(keys)), ("SITESTACKER_PREFIXES", String(prefixes)),
        ]
    }

    /// What the request does to the opcode cache, for people.
    var opcodeAction: String {
        switch opcode {
        case .none: "opcode cache: nothing"
        case .all: "opcode cache"
        case .files(let files): "opcode cache: \(files.count) files"
        }
    }

    /// What the request does to the user cache, for people.
    var userAction: String {
        switch user {
        case .none: "user cache: nothing"
        case .all: "user cache"
        case .some(let keys, let prefixes, let patterns):
            "user cache: "
                + [
                    Self.part(keys, "key", "keys"), Self.part(prefixes, "prefix", "prefixes"),
                    Self.part(patterns, "pattern", "patterns"),
                ].compactMap(\.self).joined(separator: ", ")
        }
    }

    /// One thing by its name, several by their number.
    private static func part(_ items: [String], _ one: String, _ many: String) -> String? {
        switch items.count {
        case 0: nil
        case 1: "\(one) \(PrintableText.make(items[0]))"
        case let count: "\(count) \(many)"
        }
    }
}
