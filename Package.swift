// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Every Swift target: warnings are errors, and the language's coming rules hold today.
let house: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A target of ours, with the house settings.
func target(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: house)
}

/// A program of ours, with the house settings.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

/// The tests of one target, with the house settings.
func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: house)
}

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
/// SQLite's own calls, as GRDB links it.
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(
    name: "HummingbirdCore", package: "hummingbird")
let unixSignals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")

let package = Package(
    name: "sitestacker",
    products: [
        .executable(name: "sitestacker", targets: ["sitestacker"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1",
            traits: []),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(
            url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "CZeroMQLibrary"),
        .systemLibrary(name: "CSodium"),
        .systemLibrary(name: "CCrypto"),
        .target(name: "CZeroMQ"),

        // 0: the nouns.
        target("ClusterModel"),

        // 1: pure.
        target("WireFormat", ["ClusterModel", protobuf]),
        target("ClusterSigning", ["ClusterModel", "WireFormat", "CSodium", "CCrypto"]),
        target("ClusterCore", ["ClusterModel"]),
        target("AdminAPI"),

        // 2: ports and the driver.
        target(
            "NodeRuntime",
            ["AdminAPI", "ClusterCore", "ClusterModel", "ClusterSigning", "WireFormat", logging]),

        // 3: the shells.
        target("ZeroMQ", ["CZeroMQ", "CZeroMQLibrary"]),
        target("MeshTransport", ["ClusterCore", "ClusterModel", "NodeRuntime", "ZeroMQ"]),
        target("EventLogSQLite", ["ClusterModel", "NodeRuntime", grdb, sqlite]),
        target("HTTPTransport", [nioCore, nioPosix, nioHTTP1]),
        target("ProgramRunner", [subprocess, systemPackage]),
        target("GitWorkspace", ["ClusterModel", "ProgramRunner"]),
        target("DatabaseStatus", ["ClusterModel"]),
        target("CacheTargets", ["ClusterModel", "HTTPTransport", "ProgramRunner"]),
        target(
            "AdminHTTP",
            [
                "AdminAPI", "NodeRuntime", hummingbird, hummingbirdCore, logging, lifecycle,
                nioCore, nioHTTP1,
            ]),
        target("NodeConfiguration", [yams]),
        target(
            "SitestackerCLI",
            [
                "AdminAPI", "ClusterModel", "ClusterSigning", "HTTPTransport",
                "NodeConfiguration", "WireFormat", argumentParser,
            ]),

        // 4: the program.
        program(
            "sitestacker",
            [
                "AdminAPI", "AdminHTTP", "CacheTargets", "ClusterCore", "ClusterModel",
                "ClusterSigning", "DatabaseStatus", "EventLogSQLite", "GitWorkspace",
                "HTTPTransport", "MeshTransport", "NodeConfiguration", "NodeRuntime",
                "ProgramRunner", "SitestackerCLI", "WireFormat",
                argumentParser, lifecycle, logging, unixSignals,
            ]),

        // Aside: whole clusters from a seed, and what tests share.
        target(
            "ClusterSimulator", ["ClusterCore", "ClusterModel", "ClusterSigning", "WireFormat"]),
        program("sitestacker-simulator", ["ClusterSimulator", argumentParser]),
        program(
            "sitestacker-fuzz",
            [
                "AdminHTTP", "CacheTargets", "ClusterCore", "ClusterModel", "ClusterSigning",
                "DatabaseStatus", "EventLogSQLite", "GitWorkspace", "HTTPTransport",
                "NodeConfiguration", "NodeRuntime", "WireFormat", "ZeroMQ", argumentParser,
            ]),
        program(
            "sitestacker-benchmark",
            [
                "CacheTargets", "ClusterCore", "ClusterModel", "ClusterSigning", "EventLogSQLite",
                "MeshTransport", "NodeRuntime", "WireFormat", logging,
            ]),
        target("NodeRuntimeTesting", ["AdminAPI", "ClusterCore", "ClusterModel", "NodeRuntime"]),

        target("ServerTesting"),

        // Tests.
        tests("WireFormatTests", ["ClusterModel", "WireFormat"]),
        tests("ClusterSigningTests", ["ClusterModel", "ClusterSigning", "WireFormat"]),
        tests(
            "ClusterCoreTests", ["ClusterCore", "ClusterModel"], exclude: ["Scenarios"]),
        tests(
            "ClusterSimulatorTests",
            [
                "ClusterCore", "ClusterModel", "ClusterSigning", "ClusterSimulator",
                "WireFormat", "sitestacker-simulator",
            ]),
        tests("ZeroMQTests", ["CZeroMQ", "CZeroMQLibrary", "ZeroMQ"]),
        tests(
            "MeshTransportTests",
            ["ClusterCore", "ClusterModel", "MeshTransport", "NodeRuntime", "ZeroMQ"]),
        tests(
            "EventLogSQLiteTests",
            ["ClusterModel", "EventLogSQLite", "NodeRuntime", "NodeRuntimeTesting"]),
        tests(
            "NodeRuntimeTests",
            [
                "AdminAPI", "ClusterCore", "ClusterModel", "ClusterSigning", "NodeRuntime",
                "NodeRuntimeTesting",
                "WireFormat", logging,
            ]),
        tests("HTTPTransportTests", ["HTTPTransport"]),
        tests("ProgramRunnerTests", ["ProgramRunner", "ServerTesting"]),
        tests("GitWorkspaceTests", ["ClusterModel", "GitWorkspace", "ProgramRunner"]),
        tests("DatabaseStatusTests", ["ClusterModel", "DatabaseStatus", "ServerTesting"]),
        tests(
            "CacheTargetsTests",
            ["CacheTargets", "ClusterModel", "HTTPTransport", "ProgramRunner", "ServerTesting"]),
        tests(
            "AdminHTTPTests",
            [
                "AdminAPI", "AdminHTTP", "HTTPTransport", "NodeRuntime", "NodeRuntimeTesting",
                logging, lifecycle,
            ]),
        tests("NodeConfigurationTests", ["NodeConfiguration"]),
        tests(
            "SitestackerCLITests",
            [
                "AdminAPI", "AdminHTTP", "ClusterCore", "ClusterModel", "ClusterSigning",
                "HTTPTransport", "NodeConfiguration", "NodeRuntime", "NodeRuntimeTesting",
                "ServerTesting", "SitestackerCLI", "WireFormat", argumentParser, logging, lifecycle,
            ]),
        tests("FuzzTests", ["sitestacker-fuzz"], exclude: ["Corpus"]),
        tests("TidyTests", []),
        tests("IntegrationTests", ["ServerTesting", "sitestacker"]),
        tests("InteropTests", ["sitestacker"]),
    ],
    swiftLanguageModes: [.v6]
)
