// SPDX-License-Identifier: Apache-2.0

/// The side that holds a record of the password, for one run.
///
/// Call ``respond(to:)`` with the prover's share, send the answer, call ``finish(confirmP:)``.
/// Only then is the shared key given out. Any error ends the run.
public struct Spake2PlusVerifier: Sendable, CustomStringConvertible {
    /// What the verifier answers to a share.
    public struct Response: Hashable, Sendable {
        /// The verifier's share.
        public let shareV: [UInt8]
        /// Shows the prover that the verifier holds the record.
        public let confirmV: [UInt8]
    }

    private enum State {
        case ready
        case waiting(Spake2PlusKeys)
        case ended
    }

    private let record: Spake2PlusVerifierRecord
    private let binding: Spake2PlusBinding
    private var state = State.ready

    /// Redacted: what is awaited of the other side must not reach a log.
    public var description: String { "SPAKE2+ verifier (redacted)" }

    /// Prepares one run.
    public init(record: Spake2PlusVerifierRecord, binding: Spake2PlusBinding) {
        self.record = record
        self.binding = binding
    }

    /// Answers a prover's share.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` or `invalidPoint` for a hostile share,
    ///   with `misuse` when the run has begun before.
    public mutating func respond(to shareP: [UInt8]) throws(CryptographyError) -> Response {
        try respond(to: shareP, y: try P256().randomScalar())
    }

    mutating func respond(
        to shareP: [UInt8], y: SecretBytes
    ) throws(CryptographyError) -> Response {
        guard case .ready = state else {
            throw .misuse("answering a SPAKE2+ prover", expected: "a new run")
        }
        state = .ended
        var exchange = try exchange(y: y, shareP: shareP)
        let keys = try exchange.finish(binding: binding, w0: record.w0)
        state = .waiting(keys)
        return Response(shareV: exchange.shareV, confirmV: keys.confirmV)
    }

    /// Checks the prover's confirmation and answers the shared key.
    ///
    /// - Throws: ``CryptographyError`` with `authenticationFailed` when the prover used another
    ///   password or binding, with `misuse` out of order.
    public mutating func finish(confirmP: [UInt8]) throws(CryptographyError) -> SecretBytes {
        guard case .waiting(let keys) = state else {
            throw .misuse("finishing a SPAKE2+ verifier", expected: "a run that was answered")
        }
        state = .ended
        guard ConstantTime.equal(keys.confirmP, confirmP) else {
            throw .notConfirmed("the prover's confirmation")
        }
        return keys.sharedKey
    }

    func exchange(
        y: SecretBytes, shareP: [UInt8]
    ) throws(CryptographyError) -> Spake2PlusExchange {
        let curve = try P256()
        let received = try curve.point(shareP)
        let maskN = try curve.multiply(try curve.point(Spake2Plus.maskN), by: record.w0)
        let shareV = try curve.bytes(try curve.add(try curve.generator(times: y), maskN))
        let maskM = try curve.multiply(try curve.point(Spake2Plus.maskM), by: record.w0)
        let unmasked = try curve.subtract(received, maskM)
        return Spake2PlusExchange(
            shareP: shareP, shareV: shareV,
            z: try curve.bytes(try curve.multiply(unmasked, by: y)),
            v: try curve.bytes(try curve.multiply(try curve.point(record.l), by: y)))
    }
}
