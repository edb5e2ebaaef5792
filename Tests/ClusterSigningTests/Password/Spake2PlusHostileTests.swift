// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterSigning

@Suite("SPAKE2+ against hostile peers, damaged records and misuse")
struct Spake2PlusHostileTests {
    static let binding: Spake2PlusBinding = Spake2PlusTests.binding
    static let generator = vectorBytes(
        """
        046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296
        4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5
        """)
    static let fieldPrime = vectorBytes(
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
    static let groupOrder = vectorBytes(
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")

    static func prover() throws -> Spake2PlusProver {
        Spake2PlusProver(secret: try Spake2PlusTests.secret(1), binding: binding)
    }

    static func verifier() throws -> Spake2PlusVerifier {
        Spake2PlusVerifier(
            record: try Spake2PlusTests.secret(1).verifierRecord(), binding: binding)
    }

    /// Shares that are no point, each with the refusal it deserves.
    static let hostileShares: [([UInt8], CryptographyError.Code)] = {
        let x = Array(generator[1..<33])
        let y = Array(generator[33...])
        let zeros = [UInt8](repeating: 0, count: 32)
        return [
            ([], .wrongLength),
            ([0], .wrongLength),
            ([3] + x, .wrongLength),
            (Array(generator.dropLast()), .wrongLength),
            (generator + [0], .wrongLength),
            ([0] + zeros + zeros, .invalidPoint),
            ([4] + zeros + zeros, .invalidPoint),
            ([4] + x + zeros, .invalidPoint),
            ([4] + x + x, .invalidPoint),
            ([4] + fieldPrime + y, .invalidPoint),
            ([4] + [UInt8](repeating: 0xff, count: 64), .invalidPoint),
        ] + (0...255).filter { $0 != 4 }.map { ([$0] + x + y, .invalidPoint) }
    }()

    @Test(
        "Both sides refuse shares that are no point, and the run is over", arguments: hostileShares)
    func badShares(share: [UInt8], code: CryptographyError.Code) throws {
        var verifier = try Self.verifier()
        #expect(refusal { () throws(CryptographyError) in try verifier.respond(to: share) } == code)
        #expect(
            refusal { () throws(CryptographyError) in try verifier.respond(to: Self.generator) }
                == .misuse)
        var prover = try Self.prover()
        _ = try prover.start()
        let confirmV = [UInt8](repeating: 0, count: 32)
        #expect(
            refusal { () throws(CryptographyError) in
                try prover.finish(shareV: share, confirmV: confirmV)
            } == code)
        #expect(
            refusal { () throws(CryptographyError) in
                try prover.finish(shareV: Self.generator, confirmV: confirmV)
            } == .misuse)
    }

    @Test("Both sides refuse the share that cancels the mask and leaves the identity")
    func cancelledMask() throws {
        let secret = try Spake2PlusTests.secret(1)
        let curve = try P256()
        let maskM = try curve.bytes(
            try curve.multiply(try curve.point(Spake2Plus.maskM), by: secret.w0))
        let maskN = try curve.bytes(
            try curve.multiply(try curve.point(Spake2Plus.maskN), by: secret.w0))
        var verifier = try Self.verifier()
        #expect(
            refusal { () throws(CryptographyError) in try verifier.respond(to: maskM) }
                == .invalidPoint)
        var prover = try Self.prover()
        _ = try prover.start()
        #expect(
            refusal { () throws(CryptographyError) in
                try prover.finish(shareV: maskN, confirmV: [UInt8](repeating: 0, count: 32))
            } == .invalidPoint)
    }

    @Test("Refuses steps out of order")
    func misuse() throws {
        var prover = try Self.prover()
        #expect(
            refusal { () throws(CryptographyError) in
                try prover.finish(shareV: Self.generator, confirmV: [])
            } == .misuse)
        let shareP = try prover.start()
        #expect(refusal { () throws(CryptographyError) in try prover.start() } == .misuse)
        var verifier = try Self.verifier()
        #expect(
            refusal { () throws(CryptographyError) in try verifier.finish(confirmP: []) }
                == .misuse)
        let response = try verifier.respond(to: shareP)
        #expect(
            refusal { () throws(CryptographyError) in try verifier.respond(to: shareP) }
                == .misuse)
        let proof = try prover.finish(shareV: response.shareV, confirmV: response.confirmV)
        #expect(
            refusal { () throws(CryptographyError) in
                try prover.finish(shareV: response.shareV, confirmV: response.confirmV)
            } == .misuse)
        _ = try verifier.finish(confirmP: proof.confirmP)
        #expect(
            refusal { () throws(CryptographyError) in
                try verifier.finish(confirmP: proof.confirmP)
            } == .misuse)
    }

    @Test("Allows one confirmation only, so that no second guess is tried in a run")
    func oneGuess() throws {
        var prover = try Self.prover()
        var verifier = try Self.verifier()
        let response = try verifier.respond(to: try prover.start())
        let proof = try prover.finish(shareV: response.shareV, confirmV: response.confirmV)
        #expect(
            refusal { () throws(CryptographyError) in try verifier.finish(confirmP: []) }
                == .authenticationFailed)
        #expect(
            refusal { () throws(CryptographyError) in
                try verifier.finish(confirmP: proof.confirmP)
            } == .misuse)
    }

    @Test("Never traps on random shares and confirmations")
    func hostileBytes() throws {
        var source = HostileBytes(seed: 2)
        for _ in 0..<300 {
            var verifier = try Self.verifier()
            let share = [4] + source.bytes(upTo: 64)
            let code = refusal { () throws(CryptographyError) in try verifier.respond(to: share) }
            #expect(code == .wrongLength || code == .invalidPoint)
            var waiting = try Self.verifier()
            _ = try waiting.respond(to: Self.generator)
            let confirmP = source.bytes(upTo: 40)
            #expect(
                refusal { () throws(CryptographyError) in try waiting.finish(confirmP: confirmP) }
                    == .authenticationFailed)
        }
    }

    @Test("Refuses stretched passwords of another length", arguments: [0, 1, 79, 81, 258, 1_000])
    func stretchLengths(length: Int) {
        let stretched = secretBytes([UInt8](repeating: 1, count: length))
        #expect(
            refusal { () throws(CryptographyError) in
                try Spake2PlusProverSecret(stretched: stretched)
            } == .wrongLength)
    }

    @Test("Accepts longer stretched passwords, up to 256 bytes", arguments: [80, 82, 256])
    func longerStretch(length: Int) throws {
        let stretched = secretBytes((0..<length).map { UInt8($0 & 0xff) })
        #expect(try Spake2PlusProverSecret(stretched: stretched).w0.count == 32)
    }

    @Test("Refuses a registration whose scalar is zero")
    func zeroScalar() {
        let stretched = secretBytes([UInt8](repeating: 0, count: 80))
        #expect(
            refusal { () throws(CryptographyError) in
                try Spake2PlusProverSecret(stretched: stretched)
            } == .libraryFailure)
    }

    /// Records that no registration makes, each with the refusal it deserves.
    static let damagedRecords: [([UInt8], CryptographyError.Code)] = [
        ([], .wrongLength),
        ([UInt8](repeating: 1, count: 96), .wrongLength),
        ([UInt8](repeating: 1, count: 98), .wrongLength),
        ([UInt8](repeating: 0, count: 32) + generator, .malformedEncoding),
        (groupOrder + generator, .malformedEncoding),
        ([UInt8](repeating: 0xff, count: 32) + generator, .malformedEncoding),
        ([UInt8](repeating: 1, count: 97), .invalidPoint),
        ([UInt8](repeating: 1, count: 33) + [UInt8](repeating: 0, count: 64), .invalidPoint),
    ]

    @Test("Refuses damaged records", arguments: damagedRecords)
    func badRecords(record: [UInt8], code: CryptographyError.Code) {
        let encoded = secretBytes(record)
        #expect(
            refusal { () throws(CryptographyError) in
                try Spake2PlusVerifierRecord(encoded: encoded)
            } == code)
    }

    @Test("Describes secrets and records without their content")
    func redaction() throws {
        let secret = try Spake2PlusTests.secret(1)
        #expect("\(secret)".contains("redacted"))
        #expect("\(try secret.verifierRecord())".contains("redacted"))
        var prover = try Self.prover()
        var verifier = try Self.verifier()
        _ = try verifier.respond(to: try prover.start())
        #expect("\(prover)" == "SPAKE2+ prover (redacted)")
        #expect("\(verifier)" == "SPAKE2+ verifier (redacted)")
    }
}
