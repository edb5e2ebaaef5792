// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// One line on a terminal that says what a command waits for, once that takes more than a second.
///
/// It is wiped before anything else is printed, and when the command ends; it never appears in
/// pipes, with `--quiet` or with `--json`.
final class Progress: Sendable {
    /// How long nothing is shown, and how often the time is shown anew.
    private static let pause: Duration = .seconds(1)

    private struct State {
        var text: String?
        var isShown = false
    }

    private let sink: (any ByteSink)?
    private let state = Mutex(State())

    init(on context: CommandContext) {
        let talk = context.surroundings.standardError
        let isWanted = talk.isTerminal && !context.options.quiet && !context.options.json
        sink = isWanted ? talk : nil
    }

    /// Prints something, and notes what is waited for from now on; `nil`: nothing.
    func say(_ text: String?, after show: () throws -> Void) throws {
        guard let sink else { return try show() }
        try state.withLock { state in
            try wipe(&state, sink)
            state.text = text
            try show()
        }
    }

    /// Runs one piece of work, with a line that says what it waits for.
    ///
    /// - Throws: What the work throws, and what writing throws.
    static func waiting<Value>(
        _ text: String, in context: CommandContext, _ work: () async throws -> Value
    ) async throws -> Value {
        let progress = Progress(on: context)
        try progress.say(text) {}
        return try await progress.shown(work)
    }

    /// Runs work with the line shown meanwhile.
    ///
    /// - Throws: What the work throws, and what writing throws.
    func shown<Value>(_ work: () async throws -> Value) async throws -> Value {
        guard let sink else { return try await work() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in try await tick(sink) }
            defer { group.cancelAll() }
            do {
                let value = try await work()
                try end(sink)
                return value
            } catch {
                try end(sink)
                throw error
            }
        }
    }

    private func tick(_ sink: any ByteSink) async throws {
        let start = ContinuousClock.now
        while !Task.isCancelled {
            try await Task.sleep(for: Self.pause)
            try show(seconds: (ContinuousClock.now - start).components.seconds, sink)
        }
    }

    private func end(_ sink: any ByteSink) throws {
        try state.withLock { state in
            state.text = nil
            try wipe(&state, sink)
        }
    }

    /// Draws the line, if there is one to draw.
    func show(seconds: Int64, _ sink: any ByteSink) throws {
        try state.withLock { state in
            guard let text = state.text else { return }
            try sink.write(Array("\r\u{1B}[K\(escaped(text)), \(seconds) s".utf8))
            state.isShown = true
        }
    }

    private func wipe(_ state: inout State, _ sink: any ByteSink) throws {
        guard state.isShown else { return }
        state.isShown = false
        try sink.write(Array("\r\u{1B}[K".utf8))
    }
}
