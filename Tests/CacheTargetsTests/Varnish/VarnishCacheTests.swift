// SPDX-License-Identifier: Apache-2.0

import CacheTargets
import ClusterModel
import Testing

@Suite(
    "Clearing a real Varnish", .serialized, .enabled(if: RealVarnish.isUsable),
    .timeLimit(.minutes(2)))
struct VarnishCacheTests {
    private static let pages = [
        "/", "/a.b", "/axb", "/blog/1", "/blog/2", "/blog/1?page=2", "/%C3%BC",
    ]

    private static func order(urls: [String] = [], tags: [String] = []) -> Invalidation {
        var order = Invalidation()
        order.urls = urls
        order.tags = tags
        return order
    }

    /// Visits all pages twice and says which were made anew since the first time.
    private func fresh(
        _ varnish: RealVarnish, after clear: () async throws -> Void
    ) async throws -> [String] {
        var before: [String: Int] = [:]
        for page in Self.pages { before[page] = try await varnish.made(page) }
        for page in Self.pages { #expect(try await varnish.made(page) == before[page]) }
        try await clear()
        var fresh: [String] = []
        for page in Self.pages where try await varnish.made(page) != before[page] {
            fresh.append(page)
        }
        return fresh
    }

    @Test("Exactly what was named is forgotten", arguments: VarnishCache.PageMethod.allCases)
    func selection(method: VarnishCache.PageMethod) async throws {
        let varnish = try await RealVarnish()
        let cache = try VarnishCache(try varnish.place, pages: method)
        var everything = Invalidation()
        everything.everything = true
        let cases: [(Invalidation, [String])] = [
            (Self.order(urls: ["/a.b"]), ["/a.b"]),
            (Self.order(urls: ["http://www.example.com/a.b"]), ["/a.b"]),
            (Self.order(urls: ["https://WWW.example.com/blog/1#top"]), ["/blog/1"]),
            (Self.order(urls: ["http://www.example.com"]), ["/"]),
            (Self.order(urls: ["http://www.example.com:80/a.b"]), ["/a.b"]),
            (Self.order(urls: ["https://www.example.com:443/a.b"]), ["/a.b"]),
            (Self.order(urls: ["http://www.example.com:443/a.b"]), []),
            (Self.order(urls: ["/\u{FC}"]), ["/%C3%BC"]),
            (Self.order(urls: ["http://www.example.com/\u{FC}"]), ["/%C3%BC"]),
            (Self.order(urls: ["http://other.example/a.b"]), []),
            (Self.order(urls: ["/blog/*"]), ["/blog/1", "/blog/2", "/blog/1?page=2"]),
            (Self.order(urls: ["/blog/1?page=2"]), ["/blog/1?page=2"]),
            (Self.order(urls: ["/blog/1", "/axb"]), ["/axb", "/blog/1"]),
            (Self.order(urls: ["*"]), Self.pages),
            (Self.order(tags: ["a.b"]), ["/a.b"]),
            (Self.order(tags: ["node:1"]), Self.pages),
            (Self.order(tags: ["node"]), []),
            (Self.order(tags: ["none", "axb"]), ["/axb"]),
            (everything, Self.pages),
        ]
        for (order, expected) in cases {
            let found = try await fresh(varnish) {
                let steps = await cache.clear(order, sparing: [])
                #expect(steps.map(\.failure) == steps.map { _ in nil }, "\(steps)")
                #expect(steps.allSatisfy { $0.target == cache.name })
                #expect(steps.allSatisfy { $0.action.contains("accepted") }, "\(steps)")
                #expect(steps.count == max(1, order.urls.count))
            }
            #expect(found == expected, "\(order.urls) \(order.tags)")
        }
    }

    /// What a hostile publisher may try; none of it is a page or tag of the site.
    private static let injections = [
        Self.order(urls: ["/x || obj.http.X-Url ~ ."]),
        Self.order(urls: ["/x\" || obj.http.X-Url ~ \"."]),
        Self.order(urls: ["/x\\"]), Self.order(urls: ["/x\r\nX-Url: .*"]),
        Self.order(urls: ["/x\u{0}"]), Self.order(urls: ["/(.*)"]),
        Self.order(urls: ["/.|.*"]), Self.order(urls: ["/[^x]*$|/"]),
        Self.order(urls: ["/x&&obj.http.X-Url~."]), Self.order(urls: ["x"]),
        Self.order(urls: ["//www.example.com/"]), Self.order(urls: ["ftp://www.example.com/"]),
        Self.order(urls: ["http://u:p@www.example.com/"]), Self.order(urls: [""]),
        Self.order(urls: [String(repeating: "/", count: 2_000)]),
        Self.order(urls: ["/\u{FC}\" || \"\u{FC}"]), Self.order(urls: ["/\t"]),
        Self.order(urls: ["http://\u{FC}.example/"]),
        Self.order(urls: [String(repeating: "/*", count: 9)]),
        Self.order(tags: [".*"]), Self.order(tags: ["x) || obj.status == 200"]),
        Self.order(tags: ["x)|("]), Self.order(tags: ["\""]), Self.order(tags: [""]),
        Self.order(tags: ["a b"]), Self.order(tags: ["\\S"]), Self.order(tags: ["a\nb"]),
    ]

    @Test("What would add a condition of its own forgets nothing")
    func injection() async throws {
        let varnish = try await RealVarnish()
        let cache = try VarnishCache(try varnish.place)
        for order in Self.injections {
            let found = try await fresh(varnish) {
                let steps = await cache.clear(order, sparing: [])
                // What can be meant literally is asked for; the rest is told.
                #expect(steps.count == 1 && steps[0].failure == nil, "\(steps)")
                #expect(
                    steps[0].action.hasPrefix("nothing cleared")
                        || steps[0].action.contains("accepted"))
            }
            #expect(found.isEmpty, "\(order.urls) \(order.tags)")
        }
    }

    @Test("Many tags go in several requests, and all of them are heeded")
    func manyTags() async throws {
        let varnish = try await RealVarnish()
        let cache = try VarnishCache(try varnish.place)
        let tags = (0..<600).map { "some-long-tag-of-a-site:\($0)" } + ["axb"]
        let found = try await fresh(varnish) {
            let steps = await cache.clear(Self.order(tags: tags), sparing: [])
            #expect(steps.map(\.failure) == [nil])
        }
        #expect(found == ["/axb"])
    }

    @Test("A VCL without our lines, or with another acl, is a failure that says so")
    func strangers() async throws {
        let closed = RealVarnish.guide.replacing("\"127.0.0.1\";", with: "")
        let cases = [
            ("", "guides/caches.md"), ("sub vcl_recv { return (pass); }\n", "back end"),
            (closed, "acl"),
        ]
        for (vcl, words) in cases {
            let varnish = try await RealVarnish(vcl: vcl)
            let steps = await (try VarnishCache(varnish.place))
                .clear(Self.order(urls: ["/a.b"]), sparing: [])
            #expect(steps.first?.failure?.contains(words) == true, "\(steps)")
            #expect(try await varnish.made("/still") == 1)
        }
    }
}

@Suite("A Varnish that is absent, broken or hostile")
struct HostileVarnishTests {
    @Test(
        "Each broken answer is a failure in time", .timeLimit(.minutes(1)),
        arguments: [
            (nil, "within"), ("HTTP/1.1 503 Busy\r\nX-Varnish: 1\r\n\r\n", "503"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", "back end"),
            ("HTTP/1.1 301 Gone\r\nLocation: http://x/\r\n\r\n", "301"), ("garbage\r\n\r\n", ""),
            (
                "HTTP/1.1 200 OK\r\nX-Varnish: 1\r\nServer: Varnish\r\nContent-Length: 99\r\n\r\n",
                ""
            ),
            (
                "HTTP/1.1 200 OK\r\nX-Varnish: 1\r\nServer: Varnish\r\n\r\n"
                    + String(repeating: "x", count: 200_000), "more"
            ),
        ] as [(String?, String)])
    func broken(answer: String?, words: String) async throws {
        let server = try WebServer { _ in answer }
        let cache = try VarnishCache(
            try WebPlace(host: "127.0.0.1", port: server.port), timeout: .seconds(1))
        var order = Invalidation()
        order.urls = ["/one", "/two"]
        let steps = await cache.clear(order, sparing: [])
        // The second is not tried where the first has failed.
        #expect(steps.count == 1)
        let failure = try #require(steps.first?.failure)
        #expect(failure.contains(words), "\(failure)")
    }

    @Test("Nobody listens")
    func absent() async throws {
        let cache = try VarnishCache(try WebPlace(host: "127.0.0.1", port: 1))
        var order = Invalidation()
        order.everything = true
        let steps = await cache.clear(order, sparing: [])
        #expect(steps.first?.failure?.contains("Start that server") == true)
        #expect(await cache.clear(order, sparing: [cache.name]).isEmpty)
        #expect(await cache.clear(.plain, sparing: []).isEmpty)
    }

    @Test(
        "A tag header that is no header's name is refused",
        arguments: ["", "a b", "a:b", "a\r\nb", "\u{FC}", String(repeating: "x", count: 65)])
    func tagHeader(name: String) throws {
        let place = try WebPlace(host: "127.0.0.1", port: 1)
        let error = #expect(throws: CacheTargetError.self) {
            try VarnishCache(place, tagHeader: name)
        }
        #expect(error?.code == .invalidRequest)
    }

    @Test("Tags go in the header that is configured")
    func otherHeader() async throws {
        let server = try WebServer { _ in
            WebServer.answer(200, "", ["X-Varnish: 1", "Server: Varnish"])
        }
        let cache = try VarnishCache(
            try WebPlace(host: "127.0.0.1", port: server.port), tagHeader: "X-Magento-Tags")
        var order = Invalidation()
        order.tags = ["a.1", "b"]
        #expect(await cache.clear(order, sparing: []).map(\.failure) == [nil])
        let request = try #require(server.requests.first)
        #expect(request.method == "BAN")
        #expect(
            request.fields["x-magento-tags"] == "(^|[\\s,|;])(a\\.1|b)($|[\\s,|;])")
    }
}
