// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import CacheTargets

@Suite("Orders that no cache could carry out") struct ObjectionTests {
    /// A cache that takes everything it knows.
    private struct Twin: CacheTarget {
        let abilities: Set<OrderPart>

        func clear(_ order: Invalidation, sparing spared: Set<String>) async -> [StepReceipt] { [] }
    }

    private static func order(_ change: (inout Invalidation) -> Void) -> Invalidation {
        var order = Invalidation()
        change(&order)
        return order
    }

    private static let pool = BlockingPool(name: "objections", width: 1)
    private static let address = SocketAddress.tcp(host: "127.0.0.1", port: 1)

    private static func redis(_ selection: StoreSelection) throws -> RedisCache {
        try RedisCache(address: address, selection: selection, pool: pool)
    }

    private static func memcached(_ selection: StoreSelection) throws -> MemcachedCache {
        try MemcachedCache(address: address, selection: selection, pool: pool)
    }

    private static func varnish() throws -> VarnishCache {
        try VarnishCache(
            WebPlace(isEncrypted: false, host: "127.0.0.1", port: 1, target: "/"))
    }

    private static func php() throws -> PHPFPMCache {
        PHPFPMCache(
            script: ClearScript(directory: "/nonexistent"), pool: pool, site: "/nonexistent")
    }

    @Test("Without caches nothing is judged, since they are elsewhere")
    func none() {
        #expect(CacheSet([]).refusal(of: .plain) == nil)
    }

    @Test("An order of which no part is known is refused, and one of which some part is is not")
    func unknown() throws {
        let set = CacheSet([Twin(abilities: [.all, .opcode, .user])])
        let tags = Self.order { $0.tags = ["a"] }
        #expect(set.refusal(of: tags) == .unknown("no configured cache knows tags"))
        let both = Self.order {
            $0.tags = ["a"]
            $0.urls = ["/"]
        }
        #expect(
            set.refusal(of: both)
                == .unknown("no configured cache knows URLs, and no configured cache knows tags"))
        let some = Self.order {
            $0.tags = ["a"]
            $0.userCache = true
        }
        #expect(set.refusal(of: some) == nil)
        #expect(set.refusal(of: Self.order { $0.everything = true }) == nil)
    }

    private struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let cache: @Sendable () throws -> any CacheTarget
        let order: Invalidation
        /// What the refusal says; `nil` where there is none.
        let words: String?

        init(
            _ name: String, _ cache: @escaping @Sendable () throws -> any CacheTarget,
            _ words: String?, _ change: (inout Invalidation) -> Void
        ) {
            testDescription = name
            self.cache = cache
            self.words = words
            order = ObjectionTests.order(change)
        }
    }

    private static let site: @Sendable () throws -> any CacheTarget = {
        try redis(.prefix("site:"))
    }
    private static let tagged: @Sendable () throws -> any CacheTarget = {
        try redis(.tags(["news"]))
    }
    private static let store: @Sendable () throws -> any CacheTarget = {
        try memcached(.prefix("site:"))
    }
    private static let counted: @Sendable () throws -> any CacheTarget = {
        try memcached(.tags(["news"]))
    }
    private static let pages: @Sendable () throws -> any CacheTarget = { try varnish() }

    private static let rows: [Row] = [
        Row("a pattern", site, nil) { $0.keyPatterns = ["^a.*z$"] },
        Row("all patterns", site, nil) { $0.keyPatterns = ["*", "("] },
        Row("no pattern", site, "the pattern ( is no regular expression") {
            $0.keyPatterns = ["a", "("]
        },
        Row("no patterns", site, "the pattern ( is no regular expression of at most 1024 bytes") {
            $0.keyPatterns = ["(", "[", "a"]
        },
        Row("a long pattern", site, "1024 bytes") {
            $0.keyPatterns = [String(repeating: "x", count: 1_025)]
        },
        Row("many patterns", site, "is one of 65, and at most 64") {
            $0.keyPatterns = (0..<65).map { "\($0)" }
        },
        Row("a tag that is not in the list", tagged, "the tag menu is none of the tags") {
            $0.tags = ["news", "menu"]
        },
        Row("a tag of the list", tagged, nil) { $0.tags = ["news"] },
        Row("any tag", site, nil) { $0.tags = ["a b"] },
        Row("a key with a space", store, nil) { $0.keys = ["a b"] },
        Row("a key that is too long", store, "is longer than a key of Memcached") {
            $0.keys = [String(repeating: "k", count: 246)]
        },
        Row("a long key for Redis", site, nil) { $0.keys = [String(repeating: "k", count: 4_096)] },
        Row("keys of tags", counted, "this Memcached is cleared by tags only") { $0.keys = ["a"] },
        Row("prefixes of tags", counted, "cleared by tags only") { $0.keyPrefixes = ["a"] },
        Row("patterns of tags", counted, "cleared by tags only") { $0.keyPatterns = ["a"] },
        Row("a page", pages, nil) { $0.urls = ["/a*", "http://host/b?c"] },
        Row("a page with a quotation mark", pages, "the URL /\" is no URL of 1 to") {
            $0.urls = ["/\""]
        },
        Row("stars", pages, "more than 8 *") { $0.urls = ["/*********"] },
        Row("a Varnish tag", pages, nil) { $0.tags = ["a"] },
        Row("a tag with a space", pages, "the tag a b is no tag of 1 to") { $0.tags = ["a b"] },
        Row("everything beside it", pages, nil) {
            $0.tags = ["a b"]
            $0.everything = true
        },
        Row("everything in a store", site, nil) {
            $0.keyPatterns = ["("]
            $0.everything = true
        },
    ]

    @Test("What its only cache can never do is refused with the reason", arguments: rows)
    private func unusable(row: Row) throws {
        let refusal = CacheSet([try row.cache()]).refusal(of: row.order)
        guard let words = row.words else {
            #expect(refusal == nil)
            return
        }
        guard case .unusable(let reason) = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(reason.contains(words), "\(reason)")
        // A cache beside it that takes such names is enough.
        let both = CacheSet([try row.cache(), Twin(abilities: Set(OrderPart.allCases))])
        #expect(both.refusal(of: row.order) == nil)
    }

    @Test("Two caches object alike, and the rest is counted")
    func several() throws {
        let set = CacheSet([try Self.redis(.prefix("a")), try Self.redis(.prefix("b"))])
        let order = Self.order { $0.keyPatterns = ["[", "("] }
        guard case .unusable(let reason) = set.refusal(of: order) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.hasPrefix("the pattern ( is no"))
        #expect(reason.hasSuffix(", and 1 more cannot be carried out"))
    }

    @Test(
        "Patterns for PHP are judged by PHP's own library",
        .enabled(if: PatternLibrary.shared != nil),
        arguments: [
            ("^a", false), ("(?|a|b)\\K", false), ("(a)(?1)", false), ("\\h+", false), ("(", true),
            ("[", true), ("*", true), ("a{2,1}", true), ("\\", true), ("(?<n>a)(?<n>b)", true),
        ])
    func patterns(pattern: String, isRefused: Bool) throws {
        let set = CacheSet([try Self.php()])
        let refusal = set.refusal(of: Self.order { $0.keyPatterns = [pattern] })
        #expect((refusal != nil) == isRefused, "\(String(describing: refusal))")
        let whole = Self.order {
            $0.keyPatterns = [pattern]
            $0.userCache = true
        }
        #expect(set.refusal(of: whole) == nil)
    }
}
