// SPDX-License-Identifier: Apache-2.0

/// Tries to get in with a key that nobody knows, as the first thing after a server binds.
///
/// CURVE alone admits every key, and each of a missing authenticator, an empty domain and a missing
/// enforcement opens the door in silence; so the only proof is to knock.
public enum HandshakeSelfTest {
    /// What came of it.
    public enum Outcome: Hashable, Sendable {
        /// The server kept the stranger out, as this event shows.
        case refused(SocketEvent.Kind)
        /// The server let the stranger in: the process must not serve.
        case admitted
        /// No connection came about in time, so nothing is proved.
        case unreachable
    }

    /// Knocks with a random key.
    ///
    /// - Parameters:
    ///   - executor: A thread other than the authenticator's is not needed, but one that is free.
    ///   - patience: How long one handshake may take; the whole takes at most twice that.
    /// - Throws: `outOfResources`, `unsupported`.
    public static func run(
        against endpoint: Endpoint, serverKey: CurvePublicKey, in context: Context,
        on executor: PollingExecutor, patience: Duration = .seconds(1)
    ) async throws(ZeroMQError) -> Outcome {
        var options = SocketOptions(
            maximumMessageSize: 1_024,
            security: .curveClient(keys: try CurveKeyPair(), serverKey: serverKey))
        options.handshakeInterval = patience
        options.isIPv6Enabled = endpoint.isIPv6
        let stranger = try Stranger(options, in: context, on: executor)
        return try await stranger.knock(at: endpoint, patience: patience)
    }
}

/// The peer that must not get in.
private actor Stranger {
    nonisolated let executor: PollingExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let socket: Socket<Dealer>
    private var alarm: Alarm?
    private var isConnected = false
    private var outcome: HandshakeSelfTest.Outcome?
    private var waiter: CheckedContinuation<HandshakeSelfTest.Outcome, Never>?

    init(
        _ options: SocketOptions, in context: Context, on executor: PollingExecutor
    ) throws(ZeroMQError) {
        self.executor = executor
        socket = try Socket(in: context, options: options)
    }

    func knock(
        at endpoint: Endpoint, patience: Duration
    ) async throws(ZeroMQError) -> HandshakeSelfTest.Outcome {
        try socket.monitor(on: executor, for: self) { $0.witness($1.kind) }
        alarm = executor.makeAlarm(for: self) { $0.decide(.unreachable) }
        alarm?.set(.now + patience * 2)
        try socket.connect(to: endpoint)
        if let outcome { return outcome }
        return await withCheckedContinuation { waiter = $0 }
    }

    private func witness(_ kind: SocketEvent.Kind) {
        switch kind {
        case .connected:
            isConnected = true
        case .handshakeSucceeded:
            decide(.admitted)
        case .handshakeFailed, .disconnected, .closed:
            if isConnected { decide(.refused(kind)) }
        case .connectDelayed, .connectRetried, .listening, .bindFailed, .accepted, .acceptFailed,
            .closeFailed, .stopped, .unknown:
            break
        }
    }

    private func decide(_ outcome: HandshakeSelfTest.Outcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        alarm?.set(nil)
        waiter?.resume(returning: outcome)
        waiter = nil
    }
}
