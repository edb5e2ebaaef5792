// SPDX-License-Identifier: Apache-2.0
import NodeConfiguration
import Testing

@Suite("A valid file means what the reference says")
struct SiteConfigurationTests {
    private func decode(_ text: String) throws -> SiteConfiguration {
        try SiteConfiguration.decode(Array(text.utf8), file: "sitestacker.yml")
    }

    @Test("A list of URLs alone is complete, and every default is filled in")
    func defaults() throws {
        let site = try decode(
            "urls: [\"http://192.168.7.8\", \"http://192.168.7.9:81\", \"http://10.80.2.15\"]\n")
        #expect(
            site.urls.map(\.key) == [
                "192.168.7.8:5570", "192.168.7.9:5570", "10.80.2.15:5570",
            ])
        #expect(site.urls.map(\.webPort) == [80, 81, 80])
        #expect(site.database == nil)
        #expect(site.repositories == ["packages/*/*"])
        #expect(site.fileRoots == [.standard])
        #expect(site.caches == nil)
        #expect(site.reactions.isEmpty)
        #expect(site.applicationSocket == nil)
        #expect(site.http == nil)
        #expect(site.port == nil && site.bind == nil)
        #expect(site.switchMode == .checkout)
        #expect(site.settle == .seconds(2))
        #expect(site.stagger == .milliseconds(500))
        #expect(site.limits.payload == 1_048_576)
        #expect(site.limits.deletions == 1000 && site.limits.deletionPercent == 25)
    }

    @Test("Caches have options of their own")
    func cacheOptions() throws {
        let site = try decode(
            """
            urls: [http://192.168.7.8]
            caches:
              - http: https://192.168.7.8/shop
                root: webroot/shop
              - varnish: http://127.0.0.1:6081
                tag-header: xkey
                pages: purge
              - command: [bin/clear]
                on: [url, tag, url]
              - post: https://cdn.example/purge?token=x
                on: [opcode, user, path, key]
              - http: http://192.168.7.8/
              - varnish: http://127.0.0.1:6081
            """)
        let targets = try #require(site.caches).map(\.target)
        try #require(targets.count == 6)
        guard case .http(let address, root: "webroot/shop") = targets[0],
            case .varnish(_, tagHeader: "xkey", pages: .purge) = targets[1],
            case .post(let hook, on: [.opcode, .user, .path, .key]) = targets[3],
            case .http(_, root: "") = targets[4],
            case .varnish(_, tagHeader: nil, pages: .ban) = targets[5]
        else {
            Issue.record("options are lost: \(targets)")
            return
        }
        #expect(address.isEncrypted && address.target == "/shop")
        #expect(hook.target == "/purge?token=x")
        #expect(targets[2] == .command(["bin/clear"], on: [.url, .tag]))
    }

    @Test("Every key is read")
    func everything() throws {
        let site = try decode(
            """
            urls: ["http://192.168.7.8"]
            database: mysql://site:s%40cret@127.0.0.1/site
            repositories: ["packages/*/*", "themes/*"]
            data:
              - path: webroot/data
                exclude: ["FileManager/thumbnails/**", "SystemManager/installation-id"]
            caches:
              - php-fpm: unix:/run/php/php8.2-fpm.sock
                reload: true
              - http: http://192.168.7.8/
              - redis: redis://127.0.0.1:6379/3
                prefix: "site:"
              - memcached: 127.0.0.1:11211
                flush: true
              - varnish: http://127.0.0.1:6081
              - command: ["bin/console", "cache:clear"]
                timeout: 2m
            handlers:
              - on: "order.*"
                run: ["bin/notify"]
                timeout: 500ms
                retries: 0
              - on: no
                post: https://hook.example.com/x?y=1
            app: {socket: /run/sitestacker/site.sock, group: web, scopes: [publish]}
            http: {listen: "[::1]:8570", dashboard: true}
            port: 5580
            bind: 10.0.0.1
            limits: {payload: 64KiB, peer-queue: 2MiB, log-size: 2GiB, log-age: 90d}
            switch: rename
            settle: 0s
            stagger: 250ms
            migrate: [bin/migrate, "--all"]
            """)
        #expect(site.database?.password?.revealed == "s@cret")
        #expect(site.database?.port == 3306 && site.database?.name == "site")
        #expect(site.repositories == ["packages/*/*", "themes/*"])
        #expect(site.fileRoots.first?.exclude.count == 2)
        #expect(site.fileRoots.first?.isDefault == false)
        let caches = try #require(site.caches)
        try #require(caches.count == 6)
        #expect(
            caches[0].target
                == .phpFPM(.unix(path: "/run/php/php8.2-fpm.sock"), reload: true))
        guard case .redis(let redis, .prefix("site:")) = caches[2].target else {
            Issue.record("no Redis with a prefix: \(caches[2])")
            return
        }
        #expect(redis.database == 3)
        guard case .memcached(.tcp(_, port: 11211), .everything) = caches[3].target else {
            Issue.record("no Memcached to flush: \(caches[3])")
            return
        }
        #expect(caches[5].target == .command(["bin/console", "cache:clear"], on: []))
        #expect(caches[5].timeout == .seconds(120) && caches[4].timeout == .seconds(10))
        #expect(site.reactions.map(\.topic) == ["order.*", "no"])
        #expect(site.reactions.map(\.retries) == [0, 5])
        #expect(site.reactions[0].timeout == .milliseconds(500))
        guard case .post(let hook) = site.reactions[1].action else {
            Issue.record("nothing to post: \(site.reactions[1])")
            return
        }
        #expect(hook.text == "https://hook.example.com:443/x?y=1")
        #expect(site.applicationSocket?.scopes == [.publish])
        #expect(site.applicationSocket?.group == "web")
        #expect(site.http?.host.inURL == "[::1]" && site.http?.port == 8570)
        #expect(site.port == 5580 && site.bind?.canonical == "10.0.0.1")
        #expect(site.limits.payload == 65536 && site.limits.logAge == .seconds(90 * 86400))
        #expect(site.switchMode == .rename && site.settle == .zero)
        #expect(site.stagger == .milliseconds(250))
        #expect(site.migrate == ["bin/migrate", "--all"])
    }

    @Test(
        "Words that YAML takes for something else stay words",
        arguments: ["no", "yes", "on", "off", "y", "n", "true", "False", "1e3", "0o17", "12"])
    func words(_ word: String) throws {
        let site = try decode("urls: [web1]\nhandlers: [{on: a, run: [\(word)]}]\n")
        #expect(site.reactions.first?.action == .run([word]))
    }

    @Test(
        "Words that YAML takes for something else can be host names",
        arguments: ["no", "off", "yes", "on", "null.example"])
    func hostWords(_ word: String) throws {
        #expect(try decode("urls: [\(word)]\n").urls.first?.host.canonical == word)
    }

    @Test("The own door's port: the URL's, then the key's, then the usual one")
    func ownPort() throws {
        let site = try decode("urls: [\"http://a#5581\", \"http://b\"]\nport: 5590\n")
        #expect(site.urls.map(site.doorPort(ofOwn:)) == [5581, 5590])
        let plain = try decode("urls: [a]\n")
        #expect(plain.urls.map(plain.doorPort(ofOwn:)) == [5570])
    }

    @Test(
        "A node can listen on all interfaces",
        arguments: [("0.0.0.0", "0.0.0.0"), ("\"::\"", "[::]"), ("fd00::1", "[fd00::1]")])
    func everywhere(_ text: String, inURL: String) throws {
        let site = try decode("urls: [a]\nbind: \(text)\nhttp: {listen: \"\(inURL):80\"}\n")
        #expect(site.bind?.inURL == inURL)
        #expect(site.http?.host.inURL == inURL && site.http?.port == 80)
    }

    static let addresses: [(String, DatabaseAddress.Engine, UInt16?, String)] = [
        ("mysql://u@h:33/d", .mysql, 33, "d"), ("mariadb://u:p@h/d", .mysql, 3306, "d"),
        ("postgres://u:p@[::1]/d", .postgresql, 5432, "d"),
        ("postgresql://h/d", .postgresql, 5432, "d"),
        ("sqlite:webroot/site.sqlite", .sqlite, nil, "webroot/site.sqlite"),
        ("sqlite:///srv/site.sqlite", .sqlite, nil, "/srv/site.sqlite"),
    ]

    @Test("Databases", arguments: addresses)
    func databases(
        _ url: String, engine: DatabaseAddress.Engine, port: UInt16?, name: String
    ) throws {
        let database = try #require(try decode("urls: [a]\ndatabase: \(url)\n").database)
        #expect(database.engine == engine && database.port == port && database.name == name)
    }

    @Test(
        "Redis is named by host or by socket",
        arguments: [
            ("redis://h", "h:6379", nil, nil, 0), ("redis://h:7/", "h:7", nil, nil, 0),
            ("redis://u:p%40w@h/15", "h:6379", "u", "p@w", 15),
            ("redis://:pw@[::1]:7/2", "[::1]:7", nil, "pw", 2),
            ("unix:/run/r.sock", "/run/r.sock", nil, nil, 0),
            ("unix:/run/r.sock?db=3", "/run/r.sock", nil, nil, 3),
            ("unix://u:pw@/run/r.sock?db=1", "/run/r.sock", "u", "pw", 1),
            ("unix://:p%2Fw@/run/r.sock", "/run/r.sock", nil, "p/w", 0),
        ] as [(String, String, String?, String?, Int)])
    func redis(
        _ text: String, place: String, user: String?, password: String?, database: Int
    ) throws {
        let site = try decode("urls: [a]\ncaches: [{redis: \"\(text)\", prefix: x}]\n")
        guard case .redis(let address, _) = try #require(site.caches?.first).target else {
            Issue.record("no Redis")
            return
        }
        let found =
            switch address.server {
            case .unix(let path): path
            case .tcp(let host, let port): "\(host.inURL):\(port)"
            }
        #expect(found == place && address.database == database)
        #expect(address.user == user && address.password?.revealed == password)
    }

    @Test("A dump of a configuration shows no password")
    func secretsInDumps() throws {
        let site = try decode(
            """
            urls: [a]
            database: mysql://site:geheim@h/d
            caches: [{redis: "redis://u:geheim@h/1", tags: [x]}]
            """)
        var text = ""
        dump(site, to: &text)
        #expect(!text.contains("geheim") && text.contains("***"))
        #expect(!"\(site)".contains("geheim"))
    }
}
