// SPDX-License-Identifier: Apache-2.0

import ClusterModel

/// One request that has Varnish forget something, in headers which the VCL joins to a ban.
///
/// Pure.
/// Law: the VCL writes `obj.http.X-Url ~ ` and then a header of ours. Varnish splits that at white
/// space and reads a word which begins with a quotation mark to the next one; so no value here has
/// white space, quotation marks or control characters, and none can add a condition of its own.
/// What is meant literally is escaped; only `*` in a URL means anything.
struct BanRequest: Sendable, Equatable {
    /// Why something cannot be asked for.
    struct Refusal: Error, Sendable, Equatable {
        let reason: String
    }

    /// The longest header value; Varnish takes 8 KiB (`http_req_hdr_len`).
    ///
    /// Unit: bytes.
    static let maximumValue = 4_096
    /// The longest URL or tag of an order.
    ///
    /// Unit: bytes.
    static let maximumItem = 1_024

    /// The most `*` in one URL.
    static let maximumStars = 8

    /// A regular expression for the host that an object was stored for.
    var host = ".*"
    /// A regular expression for its URL: path and query.
    var url = ".*"
    /// A regular expression for the header with its tags; `nil` where tags do not matter.
    var tags: String?
    /// What a page is purged by: its exact place; `nil` where only a ban will do.
    var exact: (host: String, target: String)?

    static func == (one: BanRequest, other: BanRequest) -> Bool {
        one.host == other.host && one.url == other.url && one.tags == other.tags
            && one.exact?.host == other.exact?.host && one.exact?.target == other.exact?.target
    }

    /// Everything that Varnish holds.
    static let everything = BanRequest()

    private init() {}

    /// A page, or with `*` all pages that look like it.
    ///
    /// - Parameter url: `http://HOST/PATH`, or `/PATH` for every host; what is not ASCII in the
    ///   path means its percent-encoded form, which browsers ask for.
    init(url raw: String) throws(Refusal) {
        let text = Self.encoded(raw)
        guard (1...Self.maximumItem).contains(text.utf8.count), Self.isWord(text) else {
            throw Refusal(
                reason: "no URL of 1 to \(Self.maximumItem) visible ASCII characters")
        }
        if text == "*" { return }
        // Each star may go back over the whole URL; PCRE gives up, and then nothing is forgotten.
        guard text.count(where: { $0 == "*" }) <= Self.maximumStars else {
            throw Refusal(reason: "a URL with more than \(Self.maximumStars) *")
        }
        let (host, target) = try Self.parts(text)
        if let host { self.host = "^\(Self.pattern(host))$" }
        url = "^\(Self.pattern(target))$"
        if let host, !text.contains("*") { exact = (host, target) }
    }

    /// The objects that carry any of these tags, in as many requests as their length asks for.
    static func tagged(_ tags: [String]) throws(Refusal) -> [BanRequest] {
        var requests: [BanRequest] = []
        var words: [String] = []
        func finish() {
            guard !words.isEmpty else { return }
            var request = BanRequest()
            // What tags are separated by differs: "a b", "a,b", "a, b", "a|b", "a;b".
            request.tags = "(^|[\\s,|;])(\(words.joined(separator: "|")))($|[\\s,|;])"
            requests.append(request)
            words = []
        }
        for tag in tags {
            guard (1...maximumItem).contains(tag.utf8.count), isWord(tag),
                !tag.contains(where: { ",|;".contains($0) })
            else {
                throw Refusal(
                    reason: "no tag of 1 to \(maximumItem) visible ASCII characters without , ; |")
            }
            let word = literal(tag)
            if words.reduce(word.utf8.count, { $0 + $1.utf8.count + 1 }) > maximumValue - 64 {
                finish()
            }
            words.append(word)
        }
        finish()
        return requests
    }

    /// Bytes beyond ASCII percent-encoded, as in RFC 3987, section 3.1.
    ///
    /// In a host's name percent signs are refused: it is encoded otherwise, by Punycode.
    private static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            if byte < 0x80 {
                result.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                result += "%" + Hexadecimal.text([byte]).uppercased()
            }
        }
    }

    /// Host and path of a URL.
    private static func parts(
        _ text: String
    ) throws(Refusal) -> (host: String?, target: String) {
        if text.hasPrefix("/"), !text.hasPrefix("//") { return (nil, withoutFragment(text[...])) }
        let lower = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix) else {
            throw Refusal(reason: "neither a URL with http:// or https:// nor a path")
        }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        var host = rest[..<end]
        // Browsers leave the scheme's own port out, and so it is not in what Varnish stored.
        let port = scheme == "http://" ? ":80" : ":443"
        if host.hasSuffix(port) { host = host.dropLast(port.count) }
        guard !host.isEmpty, !host.contains(where: { "@%".contains($0) }) else {
            throw Refusal(
                reason: "no host, one that is not ASCII (xn--...), or a user's name in it")
        }
        let target = withoutFragment(rest[end...])
        return (host.lowercased(), target.hasPrefix("/") ? target : "/" + target)
    }

    private static func withoutFragment(_ text: Substring) -> String {
        String(text.prefix { $0 != "#" })
    }

    /// One word: visible, and no quotation mark or backslash.
    private static func isWord(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }

    /// The text with `*` for any characters, as a regular expression.
    private static func pattern(_ text: String) -> String {
        text.split(separator: "*", omittingEmptySubsequences: false).map { literal(String($0)) }
            .joined(separator: ".*")
    }

    /// A regular expression that matches exactly the text.
    private static func literal(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            let isPlain =
                character.isLetter || character.isNumber || "-_/:=&%~,;'!@<> ".contains(character)
            result += isPlain ? String(character) : "\\\(character)"
        }
    }
}
