// SPDX-License-Identifier: Apache-2.0
public import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import NodeRuntime
public import ServiceLifecycle
import Synchronization

/// The administration API on a local socket: of the daemon's state directory, or of an application.
///
/// In the state directory only the daemon's user and root are answered: the socket's mode says so,
/// and the kernel's word on who is at the other end is asked for each request. An application's
/// socket is open to a group, and offers what its scopes allow.
public struct LocalSocketServer: Service {
    private let path: String
    private let installations: any Installations
    private let audience: LocalAudience
    private let limits: LocalLimits
    private let logger: Logger
    private let onListening: @Sendable () async -> Void

    /// Prepares the server; nothing is opened yet.
    public init(
        path: String, installations: any Installations, logger: Logger,
        audience: LocalAudience = .administrators([geteuid(), 0]),
        limits: LocalLimits = LocalLimits(),
        onListening: @escaping @Sendable () async -> Void = {}
    ) {
        self.path = path
        self.installations = installations
        self.audience = audience
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until it is cancelled or shut down gracefully; then the socket file is gone.
    ///
    /// - Throws: ``ServerError`` where another daemon serves there, or the socket cannot be made.
    public func run() async throws {
        let claim = try SocketClaim(path: path)
        defer { claim.release() }
        let refusal = Mutex<ServerError?>(nil)
        let application = Application(
            responder: LocalResponder(
                installations: installations, audience: audience, limits: limits, logger: logger),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        ConnectionDeadlines(head: TimeAmount(limits.head), whole: nil, gate: nil)
                    ],
                    idleTimeout: .seconds(60), httpDecoderConfiguration: headerLimits)),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: path),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    limits.connections, logger: logger)),
            onServerRunning: { channel in
                do throws(ServerError) {
                    try audience.restrict(path)
                } catch {
                    refusal.withLock { $0 = error }
                    return channel.close(promise: nil)
                }
                await onListening()
            },
            logger: logger)
        do {
            try await application.run()
        } catch let error as IOError {
            throw ServerError(listening: path, error)
        } catch {
            // A closed channel ends the server with an error that does not say why.
            throw refusal.withLock { $0 } ?? error
        }
    }
}

/// How large the head of a request may be.
let headerLimits = HTTP1Channel.Configuration.DecoderConfiguration(
    maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 64)
