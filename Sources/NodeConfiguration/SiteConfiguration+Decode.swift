// SPDX-License-Identifier: Apache-2.0

extension SiteConfiguration {
    private static let keys = [
        "urls", "database", "repositories", "data", "caches", "handlers", "app", "http", "port",
        "bind", "limits", "switch", "settle", "stagger", "migrate",
    ]

    /// Reads the content of a `sitestacker.yml`.
    ///
    /// Total: any bytes give a configuration or an error. All errors of the file are told, up to
    /// ``ConfigurationError/findingLimit``; where the file is no YAML at all, that alone.
    ///
    /// - Throws: ``ConfigurationError`` with code `invalid`.
    public static func decode(
        _ bytes: [UInt8], file: String
    ) throws(ConfigurationError) -> SiteConfiguration {
        let log = FindingLog(file: file)
        var configuration: SiteConfiguration?
        if let source = YAMLSource(bytes, log: log), let root = YAMLNode.parse(source, log: log) {
            let value = SchemaValue(node: root, keyPath: "", log: log)
            if let section = SchemaSection(value, keys: keys) {
                configuration = read(section)
            }
        }
        guard let configuration, log.findings.isEmpty else {
            throw log.error(operation: "read the configuration")
        }
        return configuration
    }

    private static func read(_ section: SchemaSection) -> SiteConfiguration {
        var result = SiteConfiguration(urls: urls(section.required("urls")))
        result.database = section["database"].flatMap { value in
            value.parsed("a database URL", DatabaseAddress.init(parsing:))
        }
        for pattern in repositories(section["repositories"])
        where !result.repositories.contains(pattern) {
            result.repositories.append(pattern)
        }
        if let data = section["data"] { result.fileRoots = fileRoots(data) }
        result.caches = section["caches"]?
            .list(0...32, of: "caches", CacheConfiguration.init(reading:))
        result.reactions =
            section["handlers"]?.list(0...256, of: "handlers", EventReaction.init(reading:)) ?? []
        result.applicationSocket = section["app"].flatMap(ApplicationSocket.init(reading:))
        result.http = section["http"].flatMap(HTTPInterface.init(reading:))
        result.port = section["port"]?.integer(1...Int(SiteURL.highestDoorPort))
            .map(UInt16.init)
        result.bind = section["bind"]?.parsed("a numeric IP address", HostName.init(listening:))
        if let limits = section["limits"] { result.limits.read(limits) }
        result.switchMode = section["switch"]?.choice(SwitchMode.self) ?? result.switchMode
        result.settle =
            section["settle"]?.duration(.zero ... .seconds(60), "from 0s to 60s")
            ?? result.settle
        result.stagger =
            section["stagger"]?.duration(.zero ... .seconds(5), "from 0s to 5s")
            ?? result.stagger
        result.migrate = section["migrate"]?.command()
        return result
    }

    /// Reads the list and refuses two URLs for one door and host.
    private static func urls(_ value: SchemaValue?) -> [SiteURL] {
        var first: [String: String] = [:]
        let read: [SiteURL]? = value?.list(1...64, of: "URLs") { value in
            guard let url = value.parsed("a URL", SiteURL.init(parsing:)) else { return nil }
            if let other = first[url.key] {
                value.refuse(.doorTwice(url, other))
                return nil
            }
            first[url.key] = url.display
            return url
        }
        return read ?? []
    }

    private static func repositories(_ value: SchemaValue?) -> [String] {
        value?.list(0...64, of: "paths or patterns") { $0.parsed("a path", relativePath) } ?? []
    }

    private static func fileRoots(_ value: SchemaValue) -> [FileRoot] {
        var roots: [FileRoot] = []
        _ = value.list(0...32, of: "folders") { value in
            guard let section = SchemaSection(value, keys: ["path", "exclude"]),
                let path = section.required("path")?.parsed("a path", relativePath)
            else { return }
            if let other = roots.first(where: { overlap($0.path, path) }) {
                value.refuse(
                    ValueProblem(
                        expected: "folders that do not overlap",
                        found: "\(quoted(path)) beside \(quoted(other.path))"))
            }
            for reserved in [".git", fileName]
            where path.split(separator: "/").contains(reserved[...]) {
                value.refuse(
                    ValueProblem(
                        expected: "a folder of data files", found: quoted(path),
                        hint: "\(reserved) is not kept in step as data"))
            }
            let exclude = section["exclude"]?
                .list(0...256, of: "patterns") { $0.parsed("a pattern", relativePath) }
            roots.append(FileRoot(path: path, exclude: exclude ?? []))
        }
        return roots
    }

    private static func overlap(_ one: String, _ other: String) -> Bool {
        "\(one)/".hasPrefix("\(other)/") || "\(other)/".hasPrefix("\(one)/")
    }

    /// Refuses a list of URLs in which two name one door and host.
    ///
    /// - Throws: ``ConfigurationError`` with code `invalid`, naming both.
    public static func checkDoors(_ urls: [SiteURL]) throws(ConfigurationError) {
        var first: [String: String] = [:]
        let log = FindingLog(file: "URLs")
        for (index, url) in urls.enumerated() {
            if let other = first[url.key] {
                log.add(
                    .doorTwice(url, other), at: SourcePosition(line: 0, column: 0),
                    keyPath: "urls[\(index)]")
            } else {
                first[url.key] = url.display
            }
        }
        if !log.findings.isEmpty { throw log.error(operation: "use the list of URLs") }
    }
}

extension ValueProblem {
    /// Two URLs of a list that nobody could tell apart.
    fileprivate static func doorTwice(_ url: SiteURL, _ other: String) -> ValueProblem {
        ValueProblem(
            expected: "each node once",
            found: url.display == other
                ? "\(quoted(other)) twice"
                : "\(quoted(url.display)) and \(quoted(other)), both at \(url.key)",
            hint: "one door and host is one node; name another door with #PORT, "
                + "or another host name")
    }
}

extension SiteConfiguration.ApplicationSocket {
    fileprivate init?(reading value: SchemaValue) {
        guard let section = SchemaSection(value, keys: ["socket", "group", "scopes"]) else {
            return nil
        }
        let scopes = section["scopes"]?
            .list(1...ConfiguredScope.allCases.count, of: "scopes") { value -> ConfiguredScope? in
                guard let scope = value.choice(ConfiguredScope.self) else { return nil }
                switch scope {
                case .publish, .invalidate, .query: break
                case .update, .files, .admin:
                    // Such a scope would open nothing there.
                    value.refuse(
                        ValueProblem(
                            expected: "a scope for an application",
                            found: "\"\(scope.rawValue)\"",
                            hint: "publish, invalidate or query; the rest is for users who log in"
                        ))
                }
                return scope
            }
        let group = section["group"]?.parsed("a group") { text throws(ValueProblem) in
            guard UserEntry.isName(text) else {
                throw ValueProblem(expected: "the name of a group", found: quoted(text))
            }
            return text
        }
        guard let path = section.required("socket")?.parsed("a path", socketPath) else {
            return nil
        }
        self.init(
            path: path, group: group ?? "www-data", scopes: scopes ?? [.publish, .invalidate])
    }
}

extension SiteConfiguration.HTTPInterface {
    fileprivate init?(reading value: SchemaValue) {
        guard let section = SchemaSection(value, keys: ["listen", "dashboard"]) else {
            return nil
        }
        let dashboard = section["dashboard"]?.boolean()
        let listen = section.required("listen")?.parsed("ADDRESS:PORT") {
            text throws(ValueProblem) in
            guard let colon = text.lastIndex(of: ":") else {
                throw ValueProblem(expected: "ADDRESS:PORT", found: quoted(text))
            }
            let port = String(text[text.index(after: colon)...])
            return (
                try HostName(listening: String(text[..<colon])),
                try Authority.port(port, upTo: .max)
            )
        }
        guard let listen else { return nil }
        self.init(host: listen.0, port: listen.1, dashboard: dashboard ?? false)
    }
}

extension SiteConfiguration.Limits {
    fileprivate mutating func read(_ value: SchemaValue) {
        let keys = [
            "payload", "peer-queue", "log-size", "log-age", "deletions", "deletion-percent",
        ]
        guard let section = SchemaSection(value, keys: keys) else { return }
        payload = section["payload"]?.byteCount(1...(1 << 20)) ?? payload
        peerQueue = section["peer-queue"]?.byteCount((1 << 20)...(64 << 20)) ?? peerQueue
        logSize = section["log-size"]?.byteCount((1 << 20)...(1 << 40)) ?? logSize
        logAge =
            section["log-age"]?
            .duration(.seconds(3600) ... .seconds(3650 * 86_400), "from 1h to 3650d") ?? logAge
        deletions = section["deletions"]?.integer(1...1_000_000) ?? deletions
        deletionPercent = section["deletion-percent"]?.integer(1...100) ?? deletionPercent
    }
}
