// SPDX-License-Identifier: Apache-2.0
internal import AdminHTTP
internal import Glibc
internal import Logging
internal import NodeConfiguration
internal import ServiceLifecycle
internal import Synchronization

/// The socket of one installation's application, as the configuration in force wants it.
///
/// A socket that cannot be made leaves the site without it, loudly: its node is needed more.
final class ApplicationSocketService: Service {
    private struct Wanted: Sendable, Equatable {
        let path: String
        let audience: LocalAudience
    }

    private struct State {
        var wanted: Wanted?
        var hasFailed = false
        /// Grows with each thing that is to be done anew.
        var version = 0
    }

    private let file: String
    private let installations: InstallationTable
    private let logger: Logger
    private let state = Mutex(State())
    private let changes: AsyncStream<Int>
    private let sink: AsyncStream<Int>.Continuation

    /// A service without a socket.
    ///
    /// - Parameter file: The configuration, as errors name it.
    init(file: String, installations: InstallationTable, logger: Logger) {
        self.file = file
        self.installations = installations
        self.logger = logger
        (changes, sink) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes what a configuration says; one that could not be made is tried again.
    ///
    /// - Throws: `ConfigurationError` for a group that this host does not have; the old one stays.
    func take(_ socket: SiteConfiguration.ApplicationSocket?) throws(ConfigurationError) {
        var wanted: Wanted?
        if let socket {
            guard let group = groupNumber(of: socket.group) else {
                throw ConfigurationError(
                    code: .invalid, operation: "use the configuration",
                    findings: [
                        Finding(
                            file: file, keyPath: "app.group", expected: "a group of this host",
                            found: "\"\(socket.group)\"",
                            hint: "name the group that the application runs as")
                    ])
            }
            let scopes = socket.scopes.compactMap { ApplicationScope(rawValue: $0.rawValue) }
            wanted = Wanted(path: socket.path, audience: .application(Set(scopes), group: group))
        }
        let news: Int? = state.withLock { state in
            guard state.wanted != wanted || state.hasFailed else { return nil }
            state = State(wanted: wanted, version: state.version + 1)
            return state.version
        }
        if let news { sink.yield(news) }
    }

    /// Serves what is wanted, and the next thing when that changes, until it is asked to stop.
    func run() async {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            let (wanted, version) = state.withLock { ($0.wanted, $0.version) }
            await withTaskGroup(of: Void.self) { group in
                if let wanted {
                    group.addTask { [self] in await serve(wanted) }
                }
                // What was taken before this round, as at the start, is what it serves.
                _ = await changes.cancelOnGracefulShutdown().first { $0 > version }
                group.cancelAll()
            }
        }
    }

    private func serve(_ wanted: Wanted) async {
        let server = LocalSocketServer(
            path: wanted.path, installations: installations, logger: logger,
            audience: wanted.audience, limits: LocalLimits(connections: 128),
            onListening: { [logger] in logger.notice("the application's socket: \(wanted.path)") })
        do {
            try await server.run()
        } catch is CancellationError {
            return
        } catch {
            state.withLock { $0.hasFailed = $0.wanted == wanted }
            logger.error("no socket for the application: \(error)")
        }
    }
}

/// The number of a group of this host; `nil` where there is none of that name.
///
/// Source: getgrnam_r(3).
private func groupNumber(of name: String) -> gid_t? {
    var entry = group()
    var found: UnsafeMutablePointer<group>?
    // Groups of a directory service may have thousands of members.
    var buffer = [CChar](repeating: 0, count: 1 << 20)
    guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
        return nil
    }
    return entry.gr_gid
}
