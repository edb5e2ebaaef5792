// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterSigning

@Suite("Sealed user keys")
struct SealedUserKeyTests {
    @Test("Opens with its key and associated data only, and names its user before")
    func opening() throws {
        let user = try SigningKey()
        let key = try sealingKey(1)
        let sealed = SealedUserKey(user, under: key, associatedData: [1, 2])
        let read = try SealedUserKey(sealed.bytes)
        #expect(read == sealed)
        #expect(read.bytes.count == 105)
        #expect(read.verificationKey == user.verificationKey)
        let opened = try read.open(under: key, associatedData: [1, 2])
        #expect(opened.sign([9]) == user.sign([9]))
        let wrong: [(SealingKey, [UInt8])] = [
            (key, [1]), (key, []), (try sealingKey(2), [1, 2]),
        ]
        for (key, associatedData) in wrong {
            #expect(
                refusal { () throws(CryptographyError) in
                    try read.open(under: key, associatedData: associatedData)
                } == .authenticationFailed)
        }
    }

    // Computed apart from this code, with PyNaCl.
    @Test("Reads the blob of the specification")
    func pinned() throws {
        let blob = try SealedUserKey(
            vectorBytes(
                """
                018a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c
                090909090909090909090909090909090909090909090909
                f2ecbe975fc73963522cf122164fe878f3fd9688d0618e7cb198e8754c466d23
                199dcc65e62d111140e9c846f69ff4b8
                """))
        let opened = try blob.open(under: try sealingKey(1), associatedData: Array("ad".utf8))
        #expect(revealed(opened.seed()) == [UInt8](repeating: 1, count: 32))
    }

    @Test("Refuses every blob that is one bit off")
    func bitFlips() throws {
        let key = try sealingKey(1)
        let sealed = SealedUserKey(try SigningKey(), under: key, associatedData: [])
        for changed in oneBitOff(sealed.bytes) {
            let code = refusal { () throws(CryptographyError) in
                try SealedUserKey(changed).open(under: key, associatedData: [])
            }
            #expect(code == .authenticationFailed || code == .malformedEncoding)
        }
    }

    @Test("Refuses blobs of another length and version", arguments: [0, 1, 104, 106])
    func lengths(length: Int) throws {
        let bytes = [UInt8](repeating: 1, count: length)
        #expect(
            refusal { () throws(CryptographyError) in try SealedUserKey(bytes) } == .wrongLength)
        var sealed = SealedUserKey(
            try SigningKey(), under: try sealingKey(1), associatedData: []
        ).bytes
        sealed[0] = 2
        #expect(
            refusal { () throws(CryptographyError) in try SealedUserKey(sealed) }
                == .malformedEncoding)
    }

    @Test("Refuses a well sealed seed of another key than the blob names")
    func swappedSeed() throws {
        let key = try sealingKey(1)
        let named = try SigningKey()
        let header = [1] + named.verificationKey.bytes
        var bound: [UInt8] = []
        bound.append(field: Array("sitestacker sealed user key".utf8))
        bound.append(field: header)
        bound.append(field: [])
        let seed = revealed(try SigningKey().seed())
        let blob = try SealedUserKey(
            header + AEAD.seal(seed, key: key, associatedData: bound))
        let expected = "the seed of \(named.verificationKey)"
        #expect {
            try blob.open(under: key, associatedData: [])
        } throws: { error in
            (error as? CryptographyError)?.expected == expected
        }
    }
}

@Suite("Login transcript and channel")
struct LoginTranscriptTests {
    static func transcript(
        name: [UInt8] = [1], realm: [UInt8] = [2], salt: UInt8 = 3,
        holderKeys: [[UInt8]] = [[4], [5]],
        nodeKeys: [[UInt8]] = [[6]]
    ) throws -> LoginTranscript {
        LoginTranscript(
            owner: try PasswordOwner(name: name, realm: realm),
            parameters: try Argon2idParameters(
                cost: .standard, salt: [UInt8](repeating: salt, count: 16)),
            holderKeys: holderKeys, nodeKeys: nodeKeys)
    }

    @Test("Binds every part, and every boundary between parts")
    func binding() throws {
        let transcripts = [
            try Self.transcript(), try Self.transcript(name: [9]), try Self.transcript(realm: [9]),
            try Self.transcript(salt: 9), try Self.transcript(holderKeys: [[4, 5]]),
            try Self.transcript(holderKeys: [[5], [4]]), try Self.transcript(holderKeys: [[4]]),
            try Self.transcript(nodeKeys: [[6], []]), try Self.transcript(nodeKeys: []),
            try Self.transcript(name: [1, 6], nodeKeys: []),
        ]
        #expect(Set(transcripts.map(\.binding)).count == transcripts.count)
        #expect(try Self.transcript().binding == Self.transcript().binding)
    }

    // Computed apart from this code, with Python's cryptography and PyNaCl.
    @Test("Binds and seals in the form of the specification")
    func pinned() throws {
        let binding = try Self.transcript().binding
        #expect(
            binding.context
                == vectorBytes(
                    """
                    140000000000000073697465737461636b6572206c6f67696e207631
                    010000000000000002
                    1800000000000000000100000000000303030303030303030303030303030303
                    """))
        #expect(binding.proverID == vectorBytes("010000000000000001010000000000000006"))
        #expect(
            binding.verifierID
                == vectorBytes("0000000000000000010000000000000004010000000000000005"))
        var prover = try LoginChannel(sharedKey: secretBytes(Array(0..<32)), end: .prover)
        let sealed = vectorBytes(
            """
            090909090909090909090909090909090909090909090909
            de67395c9b8d055d557178f13465374bd68b
            """)
        #expect(try prover.open(sealed, associatedData: [8]) == Array("hi".utf8))
    }

    @Test("Carries messages both ways, each opened once and in order")
    func channel() throws {
        let shared = SecretBytes(randomCount: 32)
        var prover = try LoginChannel(sharedKey: shared, end: .prover)
        var verifier = try LoginChannel(sharedKey: shared, end: .verifier)
        #expect(Self.refuses(verifier.seal([0]), by: &verifier), "reflected")
        verifier = try LoginChannel(sharedKey: shared, end: .verifier)
        let first = prover.seal([1], associatedData: [8])
        let second = prover.seal([2])
        #expect(Self.refuses(second, by: &verifier), "out of order")
        #expect(Self.refuses(first, by: &verifier), "without its associated data")
        #expect(try verifier.open(first, associatedData: [8]) == [1])
        #expect(Self.refuses(first, by: &verifier), "replayed")
        #expect(try verifier.open(second) == [2])
        #expect(try prover.open(verifier.seal([3])) == [3])
        #expect(Self.refuses([], by: &prover), "too short")
    }

    @Test("Refuses shared keys of another length", arguments: [0, 31, 33])
    func keyLengths(length: Int) {
        let shared = SecretBytes(randomCount: length)
        #expect(
            refusal { () throws(CryptographyError) in
                try LoginChannel(sharedKey: shared, end: .prover)
            } == .wrongLength)
    }

    static func refuses(_ sealed: [UInt8], by channel: inout LoginChannel) -> Bool {
        refusal { () throws(CryptographyError) in try channel.open(sealed) } != nil
    }
}
