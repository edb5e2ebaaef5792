// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterSigning

@Suite("SPAKE2+")
struct Spake2PlusTests {
    static let binding = Spake2PlusBinding(
        context: Array("test".utf8), proverID: Array("alice".utf8), verifierID: Array("node".utf8))

    static func secret(_ byte: UInt8) throws -> Spake2PlusProverSecret {
        try Spake2PlusProverSecret(stretched: secretBytes([UInt8](repeating: byte, count: 80)))
    }

    static func binding(of vector: Spake2PlusVector) -> Spake2PlusBinding {
        Spake2PlusBinding(
            context: Array(vector.context.utf8), proverID: Array("client".utf8),
            verifierID: Array("server".utf8))
    }

    @Test("Registers as RFC 9383 does", arguments: Spake2PlusVector.p256)
    func registration(vector: Spake2PlusVector) throws {
        let zeros = String(repeating: "00", count: 8)
        let stretched = vectorSecret(zeros + vector.w0 + zeros + vector.w1)
        let secret = try Spake2PlusProverSecret(stretched: stretched)
        #expect(revealed(secret.w0) == vectorBytes(vector.w0))
        #expect(revealed(secret.w1) == vectorBytes(vector.w1))
        let record = try secret.verifierRecord()
        #expect(revealed(record.encoded()) == vectorBytes(vector.w0 + vector.l))
        #expect(try Spake2PlusVerifierRecord(encoded: record.encoded()) == record)
    }

    @Test("Exchanges the shares and the transcript of RFC 9383", arguments: Spake2PlusVector.p256)
    func exchange(vector: Spake2PlusVector) throws {
        let secret = Spake2PlusProverSecret(
            w0: vectorSecret(vector.w0), w1: vectorSecret(vector.w1))
        let binding = Self.binding(of: vector)
        var prover = Spake2PlusProver(secret: secret, binding: binding)
        let verifier = Spake2PlusVerifier(record: try secret.verifierRecord(), binding: binding)
        let shareP = try prover.start(x: vectorSecret(vector.x))
        #expect(shareP == vectorBytes(vector.shareP))
        let answered = try verifier.exchange(y: vectorSecret(vector.y), shareP: shareP)
        let proved = try prover.exchange(
            x: vectorSecret(vector.x), shareP: shareP, shareV: vectorBytes(vector.shareV))
        for exchange in [answered, proved] {
            #expect(exchange.shareV == vectorBytes(vector.shareV))
            #expect(exchange.z == vectorBytes(vector.z))
            #expect(exchange.v == vectorBytes(vector.v))
            let transcript = exchange.transcript(binding: binding, w0: secret.w0)
            #expect(transcript == vectorBytes(vector.transcript))
            guard vector.usesSHA256 else { continue }
            #expect(SHA256.hash(transcript) == vectorBytes(vector.keyMain))
            var exchange = exchange
            let keys = try exchange.finish(binding: binding, w0: secret.w0)
            #expect(revealed(keys.sharedKey) == vectorBytes(vector.sharedKey))
            #expect(exchange.z.allSatisfy { $0 == 0 } && exchange.v.allSatisfy { $0 == 0 })
            guard vector.usesHMAC else { continue }
            #expect(keys.confirmP == vectorBytes(vector.confirmP))
            #expect(keys.confirmV == vectorBytes(vector.confirmV))
        }
    }

    @Test("Runs the ciphersuite's own vector of RFC 9383 from first to last message")
    func wholeRun() throws {
        let vector = try #require(Spake2PlusVector.p256.first { $0.usesSHA256 && $0.usesHMAC })
        let secret = Spake2PlusProverSecret(
            w0: vectorSecret(vector.w0), w1: vectorSecret(vector.w1))
        let binding = Self.binding(of: vector)
        var prover = Spake2PlusProver(secret: secret, binding: binding)
        var verifier = Spake2PlusVerifier(record: try secret.verifierRecord(), binding: binding)
        let shareP = try prover.start(x: vectorSecret(vector.x))
        let response = try verifier.respond(to: shareP, y: vectorSecret(vector.y))
        #expect(response.shareV == vectorBytes(vector.shareV))
        #expect(response.confirmV == vectorBytes(vector.confirmV))
        let outcome = try prover.finish(shareV: response.shareV, confirmV: response.confirmV)
        #expect(outcome.confirmP == vectorBytes(vector.confirmP))
        #expect(revealed(outcome.sharedKey) == vectorBytes(vector.sharedKey))
        let verified = try verifier.finish(confirmP: outcome.confirmP)
        #expect(revealed(verified) == vectorBytes(vector.sharedKey))
    }

    @Test("Agrees on a new key in every run")
    func freshKeys() throws {
        var keys: [SecretBytes] = []
        for _ in 0..<3 {
            var prover = Spake2PlusProver(secret: try Self.secret(1), binding: Self.binding)
            var verifier = Spake2PlusVerifier(
                record: try Self.secret(1).verifierRecord(), binding: Self.binding)
            let response = try verifier.respond(to: try prover.start())
            let outcome = try prover.finish(
                shareV: response.shareV, confirmV: response.confirmV)
            let key = try verifier.finish(confirmP: outcome.confirmP)
            #expect(key == outcome.sharedKey)
            #expect(!keys.contains(key))
            keys.append(key)
        }
    }

    @Test("Refuses another password and another binding on both sides")
    func disagreement() throws {
        let other = [
            Spake2PlusBinding(context: [], proverID: Self.binding.proverID, verifierID: [1]),
            Spake2PlusBinding(
                context: Self.binding.context, proverID: Self.binding.proverID + [0],
                verifierID: Self.binding.verifierID),
            Spake2PlusBinding(
                context: Self.binding.context, proverID: Array("alicen".utf8),
                verifierID: Array("ode".utf8)),
        ]
        for (password, binding) in [(2, Self.binding)] + other.map({ (1, $0) }) {
            let secret = try Self.secret(UInt8(password))
            var prover = Spake2PlusProver(secret: secret, binding: binding)
            var verifier = Spake2PlusVerifier(
                record: try Self.secret(1).verifierRecord(), binding: Self.binding)
            let shareP = try prover.start()
            let response = try verifier.respond(to: shareP)
            var honest = Spake2PlusVerifier(record: try secret.verifierRecord(), binding: binding)
            let wanted = try honest.respond(to: shareP)
            let proof = try prover.finish(shareV: wanted.shareV, confirmV: wanted.confirmV)
            #expect(
                refusal { () throws(CryptographyError) in
                    try verifier.finish(confirmP: proof.confirmP)
                } == .authenticationFailed)
            var second = Spake2PlusProver(secret: secret, binding: binding)
            _ = try second.start()
            #expect(
                refusal { () throws(CryptographyError) in
                    try second.finish(shareV: response.shareV, confirmV: response.confirmV)
                } == .authenticationFailed)
        }
    }

    @Test("Refuses a confirmation that is one bit off, cut or empty")
    func confirmations() throws {
        var prover = Spake2PlusProver(secret: try Self.secret(1), binding: Self.binding)
        var verifier = Spake2PlusVerifier(
            record: try Self.secret(1).verifierRecord(), binding: Self.binding)
        let response = try verifier.respond(to: try prover.start())
        let waitingVerifier = verifier
        let waitingProver = prover
        let proof = try prover.finish(shareV: response.shareV, confirmV: response.confirmV)
        for wrong in oneBitOff(proof.confirmP) + [[], proof.confirmP.dropLast()] {
            var verifier = waitingVerifier
            #expect(
                refusal { () throws(CryptographyError) in
                    try verifier.finish(confirmP: wrong)
                } == .authenticationFailed)
        }
        for wrong in oneBitOff(response.confirmV) + [[], response.confirmV.dropLast()] {
            var prover = waitingProver
            #expect(
                refusal { () throws(CryptographyError) in
                    try prover.finish(shareV: response.shareV, confirmV: wrong)
                } == .authenticationFailed)
        }
        #expect(try verifier.finish(confirmP: proof.confirmP) == proof.sharedKey)
    }
}
