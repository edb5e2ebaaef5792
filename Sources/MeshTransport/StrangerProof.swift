// SPDX-License-Identifier: Apache-2.0

internal import NodeRuntime
internal import ZeroMQ

/// Proves that a socket of the mesh keeps strangers out.
///
/// Law: ends well only where a stranger was seen to be refused. A socket that cannot be reached
/// proves nothing, so the node must not serve; but a busy machine may take its time, so it is
/// knocked at again, the last time with more patience.
enum StrangerProof {
    /// How long one handshake may take, by attempt; an attempt takes at most twice that.
    ///
    /// Limit: 8 s together, which is what a daemon that is asked to end meanwhile has for it.
    static let patiences: [Duration] = [.seconds(1), .seconds(1), .seconds(2)]

    /// Knocks until the door was seen to be shut.
    ///
    /// - Parameters:
    ///   - name: The socket, for the error.
    ///   - knock: Knocks once, with so much patience for the handshake.
    /// - Throws: Where the stranger was let in, where the socket could not be reached with all
    ///   patience, and where it could not be knocked at.
    static func prove(
        _ name: String,
        knock: (Duration) async throws(ZeroMQError) -> HandshakeSelfTest.Outcome
    ) async throws(TransportError) {
        for patience in patiences {
            let outcome: HandshakeSelfTest.Outcome
            do {
                outcome = try await knock(patience)
            } catch {
                throw TransportError("knock at the mesh's own \(name) socket", error)
            }
            switch outcome {
            case .refused: return
            case .unreachable: continue
            case .admitted:
                throw TransportError(
                    operation: "knock at the own \(name) socket with a random key",
                    detail: "expected to be refused, but was let in",
                    hint: "This libzmq does not enforce authentication; the node must not serve.")
            }
        }
        throw TransportError(
            operation: "knock at the own \(name) socket with a random key",
            detail: "expected to be refused, but found nobody in \(patiences.count) attempts",
            hint: "Does a firewall keep this host from its own address? Without the proof that "
                + "strangers are refused the node does not serve.")
    }
}
