// SPDX-License-Identifier: Apache-2.0
import NodeConfiguration
import Testing

@Suite("URLs of the list")
struct SiteURLTests {
    struct Reading: Sendable, CustomTestStringConvertible {
        let text: String
        let key: String
        let web: String?

        init(_ text: String, _ key: String, _ web: String?) {
            self.text = text
            self.key = key
            self.web = web
        }

        var testDescription: String { text }
    }

    static let accepted: [Reading] = [
        Reading("http://web1", "web1:5570", "http://web1:80/"),
        Reading("https://web1:8443", "web1:5570", "https://web1:8443/"),
        Reading("https://web1", "web1:5570", "https://web1:443/"),
        Reading("web1", "web1:5570", "http://web1:80/"),
        Reading("HTTP://Web1.Example.COM.", "web1.example.com:5570", "http://web1.example.com:80/"),
        Reading("172.17.0.1:8082", "172.17.0.1:5570", "http://172.17.0.1:8082/"),
        Reading("http://172.17.0.1:8081#5580", "172.17.0.1:5580", "http://172.17.0.1:8081/"),
        Reading("web1#65533", "web1:65533", "http://web1:80/"),
        Reading("[fd00::1]:81", "[fd00::1]:5570", "http://[fd00::1]:81/"),
        Reading("http://[FD00:0::0001]", "[fd00::1]:5570", "http://[fd00::1]:80/"),
        Reading("[::1]", "[::1]:5570", "http://[::1]:80/"),
        Reading("[::ffff:10.0.0.1]", "10.0.0.1:5570", "http://10.0.0.1:80/"),
        Reading("http://web1/shop/", "web1:5570", "http://web1:80/shop/"),
        Reading("tcp://10.0.0.1:6000", "10.0.0.1:6000", nil),
        Reading("tcp://[::1]:6000", "[::1]:6000", nil),
        Reading(
            "xn--bcher-kva.example", "xn--bcher-kva.example:5570",
            "http://xn--bcher-kva.example:80/"),
        Reading("web_1", "web_1:5570", "http://web_1:80/"),
        Reading("127.0.0.2", "127.0.0.2:5570", "http://127.0.0.2:80/"),
    ]

    @Test("Accepted", arguments: accepted)
    func accepts(_ reading: Reading) throws {
        let url = try SiteURL(reading.text)
        #expect(url.display == reading.text)
        #expect(url.key == reading.key)
        #expect(url.webAddress == reading.web)
    }

    static let refused = [
        "", " ", "http://", "http:///x", "http://:80", "web1:", "web1:0", "web1:65536", "web1:-1",
        "web1:080", "web1:8_0", "web1:٨٠", "web1:http", "http://web1#", "web1#0", "web1#65534",
        "web1#65536", "web1#x", "web1#5570#5571", "http://user:pw@web1", "user@web1",
        "http://@web1",
        "ipc:///tmp/x", "ipc:x", "ipc", "inproc://x", "inproc:5", "pgm://eth0;239.0.0.1:5",
        "epgm://x",
        "norm://1,10.0.0.1:5", "udp://10.0.0.1:5", "ws://web1", "ftp://web1", "file:///etc/passwd",
        "*", "*:5570", "tcp://*:5570", "tcp://web1", "tcp://web1:0", "tcp://web1:5570/",
        "tcp://web1:5570#5", "tcp://web1:65534", "http://web1?x=1", "web1?x", "web1/../x",
        "http://web1/%00", "http://web1/%0a", "http://web1/%", "http://web1/%zz", "web\0one",
        "web1\n", "web 1", "\u{1B}[31mweb1", "wéb1", "web1\u{202E}", "fd00::1", "::1", "[::1",
        "::1]", "[]", "[::1]x", "[::1]]", "[fe80::1%eth0]", "[fe80::1%25eth0]", "[fe80::1]", "[::]",
        "[ff02::1]", "[::ffff:0.0.0.0]", "[1.2.3.4]", "[fd00::1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "1.2.3.256",
        "1.2.3.4.5",
        "web1..example", ".web1", "-web1", "web1-", "http://web1\\x", "http://\"web1\"",
        "http//web1", "http:web1", "http:/web1", "://web1", "http://http://web1",
        String(repeating: "a", count: 64), String(repeating: "a.", count: 130) + "a",
        "http://web1/" + String(repeating: "a", count: 1024),
    ]

    @Test("Refused", arguments: refused)
    func refuses(_ text: String) {
        #expect(throws: ConfigurationError.self) { try SiteURL(text) }
    }

    @Test(
        "Two URLs of one door and host are an error which names both",
        arguments: [
            ("web1", "web1"), ("http://web1:8081", "http://web1:8082"), ("web1", "WEB1."),
            ("http://web1#5580", "tcp://web1:5580"), ("10.0.0.1", "[::ffff:10.0.0.1]"),
            ("[fd00::1]", "https://[fd00:0:0::1]:444"), ("web1", "tcp://web1:5570"),
        ])
    func sameDoor(_ one: String, _ other: String) throws {
        let urls = try [SiteURL("http://web9"), SiteURL(one), SiteURL(other)]
        let error = #expect(throws: ConfigurationError.self) {
            try SiteConfiguration.checkDoors(urls)
        }
        #expect(error?.exitStatus == 78)
        #expect(error?.description.contains(one) == true)
        #expect(error?.description.contains(other) == true)
        let text = "urls: [\"http://web9\", \"\(one)\", \"\(other)\"]\n"
        #expect(refusal(text)?.findings.map(\.keyPath) == ["urls[2]"])
    }

    @Test("Two names, or two doors on one host, are two nodes")
    func differentDoors() throws {
        let urls = try ["site1.test", "site2.test", "site1.test#5580"].map { try SiteURL($0) }
        try SiteConfiguration.checkDoors(urls)
    }
}
