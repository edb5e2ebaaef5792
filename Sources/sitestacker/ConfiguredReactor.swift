// SPDX-License-Identifier: Apache-2.0
internal import ClusterCore
internal import ClusterModel
internal import Glibc
internal import HTTPTransport
internal import NodeConfiguration
internal import NodeRuntime
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// Runs what the configuration says shall happen on an application event.
///
/// A handler may hang, fail or talk without end: it has a deadline, its output is bounded, and it
/// never holds up anything but the next event of its own topic.
///
/// Law: a reaction keeps its index as long as the process runs, so that what waits to be run when
/// the configuration changes never meets another program.
final class ConfiguredReactor: EventReactor {
    /// No topic is empty, so this matches none.
    private static let nothing = ""

    /// How much of a handler's complaint is kept.
    ///
    /// Unit: bytes.
    private static let outputLimit = 64 * 1_024

    private let known = Mutex<[EventReaction]>([])
    private let site: String

    init(site: String) {
        self.site = site
    }

    /// Takes the reactions of a configuration.
    ///
    /// - Returns: The rules by index; those of former configurations match nothing any more.
    func take(_ reactions: [EventReaction]) -> [HandlerRule] {
        known.withLock { known in
            known += reactions.filter { !known.contains($0) }
            return known.map {
                HandlerRule(
                    TopicPattern(reactions.contains($0) ? $0.topic : ConfiguredReactor.nothing),
                    attempts: $0.retries + 1)
            }
        }
    }

    func react(
        _ index: Int, to event: ApplicationEvent, payload: [UInt8], id: EventID
    ) async -> String? {
        let known = known.withLock { $0 }
        guard known.indices.contains(index) else { return "no such handler" }
        let reaction = known[index]
        switch reaction.action {
        case .run(let words):
            return await run(words, event, payload, id, within: reaction.timeout)
        case .post(let address):
            return await post(payload, to: address, event, id, within: reaction.timeout)
        }
    }

    /// A session of its own, so that ending a handler ends what it started.
    private static let options: PlatformOptions = {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(2)),
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
        ]
        return options
    }()

    private func run(
        _ words: [String], _ event: ApplicationEvent, _ payload: [UInt8], _ id: EventID,
        within timeout: Duration
    ) async -> String? {
        guard let program = words.first else { return "an empty command" }
        let path = program.contains("/") && !program.hasPrefix("/") ? "\(site)/\(program)" : program
        let options = ConfiguredReactor.options
        let environment = Environment.inherit.updating([
            "SITESTACKER_EVENT_ID": id.description, "SITESTACKER_TOPIC": event.topic,
        ])
        do {
            let result = try await withDeadline(timeout) { [site] in
                try await Subprocess.run(
                    path.hasPrefix("/") ? .path(FilePath(path)) : .name(path),
                    arguments: Arguments(Array(words.dropFirst())), environment: environment,
                    workingDirectory: FilePath(site), platformOptions: options,
                    input: .fileDescriptor(
                        try ConfiguredReactor.file(of: payload), closeAfterSpawningProcess: true),
                    output: .discarded,
                    error: .string(limit: ConfiguredReactor.outputLimit))
            }
            guard let result else { return "\(program): no end within \(timeout)" }
            if result.terminationStatus.isSuccess { return nil }
            let complaint = result.standardError.split(separator: "\n").last ?? ""
            return "\(program): \(result.terminationStatus) \(complaint.prefix(300))"
        } catch {
            return "\(program): \(error)"
        }
    }

    /// A file in memory from which the program reads the payload, or does not: through a pipe, one
    /// that ends without reading would make the writing fail, or wait for ever.
    private static func file(of payload: [UInt8]) throws -> FileDescriptor {
        let name = "/sitestacker-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let number = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        shm_unlink(name)
        let file = FileDescriptor(rawValue: number)
        do {
            try file.writeAll(payload)
            guard lseek(number, 0, SEEK_SET) == 0 else { throw Errno(rawValue: errno) }
            return file
        } catch {
            try file.close()
            throw error
        }
    }

    private func post(
        _ payload: [UInt8], to address: WebAddress, _ event: ApplicationEvent, _ id: EventID,
        within timeout: Duration
    ) async -> String? {
        guard !address.isEncrypted else {
            return await run(
                [
                    "curl", "--silent", "--show-error", "--fail", "--data-binary", "@-",
                    "--header", "Sitestacker-Event-ID: \(id)", "--", address.text,
                ], event, payload, id, within: timeout)
        }
        let client = HTTPClient(
            endpoint: .tcp(host: address.host.canonical, port: address.port),
            limits: HTTPLimits(connect: .seconds(2), answer: timeout, bodyBytes: 64 * 1_024))
        do {
            let answer = try await client.send(
                HTTPCall(
                    .post, address.target, host: address.host.inURL,
                    contentType: "application/octet-stream",
                    fields: [HTTPField("sitestacker-event-id", id.description)], body: payload))
            return (200..<300).contains(answer.status)
                ? nil : "\(address.text): HTTP status \(answer.status)"
        } catch {
            return "\(address.text): \(error)"
        }
    }
}

/// The value of the work, or `nil` when its time is over; the work is cancelled then.
private func withDeadline<Value: Sendable>(
    _ timeout: Duration, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: timeout)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
