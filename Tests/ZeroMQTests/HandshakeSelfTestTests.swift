// SPDX-License-Identifier: Apache-2.0
import Glibc
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
        // Held and not listened at: a port that was given back may be somebody else's by then.
        let held = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(held) }
        #expect(withLoopback(0) { bind(held, $0, $1) } == 0)
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(held, $0, &size)
            }
        }
        #expect(status == 0)
        let port = UInt16(bigEndian: name.sin_port)
        let outcome = try await HandshakeSelfTest.run(
            against: try Endpoint(tcp: "127.0.0.1", port: port), serverKey: serverKeys.publicKey,
            in: context, on: executor,
            patience: .milliseconds(100))
        #expect(outcome == .unreachable)
    }
}
