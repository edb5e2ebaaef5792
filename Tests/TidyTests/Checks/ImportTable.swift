// SPDX-License-Identifier: Apache-2.0

/// What a target of `Sources` may import; everything else is a finding.
///
/// This is the target graph of docs/internals/ARCHITECTURE.md as data. A new arrow in it is a
/// decision: write down why in docs/adr before adding it here.
struct ImportTable: Sendable {
    /// For each target the modules it may import, besides the standard library.
    var granted: [String: Set<String>]
    /// For each module of a third-party package the targets that may enter it.
    var doors: [String: Set<String>]

    /// Parts of the toolchain, granted to all but the pure targets.
    static let toolchain: Set<String> = [
        "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization",
    ]

    /// Targets that decide and compute: the same input always gives the same result.
    static let pure: Set<String> = [
        "AdminAPI", "ClusterCore", "ClusterModel", "ClusterSigning", "WireFormat",
    ]

    /// Tests may use these beside the target they test; the rest of their needs is not watched.
    static let house = ImportTable(
        granted: [
            // 0: the nouns.
            "ClusterModel": [],
            // 1: pure. SwiftProtobuf hands bytes over as Foundation's type, hence the exception.
            "WireFormat": ["ClusterModel", "SwiftProtobuf", "Foundation", "FoundationEssentials"],
            "ClusterSigning": ["ClusterModel", "WireFormat", "CSodium", "CCrypto"],
            "ClusterCore": ["ClusterModel"],
            "AdminAPI": [],
            // 2: ports and the driver.
            "NodeRuntime": [
                "AdminAPI", "ClusterCore", "ClusterModel", "ClusterSigning", "WireFormat",
                "Logging",
            ],
            // 3: the shells, which never import one another.
            "ZeroMQ": ["CZeroMQ", "CZeroMQLibrary"],
            "MeshTransport": [
                "ClusterCore", "ClusterModel", "Logging", "NodeRuntime", "WireFormat", "ZeroMQ",
            ],
            "EventLogSQLite": ["ClusterModel", "GRDB", "GRDBSQLite", "NodeRuntime"],
            "HTTPTransport": ["NIOCore", "NIOHTTP1", "NIOPosix"],
            "ProgramRunner": ["Subprocess", "SystemPackage"],
            "GitWorkspace": ["ClusterModel", "ProgramRunner"],
            "DatabaseStatus": ["ClusterModel"],
            "CacheTargets": ["ClusterModel", "HTTPTransport", "NodeRuntime", "ProgramRunner"],
            "AdminHTTP": [
                "AdminAPI", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "NodeRuntime",
                "ServiceLifecycle",
            ],
            "NodeConfiguration": ["ClusterModel", "Yams"],
            "SitestackerCLI": [
                "AdminAPI", "ArgumentParser", "ClusterModel", "ClusterSigning", "HTTPTransport",
                "NodeConfiguration", "WireFormat",
            ],
            // 4: the program, which alone knows every shell.
            "sitestacker": [
                "AdminAPI", "AdminHTTP", "ArgumentParser", "CacheTargets", "ClusterCore",
                "ClusterModel", "ClusterSigning", "DatabaseStatus", "EventLogSQLite",
                "GitWorkspace", "HTTPTransport", "Logging", "MeshTransport", "NodeConfiguration",
                "NodeRuntime", "ProgramRunner", "ServiceLifecycle", "SitestackerCLI",
                "UnixSignals", "WireFormat", "ZeroMQ",
            ],
            // Support for tests and measurements; no product.
            "NodeRuntimeTesting": [
                "AdminAPI", "ClusterCore", "ClusterModel", "NodeRuntime", "Testing",
            ],
            "ServerTesting": ["Testing"],
            "ClusterSimulator": ["ClusterCore", "ClusterModel", "ClusterSigning", "WireFormat"],
            "sitestacker-simulator": ["ArgumentParser", "ClusterSimulator"],
            "sitestacker-fuzz": [
                "AdminHTTP", "ArgumentParser", "CacheTargets", "ClusterCore", "ClusterModel",
                "ClusterSigning", "DatabaseStatus", "EventLogSQLite", "GitWorkspace",
                "HTTPTransport", "NodeConfiguration", "NodeRuntime", "WireFormat", "ZeroMQ",
            ],
            // It measures a node from the inside too, and so wires its shells like the program.
            "sitestacker-benchmark": [
                "AdminAPI", "ArgumentParser", "CacheTargets", "ClusterCore", "ClusterModel",
                "ClusterSigning", "EventLogSQLite", "HTTPTransport", "Logging", "MeshTransport",
                "NodeConfiguration", "NodeRuntime", "WireFormat", "ZeroMQ",
            ],
        ],
        doors: [
            "GRDB": ["EventLogSQLite"],
            "GRDBSQLite": ["EventLogSQLite"],
            "Hummingbird": ["AdminHTTP"],
            "HummingbirdCore": ["AdminHTTP"],
            "NIOHTTP1": ["HTTPTransport"],
            "NIOPosix": ["HTTPTransport"],
            // Hummingbird speaks in NIO's channels and buffers, so its one user meets them too.
            "NIOCore": ["HTTPTransport", "AdminHTTP"],
            "Subprocess": ["ProgramRunner"],
            "SwiftProtobuf": ["WireFormat"],
            "SystemPackage": ["ProgramRunner"],
            "UnixSignals": ["sitestacker"],
            "Yams": ["NodeConfiguration"],
        ])
}

extension ImportTable {
    /// The imports of one file that the table does not grant.
    func findings(in file: SourceFile) -> [Finding] {
        guard file.isSource, let target = file.target else { return [] }
        guard var allowed = granted[target] else {
            let message = "the target \(target) is not in the import table"
            return [Finding(path: file.path, line: 1, message: message)]
        }
        if !Self.pure.contains(target) { allowed.formUnion(Self.toolchain) }
        return Self.imports(of: file).compactMap { name, line in
            if let targets = doors[name], !targets.contains(target) {
                let message = "\(name) is entered by \(targets.sorted().joined(separator: ", "))"
                return Finding(path: file.path, line: line, message: message + " alone")
            }
            guard !allowed.contains(name) else { return nil }
            return Finding(
                path: file.path, line: line, message: "\(target) may not import \(name)")
        }
    }

    /// The modules that a file imports, with the lines where it does.
    static func imports(of file: SourceFile) -> [(name: String, line: Int)] {
        let kinds: Set<String> = [
            "class", "enum", "func", "protocol", "struct", "typealias", "var",
        ]
        return file.tokens.indices.compactMap { index in
            guard file.tokens[index].text == "import" else { return nil }
            let isKind = kinds.contains(file.word(at: index + 1))
            return (file.word(at: index + (isKind ? 2 : 1)), file.tokens[index].line)
        }
    }
}
