// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import NodeConfiguration

extension FuzzTarget {
    /// What people write.
    static let texts: [FuzzTarget] = [
        FuzzTarget(name: "site-configuration", shape: .text(Words.yaml)) { input throws(Flaw) in
            try read { try SiteConfiguration.decode(input, file: "sitestacker.yml") }
        },
        FuzzTarget(name: "users-file", shape: .text(Words.users)) { input throws(Flaw) in
            try read { try UsersFile.decode(input) }
        },
        FuzzTarget(name: "site-url", shape: .text(Words.urls)) { input throws(Flaw) in
            let text = String(decoding: input, as: UTF8.self)
            guard let url = try attempt({ try SiteURL(text) }) else { return .refused }
            try checkWords(url.description)
            try expect(try again { try SiteURL(url.description) }.key, url.key, "the key")
            return .accepted
        },
        FuzzTarget(name: "event-reference", shape: .text(["-", ".", "+1", "0"])) {
            input throws(Flaw) in
            guard let reference = EventReference(String(decoding: input, as: UTF8.self)) else {
                return .refused
            }
            let origin = Hexadecimal.encode(reference.originPrefix)
            let text = "\(origin)-\(reference.epoch)-\(reference.sequence)"
            try expect(EventReference(text), reference, "the reference")
            return .accepted
        },
        FuzzTarget(name: "hexadecimal", shape: .text(["0", "F", "g", " "])) {
            input throws(Flaw) in
            let text = String(decoding: input, as: UTF8.self)
            guard let bytes = Hexadecimal.decode(text) else { return .refused }
            try expect(Hexadecimal.encode(bytes), text.lowercased(), "the digits")
            return .accepted
        },
    ]

    private static func read<Value>(_ decode: () throws -> Value) throws(Flaw) -> Verdict {
        try attempt(decode) == nil ? .refused : .accepted
    }
}

/// What turns one text into another one that means something.
private enum Words {
    static let yaml = [
        "urls:", "database:", "repositories:", "data:", "caches:", "handlers:", "http:", "- ",
        ": ", "[", "]", "{", "}", "\"", "'", "#", "|", ">", "&a", "*a", "<<: *a", "!!binary ",
        "!!python/object ", "---\n", "...\n", "%YAML 1.1\n", "? ", "\t", "\r\n", "~", "no", "0x1F",
        "1e9", "-1", "99999999999999999999", "2m", "\u{FEFF}", "\u{0}", "\u{1B}[2J", "\u{202E}",
        "redis: redis://127.0.0.1:6379/3", "php-fpm: unix:/run/x.sock", "timeout: 1s",
    ]
    static let users = [
        "alice", "@", "all", "publish", ",", " ", "\t", "#", "\n", "\r\n", "\u{0}", "\u{1B}[2J",
        "\u{FEFF}", "\u{202E}", "a@b.c", "root", "*", "ä",
    ]
    static let urls = [
        "http://", "https://", "tcp://", "[::1]", "[", "]", ":", "/", "//", "#", "?", "@", "%00",
        "%2e", ".", "..", "0x7f.1", "127.1", "65536", "0", "-1", "*", "\u{0}", "\n", "ä",
        "\u{202E}",
    ]
}
