// SPDX-License-Identifier: Apache-2.0

extension CacheConfiguration {
    private static let kinds = [
        "php-fpm", "http", "redis", "memcached", "varnish", "command", "post",
    ]
    private static let options = [
        "reload", "root", "prefix", "tags", "flush", "tag-header", "pages", "on", "timeout",
    ]

    init?(reading value: SchemaValue) {
        let options = Self.options
        guard let section = SchemaSection(value, keys: Self.kinds + options) else { return nil }
        let present = section.present(Self.kinds)
        guard present.count == 1, let kind = present.first, let address = section[kind] else {
            // A misspelt kind was told already.
            if present.isEmpty, section.hasUnknownKeys { return nil }
            value.refuse(
                ValueProblem(
                    expected: "one of the kinds " + Self.kinds.joined(separator: ", "),
                    found: present.isEmpty ? "none" : present.joined(separator: " and "),
                    hint: present.isEmpty ? nil : "give each cache an entry of its own"))
            return nil
        }
        let allowed: [String: [String]] = [
            "php-fpm": ["reload"], "http": ["root"], "redis": ["prefix", "tags", "flush"],
            "memcached": ["prefix", "tags", "flush"], "varnish": ["tag-header", "pages"],
            "command": ["on"], "post": ["on"],
        ]
        for option in section.present(options)
        where option != "timeout" && !(allowed[kind] ?? []).contains(option) {
            section[option]?.refuse(
                ValueProblem(
                    expected: "options of a \(kind) cache", found: "the option \"\(option)\""))
        }
        let limit: Duration = kind == "command" ? .seconds(30) : .seconds(10)
        let timeout = section["timeout"]?.duration(
            .milliseconds(1) ... .seconds(3600), "from 1ms to 1h")
        guard let target = Self.target(kind, address, section) else { return nil }
        self.init(target: target, timeout: timeout ?? limit)
    }

    private static func target(
        _ kind: String, _ address: SchemaValue, _ section: SchemaSection
    ) -> Target? {
        switch kind {
        case "php-fpm":
            let reload = section["reload"]?.boolean() ?? false
            return address.parsed("an address", serverAddress).map { .phpFPM($0, reload: reload) }
        case "http":
            let root = section["root"]?.parsed("a path", relativePath) ?? ""
            return address.parsed("an address", pageAddress).map { .http($0, root: root) }
        case "varnish":
            let header = section["tag-header"]?.parsed("a header's name", headerName)
            let pages = section["pages"]?.choice(PageMethod.self) ?? .ban
            return address.parsed("an address", plainAddress)
                .map { .varnish($0, tagHeader: header, pages: pages) }
        case "redis":
            let server = address.parsed("an address", RedisAddress.init(parsing:))
            guard let keys = selection(section), let server else { return nil }
            return .redis(server, keys)
        case "memcached":
            let server = address.parsed("an address", memcachedAddress)
            guard let keys = selection(section), let server else { return nil }
            return .memcached(server, keys)
        case "post":
            let triggers = triggers(section["on"])
            return address.parsed("an address", WebAddress.init(parsing:))
                .map { .post($0, on: triggers) }
        case _:
            let triggers = triggers(section["on"])
            return address.command().map { .command($0, on: triggers) }
        }
    }

    /// Which orders a hook is told of besides everything.
    private static func triggers(_ value: SchemaValue?) -> Set<Trigger> {
        let words = value?.list(0...Trigger.allCases.count, of: "kinds of orders") {
            $0.choice(Trigger.self)
        }
        return Set(words ?? [])
    }

    /// An address below which a script can be requested.
    private static func pageAddress(_ text: String) throws(ValueProblem) -> WebAddress {
        let address = try WebAddress(parsing: text)
        guard !address.target.contains("?") else {
            throw ValueProblem(expected: "an address without a query", found: quoted(text))
        }
        return address
    }

    /// The name of a header.
    ///
    /// Limit: 64 letters, digits and hyphens.
    private static func headerName(_ text: String) throws(ValueProblem) -> String {
        let isName = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || $0 == 0x2D
        }
        guard isName, text.utf8.count <= 64 else {
            throw ValueProblem(
                expected: "a header's name of up to 64 letters, digits and hyphens",
                found: quoted(text))
        }
        return text
    }

    private static func serverAddress(_ text: String) throws(ValueProblem) -> ServerAddress {
        try ServerAddress(parsing: text)
    }

    private static func memcachedAddress(_ text: String) throws(ValueProblem) -> ServerAddress {
        let scheme = splitScheme(text).scheme
        guard !text.contains("@"), scheme == nil || scheme == "tcp" || text.hasPrefix("unix:")
        else {
            throw ValueProblem(
                expected: "HOST:PORT or unix:/PATH", found: quoted(text),
                hint: "neither TLS nor a user and password are spoken to Memcached")
        }
        return try ServerAddress(parsing: text, defaultPort: 11211)
    }

    private static func plainAddress(_ text: String) throws(ValueProblem) -> WebAddress {
        let address = try WebAddress(parsing: text)
        guard !address.isEncrypted else {
            throw ValueProblem(expected: "an http:// address", found: quoted(text))
        }
        return address
    }

    /// Which keys to clear: never all of them by omission, because sessions live there too.
    private static func selection(_ section: SchemaSection) -> KeySelection? {
        let present = section.present(["prefix", "tags", "flush"])
        guard present.count == 1 else {
            section.value.refuse(
                ValueProblem(
                    expected: "either prefix, tags or flush: true",
                    found: present.isEmpty ? "none" : present.joined(separator: " and "),
                    hint: "sessions and queues may live there too"))
            return nil
        }
        if let prefix = section["prefix"] { return prefix.string().map { .prefix($0) } }
        if let tags = section["tags"] {
            return tags.list(1...64, of: "tags") { $0.string() }.map { .tags($0) }
        }
        guard let flush = section["flush"], let isMeant = flush.boolean() else { return nil }
        guard isMeant else {
            flush.refuse(expected: "true, or prefix or tags instead")
            return nil
        }
        return .everything
    }
}

extension EventReaction {
    init?(reading value: SchemaValue) {
        guard
            let section = SchemaSection(
                value, keys: ["on", "run", "post", "timeout", "retries"])
        else { return nil }
        let topic = section.required("on")?.parsed("a topic", Self.topic)
        let timeout = section["timeout"]?.duration(
            .milliseconds(1) ... .seconds(3600), "from 1ms to 1h")
        let retries = section["retries"]?.integer(0...100)
        guard section.present(["run", "post"]).count == 1 else {
            value.refuse(
                ValueProblem(
                    expected: "either run or post",
                    found: section.present(["run"]).isEmpty ? "neither" : "both"))
            return nil
        }
        let action: Action? =
            if let run = section["run"] {
                run.command().map { .run($0) }
            } else {
                section["post"]?.parsed("an address", WebAddress.init(parsing:))
                    .map { .post($0) }
            }
        guard let topic, let action else { return nil }
        self.init(
            topic: topic, action: action, timeout: timeout ?? .seconds(30),
            retries: retries ?? 5)
    }

    /// Reads `order.paid`, `order.*` or `*`.
    ///
    /// Limit: 255 bytes.
    private static func topic(_ text: String) throws(ValueProblem) -> String {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let isTopic =
            text.utf8.count <= 255
            && labels.enumerated().allSatisfy { index, label in
                if label == "*" { return index == labels.count - 1 }
                return !label.isEmpty
                    && label.allSatisfy { character in
                        character.isASCII
                            && (character.isLetter || character.isNumber || character == "-"
                                || character == "_")
                    }
            }
        guard isTopic else {
            throw ValueProblem(
                expected: "a topic such as \"order.paid\" or \"order.*\"", found: quoted(text))
        }
        return text
    }
}
