// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import NodeRuntime
public import ServiceLifecycle

/// How much the door takes from strangers.
public struct DoorLimits: Sendable, Hashable {
    /// Until the head of a request must be there.
    public var head: Duration = .seconds(5)
    /// How long a connection may live from then on.
    public var connection: Duration = .seconds(20)
    /// Connections at once, of all addresses together.
    public var connections = 256
    /// Connections at once from one address.
    public var connectionsPerAddress = 32
    /// Requests at once from one address, after a pause.
    public var burst = 60
    /// Requests in the long run from one address.
    ///
    /// Unit: per second.
    public var rate = 20

    /// The usual bounds.
    public init() {}
}

/// The public door: who is there, login, and whether the node is fit to serve; nothing else.
///
/// Anybody can knock. Errors name nobody and nothing of the site; everything is bounded by
/// ``DoorLimits`` before it is read.
public struct DoorServer: Service {
    private let host: String
    private let port: UInt16
    private let installations: any Installations
    private let limits: DoorLimits
    private let logger: Logger
    private let onListening: @Sendable (UInt16) async -> Void

    /// Prepares the server; nothing is opened yet.
    ///
    /// `onListening` is told the port, which the system chooses where `port` is 0.
    public init(
        host: String, port: UInt16, installations: any Installations, logger: Logger,
        limits: DoorLimits = DoorLimits(),
        onListening: @escaping @Sendable (UInt16) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.installations = installations
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until it is cancelled or shut down gracefully.
    ///
    /// - Throws: ``ServerError`` where the address cannot be listened on.
    public func run() async throws {
        let gate = AddressGate(
            AddressGate.Limits(
                connections: limits.connectionsPerAddress, burst: Double(limits.burst),
                rate: Double(limits.rate)))
        let limits = limits
        let application = Application(
            responder: DoorResponder(installations: installations, gate: gate),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        ConnectionDeadlines(
                            head: TimeAmount(limits.head), whole: TimeAmount(limits.connection),
                            gate: gate)
                    ],
                    httpDecoderConfiguration: headerLimits)),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: Int(port)),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    limits.connections, logger: logger)),
            onServerRunning: { channel in
                await onListening(UInt16(channel.localAddress?.port ?? Int(port)))
            },
            logger: logger)
        do {
            try await application.run()
        } catch let error as IOError {
            throw ServerError(listening: "\(host):\(port)", error)
        }
    }
}
