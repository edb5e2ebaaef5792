// SPDX-License-Identifier: Apache-2.0
import NodeConfiguration
import Testing

@Suite("What the keys do not allow is refused with its place and what was expected")
struct SchemaRefusalTests {
    static func line2(_ what: String, _ text: String, _ words: String) -> Refusal {
        Refusal("\(what): \(text)", Refusal.good + text + "\n", line: 2, words)
    }

    static let scalars: [Refusal] = [
        line2(
            "a scope that opens nothing", "app: {socket: /s, scopes: [files]}",
            "publish, invalidate or query"),
        line2(
            "another one", "app: {socket: /s, scopes: [publish, update]}",
            "a scope for an application"),
        line2("misspelt key", "databse: x", "did you mean \"database\"?"),
        line2("swapped letters", "settel: 2s", "did you mean \"settle\"?"),
        line2("underscore", "limits: {peer_queue: 1MiB}", "did you mean \"peer-queue\"?"),
        line2("nothing alike", "zzzzzz: 1", "unknown key \"zzzzzz\""),
        line2("octal", "port: 010", "a decimal number from 1 to 65533"),
        line2("new octal", "port: 0o17", "a decimal number"),
        line2("hexadecimal", "port: 0x50", "a decimal number"),
        line2("sexagesimal", "port: 1:30", "a decimal number"),
        line2("exponent", "port: 1e3", "a decimal number"),
        line2("infinity", "port: .inf", "a decimal number"),
        line2("separators", "port: 5_570", "a decimal number"),
        line2("plus", "port: +5570", "a decimal number"),
        line2("negative", "port: -1", "a decimal number"),
        line2("zero", "port: 0", "a decimal number"),
        line2("65536", "port: 65536", "a decimal number"),
        line2("overflow", "port: 99999999999999999999", "a decimal number"),
        line2("null", "port: ~", "found nothing"),
        line2("nothing", "port:", "found nothing"),
        line2("quoted number", "port: \"5570\"", "a decimal number"),
        line2("other digits", "port: ٥٥٧٠", "a decimal number"),
        line2("yes", "http: {listen: \"127.0.0.1:80\", dashboard: yes}", "true or false"),
        line2("on", "http: {listen: \"127.0.0.1:80\", dashboard: on}", "true or false"),
        line2(
            "quoted true", "http: {listen: \"127.0.0.1:80\", dashboard: 'true'}", "true or false"),
        line2("no unit", "settle: 2", "such as 2s"),
        line2("unknown unit", "settle: 2sec", "such as 2s"),
        line2("fraction", "settle: 1.5s", "such as 2s"),
        line2("too long", "settle: 61s", "from 0s to 60s"),
        line2("overflow of a duration", "settle: 999999999999d", "such as 2s"),
        line2("no such mode", "switch: checkuot", "did you mean \"checkout\"?"),
        line2("a name to bind to", "bind: web1", "a numeric IP address"),
        line2("everything to bind to", "bind: \"*\"", "a numeric IP address"),
        line2("decimal size", "limits: {payload: 1MB}", "such as 1MiB"),
        line2("too large", "limits: {payload: 2MiB}", "from 1 to 1048576 bytes"),
        line2("percent", "limits: {deletion-percent: 101}", "from 1 to 100"),
        line2("text for a list", "repositories: x", "a list of paths"),
        line2("a list for a mapping", "limits: [1]", "expected a mapping"),
        line2("a mapping for a list", "caches: {php-fpm: x}", "a list of caches"),
        line2("a mapping for text", "switch: {a: b}", "found a mapping"),
        line2("escaped NUL", "migrate: [\"a\\0b\"]", "without control characters"),
        line2("empty text", "migrate: [\"\"]", "1 to 4096 bytes"),
        line2("empty command", "migrate: []", "a list of 1 to 64"),
    ]

    static let sections: [Refusal] = [
        line2("climbing", "repositories: [\"../x\"]", "a path below"),
        line2("absolute", "data: [{path: /etc}]", "a path below"),
        line2("the root", "data: [{path: .}]", "a path below"),
        line2("git's own", "data: [{path: .git/x}]", ".git is not kept in step"),
        line2("overlap", "data: [{path: a}, {path: a/b}]", "folders that do not overlap"),
        line2("no path", "data: [{exclude: []}]", "the key \"path\""),
        line2("no kind", "caches: [{timeout: 1s}]", "one of the kinds"),
        line2("two kinds", "caches: [{http: \"http://a/\", command: [b]}]", "http and command"),
        line2("unknown kind", "caches: [{phpfpm: x}]", "did you mean \"php-fpm\"?"),
        line2(
            "foreign option", "caches: [{http: \"http://a/\", reload: true}]", "options of a http"),
        line2("relative socket", "caches: [{php-fpm: \"unix:run/x\"}]", "absolute path"),
        line2("no port", "caches: [{php-fpm: localhost}]", "HOST:PORT"),
        line2("TLS to Redis", "caches: [{redis: \"rediss://a\", prefix: x}]", "TLS is not spoken"),
        line2(
            "TLS to Redis, otherwise", "caches: [{redis: \"tls://a:1\", prefix: x}]",
            "TLS is not spoken"),
        line2(
            "several Redis", "caches: [{redis: \"redis://a:1,b:2/0\", prefix: x}]",
            "neither Redis Cluster nor Sentinel"),
        line2(
            "a sentinel", "caches: [{redis: \"redis-sentinel://a:1/m\", prefix: x}]",
            "neither Redis Cluster nor Sentinel"),
        line2(
            "TLS to Memcached", "caches: [{memcached: \"tls://a:1\", prefix: x}]",
            "neither TLS nor a user"),
        line2(
            "a password of Memcached", "caches: [{memcached: \"u:secret@a:1\", prefix: x}]",
            "neither TLS nor a user"),
        line2("redis as a file", "caches: [{redis: \"unix:r\", prefix: x}]", "absolute path"),
        line2("a host and a socket", "caches: [{redis: \"unix://a/b\", prefix: x}]", "absolute"),
        line2("another query", "caches: [{redis: \"unix:/a?x=1\", prefix: x}]", "redis://HOST"),
        line2("no number", "caches: [{redis: \"unix:/a?db=x\", prefix: x}]", "redis://HOST"),
        line2("redis without keys", "caches: [{redis: \"redis://a/0\"}]", "either prefix"),
        line2(
            "prefix and flush", "caches: [{redis: \"redis://a/0\", prefix: x, flush: true}]",
            "prefix and flush"),
        line2("flush false", "caches: [{memcached: \"a:1\", flush: false}]", "or prefix or tags"),
        line2("TLS to Varnish", "caches: [{varnish: \"https://a/\"}]", "an http:// address"),
        line2("root above", "caches: [{http: \"http://a/\", root: ../b}]", "without \".\""),
        line2("script with a query", "caches: [{http: \"http://a/?b\"}]", "without a query"),
        line2(
            "two headers", "caches: [{varnish: \"http://a/\", tag-header: \"a b\"}]",
            "a header's name"),
        line2(
            "unknown method", "caches: [{varnish: \"http://a/\", pages: refresh}]", "ban, purge"),
        line2("unknown order", "caches: [{command: [a], on: [urls]}]", "did you mean \"url\"?"),
        line2(
            "orders of Redis", "caches: [{redis: \"redis://a/0\", prefix: x, on: [key]}]",
            "the option"),
        line2("neither", "handlers: [{on: a}]", "found neither"),
        line2("both", "handlers: [{on: a, run: [b], post: \"http://c/\"}]", "found both"),
        line2("star inside", "handlers: [{on: \"a.*.b\", run: [b]}]", "a topic"),
        line2("retries", "handlers: [{on: a, run: [b], retries: 101}]", "from 0 to 100"),
        line2("ftp", "handlers: [{on: a, post: \"ftp://c/\"}]", "an address such as"),
        line2("admin for an application", "app: {socket: /run/a, scopes: [admin]}", "log in"),
        line2("unknown scope", "app: {socket: /run/a, scopes: [publsh]}", "\"publish\"?"),
        line2("no socket", "app: {group: www-data}", "the key \"socket\""),
        line2("long socket", "app: {socket: /\(String(repeating: "a", count: 107))}", "107 bytes"),
        line2("no listen", "http: {dashboard: true}", "the key \"listen\""),
        line2("listen everywhere", "http: {listen: \"*:80\"}", "a numeric IP address"),
        line2("listen on a name", "http: {listen: \"localhost:80\"}", "a numeric IP address"),
        line2("listen on no port", "http: {listen: 127.0.0.1}", "ADDRESS:PORT"),
        line2("listen on a group", "http: {listen: \"224.0.0.1:80\"}", "one host"),
    ]

    @Test("A wrong value", arguments: scalars + sections)
    func values(_ refused: Refusal) throws {
        let error = try #require(refusal(refused.bytes))
        #expect(error.findings.count == 1, "\(error)")
        #expect(error.findings.first?.line == 2, "\(error)")
        #expect(error.description.contains(refused.words), "\(error)")
    }

    @Test("All errors of a file are told, in its order and with line, column and path")
    func allErrors() throws {
        let text = """
            port: 0
            urls:
              - web1
              - ftp://x
            caches:
              - redis: redis://a/0
                prefixx: y
            swich: rename
            """
        let error = try #require(refusal(text))
        let places = error.findings.map { "\($0.line):\($0.column) \($0.keyPath)" }
        #expect(
            places == [
                "1:7 port", "4:5 urls[1]", "6:5 caches[0]", "7:5 caches[0]", "8:1 ",
            ])
        let first = try #require(error.description.split(separator: "\n").dropFirst().first)
        #expect(
            first
                == "  sitestacker.yml:1:7: port: "
                + "expected a decimal number from 1 to 65533, found \"0\""
        )
    }

    @Test("No more than 20 errors are kept, and the rest is counted")
    func bounded() throws {
        let text = Refusal.good + (1...500).map { "zzzzzzzz\($0): 1\n" }.joined()
        let error = try #require(refusal(text))
        #expect(error.findings.count == 20)
        #expect(error.suppressed == 480)
        #expect(error.description.contains("and 480 more"))
    }

    @Test("Without URLs there is no configuration", arguments: ["port: 1\n", "{}\n", "urls: []\n"])
    func noURLs(_ text: String) throws {
        #expect(try #require(refusal(text)).description.contains("urls"))
    }

    static let secrets = [
        "database: mysql://site:geheim@\n", "database: geheim\n", "database: [geheim]\n",
        "database: mysql:site:geheim@x\n", "urls: \"http://a:geheim@web1\"\n",
        "port: \"mysql://a:geheim@web1\"\n", "urls: [\"http://a:geheim@web1\"]\n",
        "urls: [\"a:geheim@web1\"]\n", "database: mysql://u:geh%zzeim@h/d\n",
        "caches: [{redis: \"redis://:geheim@*/0\", prefix: x}]\n",
        "caches: [{redis: \"rediss://:geheim@a/0\", prefix: x}]\n",
        "caches: [{memcached: \"u:geheim@a:1\", prefix: x}]\n",
        "caches: [{redis: \"redis://:geheim@h/x\", prefix: x}]\n",
        "caches: [{redis: \"unix://:geheim@x/y\", prefix: x}]\n",
        "caches: [{redis: \"unix://:geheim@/y?db=z\", prefix: x}]\n",
        "handlers: [{on: a, post: \"http://u:geheim@h/\"}]\n",
        "database: mysql://site:geheim@h/d\nport: [\n",
        "database: \"mysql://site:geheim@h/d\n",
    ]

    @Test("No error shows a password", arguments: secrets)
    func secretsStayHidden(_ text: String) throws {
        let error = try #require(refusal(text))
        #expect(!error.description.contains("geheim"), "\(error)")
        #expect(!String(reflecting: error).contains("geheim"))
    }
}
