// SPDX-License-Identifier: Apache-2.0
import NodeConfiguration
import Testing

/// A small generator whose whole sequence follows from its seed.
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Nothing that a file holds traps the decoders")
struct MutationTests {
    static let site = """
        urls: ["http://192.168.7.8", "web1:81#5580", "tcp://[::1]:6000"]
        database: mysql://site:secret@127.0.0.1/site
        data:
          - path: webroot/data
            exclude: ["a/**", 'b']
        caches:
          - php-fpm: unix:/run/php/php8.2-fpm.sock
          - redis: redis://:pw@127.0.0.1:6379/0
            prefix: "site:\\u0041"
        handlers: [{on: "order.*", run: [bin/notify, "%"], timeout: 5s}]
        app: {socket: /run/site.sock, scopes: [publish]}
        limits: {payload: 64KiB}
        settle: 2s
        """
    static let users = "# who\nalice\nbob invalidate,query # x\r\ncarol@example.com\n"
    static let pieces = [
        "&a ", "*a", "!!binary ", "<<: ", "? ", ": ", "- ", "---\n", "...\n", "%YAML 1.2\n", "|\n",
        ">-\n", "\"", "'", "[", "]", "{", "}", "#", "\t", "\0", "\r", "\u{1B}", "\u{FEFF}",
        "\\uD800",
        "\\x", "%00", "@", "://", "[::", "%", "99999999999999999999", "d", "\u{2028}", "é",
        "\u{10FFFF}",
    ]

    private func mutate(_ text: String, with random: inout SeededRandom) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                bytes.removeSubrange(place..<end)
            case 1:
                bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 2:
                bytes.insert(contentsOf: bytes[place..<end], at: 0)
            case 3 where place < bytes.count:
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case _:
                let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)]
                bytes.insert(contentsOf: piece.utf8, at: place)
            }
        }
        return bytes
    }

    @Test("2,000 mutations of a configuration", arguments: [1 as UInt64, 2])
    func configurations(seed: UInt64) {
        var random = SeededRandom(state: seed)
        var accepted = 0
        for _ in 0..<1000 {
            let error = refusal(mutate(Self.site, with: &random))
            guard let error else {
                accepted += 1
                continue
            }
            #expect((1...ConfigurationError.findingLimit).contains(error.findings.count))
        }
        // Both ends must be reached, or the mutations exercise nothing.
        #expect((1..<1000).contains(accepted))
    }

    @Test("2,000 mutations of a users file", arguments: [3 as UInt64, 4])
    func usersFiles(seed: UInt64) {
        var random = SeededRandom(state: seed)
        var accepted = 0
        for _ in 0..<1000 {
            do {
                _ = try UsersFile.decode(mutate(Self.users, with: &random))
                accepted += 1
            } catch {
                #expect((1...ConfigurationError.findingLimit).contains(error.findings.count))
            }
        }
        #expect((1..<1000).contains(accepted))
    }

    @Test("2,000 mutations of URLs keep what an accepted URL promises")
    func urls() throws {
        var random = SeededRandom(state: 5)
        let seeds = [
            "http://web1:81/x#5580", "[fd00::1]:80", "tcp://10.0.0.1:6000", "172.17.0.1:8",
        ]
        for round in 0..<2000 {
            let bytes = mutate(seeds[round % seeds.count], with: &random)
            let text = String(decoding: bytes, as: UTF8.self)
            let url: SiteURL
            do {
                url = try SiteURL(text)
            } catch {
                continue
            }
            #expect(url.display == text)
            #expect(try SiteURL("tcp://\(url.key)").key == url.key)
        }
    }
}
