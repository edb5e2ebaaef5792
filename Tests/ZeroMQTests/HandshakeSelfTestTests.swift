// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ZeroMQ

@Suite("The handshake self-test", .timeLimit(.minutes(1))) struct HandshakeSelfTestTests {
    let context: Context
    let executor: PollingExecutor
    let serverKeys: CurveKeyPair

    init() throws {
        context = try Context()
        executor = try PollingExecutor(name: "self-test")
        serverKeys = try CurveKeyPair()
    }

    private func outcome(of verdict: ZapVerdict) async throws -> HandshakeSelfTest.Outcome {
        let authenticator = try ZapAuthenticator(in: context, on: executor) { _ in verdict }
        let router = try Socket<Router>(in: context, options: .server(serverKeys))
        let endpoint = try router.bindAnywhere()
        let outcome = try await HandshakeSelfTest.run(
            against: endpoint, serverKey: serverKeys.publicKey, in: context, on: executor,
            patience: .milliseconds(500))
        let counters = authenticator.counters
        #expect(counters.allowed + counters.denied + counters.refused > 0)
        return outcome
    }

    @Test("finds a door that lets everybody in")
    func admitted() async throws {
        #expect(try await outcome(of: .allow(userID: "anyone")) == .admitted)
    }

    @Test("finds a door that is shut", arguments: [ZapVerdict.deny, .refuse])
    func refused(verdict: ZapVerdict) async throws {
        guard case .refused = try await outcome(of: verdict) else {
            Issue.record("not refused")
            return
        }
    }

    @Test("finds nobody where nobody listens")
    func unreachable() async throws {
        let closed: Endpoint
        do {
            let router = try Socket<Router>(in: context, options: .plain)
            closed = try router.bindAnywhere()
        }
        let outcome = try await HandshakeSelfTest.run(
            against: closed, serverKey: serverKeys.publicKey, in: context, on: executor,
            patience: .milliseconds(100))
        #expect(outcome == .unreachable)
    }
}
