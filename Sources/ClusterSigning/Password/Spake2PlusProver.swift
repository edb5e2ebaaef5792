// SPDX-License-Identifier: Apache-2.0

/// The side that knows the password, for one run.
///
/// Call ``start()``, send the share, call ``finish(shareV:confirmV:)`` with the answer and send
/// the confirmation. Any error ends the run: no second answer is tried against the same share.
public struct Spake2PlusProver: Sendable, CustomStringConvertible {
    /// What a run gives the prover.
    public struct Outcome: Sendable {
        /// Shows the verifier that the password was right; to be sent.
        public let confirmP: [UInt8]
        /// Known to this prover and that verifier only.
        public let sharedKey: SecretBytes
    }

    private enum State {
        case ready
        case waiting(x: SecretBytes, shareP: [UInt8])
        case ended
    }

    private let secret: Spake2PlusProverSecret
    private let binding: Spake2PlusBinding
    private var state = State.ready

    /// Redacted: what is awaited of the other side must not reach a log.
    public var description: String { "SPAKE2+ prover (redacted)" }

    /// Prepares one run.
    public init(secret: Spake2PlusProverSecret, binding: Spake2PlusBinding) {
        self.secret = secret
        self.binding = binding
    }

    /// Draws the ephemeral secret and answers `shareP`.
    ///
    /// - Throws: ``CryptographyError`` with `misuse` when the run has begun before.
    public mutating func start() throws(CryptographyError) -> [UInt8] {
        try start(x: try P256().randomScalar())
    }

    mutating func start(x: SecretBytes) throws(CryptographyError) -> [UInt8] {
        guard case .ready = state else {
            throw .misuse("starting a SPAKE2+ prover", expected: "a new run")
        }
        state = .ended
        let curve = try P256()
        let mask = try curve.multiply(try curve.point(Spake2Plus.maskM), by: secret.w0)
        let share = try curve.bytes(try curve.add(try curve.generator(times: x), mask))
        state = .waiting(x: x, shareP: share)
        return share
    }

    /// Checks the verifier's answer.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` or `invalidPoint` for a hostile share,
    ///   with `authenticationFailed` when `confirmV` shows another password or binding, with
    ///   `misuse` out of order.
    public mutating func finish(
        shareV: [UInt8], confirmV: [UInt8]
    ) throws(CryptographyError) -> Outcome {
        guard case .waiting(let x, let shareP) = state else {
            throw .misuse("finishing a SPAKE2+ prover", expected: "a run that has started")
        }
        state = .ended
        var exchange = try exchange(x: x, shareP: shareP, shareV: shareV)
        let keys = try exchange.finish(binding: binding, w0: secret.w0)
        guard ConstantTime.equal(keys.confirmV, confirmV) else {
            throw .notConfirmed("the verifier's confirmation")
        }
        return Outcome(confirmP: keys.confirmP, sharedKey: keys.sharedKey)
    }

    func exchange(
        x: SecretBytes, shareP: [UInt8], shareV: [UInt8]
    ) throws(CryptographyError) -> Spake2PlusExchange {
        let curve = try P256()
        let mask = try curve.multiply(try curve.point(Spake2Plus.maskN), by: secret.w0)
        let unmasked = try curve.subtract(try curve.point(shareV), mask)
        return Spake2PlusExchange(
            shareP: shareP, shareV: shareV,
            z: try curve.bytes(try curve.multiply(unmasked, by: x)),
            v: try curve.bytes(try curve.multiply(unmasked, by: secret.w1)))
    }
}

extension CryptographyError {
    static func misuse(_ operation: String, expected: String) -> CryptographyError {
        CryptographyError(
            .misuse, operation: operation, expected: expected,
            found: "a run in another state", hint: "begin a new run for every try")
    }

    static func notConfirmed(_ expected: String) -> CryptographyError {
        CryptographyError(
            .authenticationFailed, operation: "confirming a SPAKE2+ run", expected: expected,
            found: "another code",
            hint: "the password is wrong, or somebody stands between the two sides")
    }
}
