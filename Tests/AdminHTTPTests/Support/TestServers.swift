// SPDX-License-Identifier: Apache-2.0
import AdminHTTP
import Foundation
import Logging
import NodeRuntime
import Testing

/// A folder of its own, short enough for a socket's path, removed at the end.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let path = "/tmp/edge-\(UUID().uuidString.prefix(13))"
    try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("the folder \(path) could not be removed: \(error)")
        }
    }
    return try await body(path)
}

/// Serves an installation at `daemon.sock` in a folder while `body` runs.
func withLocalServer<Value: Sendable>(
    _ installations: any Installations, in folder: String,
    for audience: LocalAudience = .administrators([geteuid(), 0]),
    limits: LocalLimits = LocalLimits(),
    _ body: @Sendable @escaping (_ socket: String) async throws -> Value
) async throws -> Value {
    let path = folder + "/daemon.sock"
    let (listening, announcement) = AsyncStream.makeStream(of: Void.self)
    let server = LocalSocketServer(
        path: path, installations: installations, logger: quietLogger, audience: audience,
        limits: limits,
        onListening: { announcement.yield() })
    return try await withServer(server.run, until: listening, announcement) { _ in
        try await body(path)
    }
}

/// Serves an installation at a door on a free port of 127.0.0.1 while `body` runs.
func withDoor<Value: Sendable>(
    _ installations: any Installations, limits: DoorLimits = DoorLimits(),
    _ body: @Sendable @escaping (_ port: UInt16) async throws -> Value
) async throws -> Value {
    let (listening, announcement) = AsyncStream.makeStream(of: UInt16.self)
    let server = DoorServer(
        host: "127.0.0.1", port: 0, installations: installations, logger: quietLogger,
        limits: limits, onListening: { announcement.yield($0) })
    return try await withServer(server.run, until: listening, announcement, body)
}

private func withServer<Word: Sendable, Value: Sendable>(
    _ run: @Sendable @escaping () async throws -> Void, until listening: AsyncStream<Word>,
    _ announcement: AsyncStream<Word>.Continuation,
    _ body: @Sendable @escaping (Word) async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { announcement.finish() }
            try await run()
        }
        guard let word = await listening.first(where: { _ in true }) else {
            try await group.waitForAll()
            throw CancellationError()
        }
        let value = try await body(word)
        group.cancelAll()
        // How a cancelled server ends is no matter of the test.
        while await group.nextResult() != nil {}
        return value
    }
}

/// Says nothing, whatever strangers send.
let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Waits until something holds, without a guess at how long that takes.
func eventually(_ holds: () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
        if holds() { return true }
        await Task.yield()
    }
    return holds()
}
