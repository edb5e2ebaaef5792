// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterSigning

@Suite("Secrets, sealing, CURVE keys and Z85")
struct PrimitiveTests {
    @Test("Moves a secret and leaves zeros behind")
    func secrets() {
        var source: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(moving: &source)
        #expect(source == [0, 0, 0])
        #expect(revealed(secret) == [1, 2, 3])
        #expect(secret == secretBytes([1, 2, 3]))
        #expect(secret != secretBytes([1, 2, 4]))
        #expect(secret != secretBytes([1, 2]))
        #expect("\(secret) \(String(reflecting: secret))" == "secret(3 bytes) secret(3 bytes)")
        #expect(secretBytes([]) == secretBytes([]))
    }

    @Test("Compares in constant time what is equal and what is not")
    func constantTime() {
        #expect(ConstantTime.equal([], []))
        #expect(ConstantTime.equal([1, 2], [1, 2]))
        #expect(!ConstantTime.equal([1, 2], [1, 3]))
        #expect(!ConstantTime.equal([1, 2], [1, 2, 0]))
    }

    @Test("Draws as many random bytes as asked for, and others each time")
    func random() {
        #expect(SecureRandom.bytes(-1).isEmpty)
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(SecureRandom.bytes(33).count == 33)
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
        #expect(SecureRandom.uint64() != SecureRandom.uint64())
        #expect(SecretBytes(randomCount: 32) != SecretBytes(randomCount: 32))
    }

    // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    @Test("Seals the message of the XChaCha20-Poly1305 draft as it does")
    func xchachaVector() throws {
        let text = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip "
        let message = Array((text + "for the future, sunscreen would be it.").utf8)
        let key = try SealingKey(secretBytes(Array(0x80...0x9f)))
        let associated = vectorBytes("50515253c0c1c2c3c4c5c6c7")
        let sealed = AEAD.seal(
            message, key: key, associatedData: associated, nonce: Array(0x40...0x57))
        #expect(
            sealed.dropFirst(24)
                == vectorBytes(
                    """
                    bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
                    731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
                    2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
                    21f9664c97637da9768812f615c68b13b52e
                    c0875924c1c7987947deafd8780acf49
                    """)[...])
        #expect(try AEAD.open(sealed, key: key, associatedData: associated) == message)
    }

    @Test("Opens a sealed message only whole, unchanged, with its key and associated data")
    func sealing() throws {
        let key = try sealingKey(1)
        for message: [UInt8] in [[], [9], [UInt8](repeating: 3, count: 40)] {
            let sealed = AEAD.seal(message, key: key, associatedData: [7])
            #expect(sealed.count == message.count + AEAD.overhead)
            #expect(try AEAD.open(sealed, key: key, associatedData: [7]) == message)
            let wrong: [(SealingKey, [UInt8], [UInt8])] = [
                (key, [8], sealed), (key, [], sealed), (try sealingKey(2), [7], sealed),
                (key, [7], sealed + [0]),
            ]
            for (key, associatedData, changed) in wrong + oneBitOff(sealed).map({ (key, [7], $0) })
            {
                #expect(
                    refusal { () throws(CryptographyError) in
                        try AEAD.open(changed, key: key, associatedData: associatedData)
                    } == .authenticationFailed)
            }
        }
    }

    @Test("Refuses sealed messages that are too short", arguments: [0, 1, 24, 39])
    func shortSealed(length: Int) throws {
        let key = try sealingKey(1)
        #expect(
            refusal { () throws(CryptographyError) in
                try AEAD.open(.init(repeating: 0, count: length), key: key, associatedData: [])
            } == .wrongLength)
    }

    @Test("Refuses sealing and CURVE keys of another length", arguments: [0, 31, 33])
    func keyLengths(length: Int) {
        let secret = secretBytes(.init(repeating: 1, count: length))
        #expect(refusal { () throws(CryptographyError) in try SealingKey(secret) } == .wrongLength)
        #expect(
            refusal { () throws(CryptographyError) in
                try Curve25519.publicKey(fromSecret: secret)
            } == .wrongLength)
    }

    // RFC 7748, section 6.1.
    @Test("Makes the public key of RFC 7748")
    func curve25519() throws {
        let secret = vectorSecret(
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
        #expect(
            try Curve25519.publicKey(fromSecret: secret)
                == vectorBytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"))
    }

    @Test("Writes and reads the example of ZeroMQ RFC 32")
    func z85Vector() throws {
        #expect(try Z85.encode(vectorBytes("864fd26fb559f75b")) == "HelloWorld")
        #expect(try Z85.decode("HelloWorld") == vectorBytes("864fd26fb559f75b"))
        #expect(try Z85.decode("%nSc0") == [0xff, 0xff, 0xff, 0xff])
    }

    @Test("Reads back every key it writes, in forty characters")
    func z85RoundTrip() throws {
        for _ in 0..<200 {
            let key = SecureRandom.bytes(32)
            let text = try Z85.encode(key)
            #expect(text.utf8.count == 40)
            #expect(try Z85.decode(text) == key)
        }
        #expect(try Z85.decode(Z85.encode([])).isEmpty)
    }

    @Test(
        "Refuses text that is not Z85",
        arguments: [
            ("Hell", .wrongLength), ("HelloW", .wrongLength), ("%nSc1", .malformedEncoding),
            ("#####", .malformedEncoding), ("Hel o", .malformedEncoding),
            ("Hel\"o", .malformedEncoding), ("Hel\0o", .malformedEncoding),
            ("Helé", .malformedEncoding), ("Hel~o", .malformedEncoding),
        ] as [(String, CryptographyError.Code)])
    func z85Refusals(text: String, code: CryptographyError.Code) {
        #expect(refusal { () throws(CryptographyError) in try Z85.decode(text) } == code)
    }

    @Test("Refuses to write a length that Z85 does not have", arguments: [1, 2, 3, 33])
    func z85Lengths(length: Int) {
        #expect(
            refusal { () throws(CryptographyError) in
                try Z85.encode(.init(repeating: 0, count: length))
            } == .wrongLength)
    }

    @Test("Tells a refusal in one line")
    func errorDescription() {
        let error = CryptographyError.wrongLength("reading", expected: "32 bytes", found: 3)
        #expect(
            error.description
                == """
                reading: expected 32 bytes, found 3 bytes (wrongLength); \
                the value was cut, padded or is of another kind
                """)
    }
}
