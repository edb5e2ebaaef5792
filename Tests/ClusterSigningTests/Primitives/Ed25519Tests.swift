// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterSigning

@Suite("Ed25519")
struct Ed25519Tests {
    @Test("Makes the keys and signatures of RFC 8032", arguments: Ed25519Vector.rfc8032)
    func rfc8032(vector: Ed25519Vector) throws {
        let key = try SigningKey(seed: vectorSecret(vector.seed))
        let message = vectorBytes(vector.message)
        #expect(key.verificationKey.bytes == vectorBytes(vector.key))
        #expect(key.sign(message) == vectorBytes(vector.signature))
        #expect(key.verificationKey.verifies(vectorBytes(vector.signature), of: message))
        #expect(revealed(key.seed()) == vectorBytes(vector.seed))
    }

    @Test("Is as strict as the strictest of ed25519-speccheck", arguments: SpeccheckVector.cases)
    func speccheck(vector: SpeccheckVector) {
        let signature = vectorBytes(vector.signature)
        let message = vectorBytes(vector.message)
        let accepted: Bool
        do {
            let key = try VerificationKey(vectorBytes(vector.key))
            accepted = key.verifies(signature, of: message)
        } catch {
            accepted = false
        }
        #expect(accepted == vector.name.hasPrefix("3:"))
    }

    @Test("Signs parts as the one message they make")
    func parts() throws {
        let key = try SigningKey()
        let whole = key.sign([1, 2, 3, 4, 5])
        #expect(key.sign([1, 2], [], [3, 4, 5]) == whole)
        #expect(key.sign() == key.sign([]))
        #expect(key.verificationKey.verifies(whole, of: [1, 2, 3, 4, 5]))
    }

    @Test("Refuses every signature and message that is one bit off")
    func bitFlips() throws {
        let key = try SigningKey(seed: secretBytes(Array(0..<32)))
        let message: [UInt8] = Array("one batch".utf8)
        let signature = key.sign(message)
        #expect(key.verificationKey.verifies(signature, of: message))
        for changed in oneBitOff(signature) {
            #expect(!key.verificationKey.verifies(changed, of: message))
        }
        for changed in oneBitOff(message) {
            #expect(!key.verificationKey.verifies(signature, of: changed))
        }
    }

    @Test("Refuses S plus the group order, which names the same number")
    func malleability() throws {
        let order = vectorBytes(
            "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        let key = try SigningKey()
        var signature = key.sign([7])
        var carry = 0
        for index in 0..<32 {
            carry += Int(signature[32 + index]) + Int(order[index])
            signature[32 + index] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
        #expect(!key.verificationKey.verifies(signature, of: [7]))
    }

    @Test("Refuses all-zero and all-one signatures and points of small order as R")
    func trivialSignatures() throws {
        let key = try SigningKey()
        for start in Self.smallOrder + [[UInt8](repeating: 0xff, count: 32)] {
            for rest: UInt8 in [0, 0xff] {
                let signature = start + [UInt8](repeating: rest, count: 32)
                #expect(!key.verificationKey.verifies(signature, of: []))
                #expect(!key.verificationKey.verifies(signature, of: [1]))
            }
        }
    }

    @Test("Takes a signature of another length as no signature", arguments: [0, 1, 63, 65, 128])
    func signatureLengths(length: Int) throws {
        let key = try SigningKey()
        let signature = (key.sign([1]) + key.sign([1])).prefix(length)
        #expect(!key.verificationKey.verifies(Array(signature), of: [1]))
    }

    @Test("Refuses keys and seeds of another length", arguments: [0, 1, 31, 33, 64])
    func lengths(length: Int) {
        let bytes = [UInt8](repeating: 9, count: length)
        #expect(
            refusal { () throws(CryptographyError) in try VerificationKey(bytes) } == .wrongLength)
        #expect(
            refusal { () throws(CryptographyError) in try SigningKey(seed: secretBytes(bytes)) }
                == .wrongLength)
    }

    @Test("Refuses public keys of small order, with either sign", arguments: smallOrder)
    func smallOrderKeys(bytes: [UInt8]) {
        var other = bytes
        other[31] ^= 0x80
        for key in [bytes, other] {
            #expect(
                refusal { () throws(CryptographyError) in try VerificationKey(key) } == .unsafeKey)
        }
    }

    @Test("Refuses each of the nineteen coordinates that have a second name", arguments: 0..<19)
    func nonCanonicalKeys(excess: UInt8) {
        for top: UInt8 in [0x7f, 0xff] {
            let bytes = [0xed + excess] + [UInt8](repeating: 0xff, count: 30) + [top]
            #expect(
                refusal { () throws(CryptographyError) in try VerificationKey(bytes) }
                    == .malformedEncoding)
        }
    }

    @Test("Refuses bytes that are no point of the curve")
    func offTheCurve() {
        let bytes = [2] + [UInt8](repeating: 0, count: 31)
        #expect(
            refusal { () throws(CryptographyError) in try VerificationKey(bytes) }
                == .malformedEncoding)
    }

    @Test("Never traps, whatever the key, the signature and the message are")
    func hostileInput() {
        var source = HostileBytes(seed: 1)
        var keys = 0
        for _ in 0..<2_000 {
            let raw =
                (source.bytes(upTo: 0)
                    + (0..<32).map { _ in UInt8(truncatingIfNeeded: source.number()) })
            do {
                let key = try VerificationKey(raw)
                keys += 1
                #expect(!key.verifies(source.bytes(upTo: 80), of: source.bytes(upTo: 80)))
            } catch {
                #expect(error.code == .malformedEncoding)
            }
        }
        #expect((800...1_200).contains(keys), "about half of all coordinates are on the curve")
    }

    @Test("Describes a signing key without its seed")
    func redaction() throws {
        let seed = [UInt8](repeating: 0xab, count: 32)
        let key = try SigningKey(seed: secretBytes(seed))
        for text in ["\(key)", String(reflecting: key)] {
            #expect(text.contains("redacted"))
            #expect(!text.contains("abab"))
            #expect(text.contains(key.verificationKey.description))
        }
    }

    /// The canonical encodings of the points of small order with sign bit zero.
    static let smallOrder: [[UInt8]] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ].map(vectorBytes)
}
