// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterSigning

@Suite("Hashes")
struct HashTests {
    static let long = (0..<300).map { UInt8($0 % 251) }

    // Independent source: the BLAKE2 reference code in Python's hashlib.
    @Test(
        "Gives the digests of BLAKE2b-256",
        arguments: [
            ("", "", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"),
            ("616263", "", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
            (
                "626f6479", "535354 4b424f4459",
                "1b9b01c7f1ac53b2c08349807e220a677fd1761b95399ab6f33757b1a78afd53"
            ),
        ])
    func blake2b(message: String, key: String, digest: String) throws {
        let key = key.isEmpty ? nil : try Blake2b.Key(vectorBytes(key))
        #expect(Blake2b.hash(vectorBytes(message), key: key) == vectorBytes(digest))
    }

    @Test("Gives the digests of BLAKE2b-256 for longer inputs")
    func longBlake2b() throws {
        #expect(
            Blake2b.hash(Self.long)
                == vectorBytes("940563f11807c8ba3192299e05cf544b82463742c8a5e80c2a5d81751cd8b0ca"))
        #expect(
            Blake2b.hash(Array(0...255), key: try Blake2b.Key(Array(0..<64)))
                == vectorBytes("1ee3b6312b4e0f0b9663b812b8c129e6d45c410b1c9c5a1667bfc6dd951db79f"))
    }

    // FIPS 180-2, appendix B; the last from Python's hashlib.
    @Test(
        "Gives the digests of SHA-256",
        arguments: [
            ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (long, "43f9b5d59eb108817176c6f65c2c6203a22f2ae8bc28b7a1dde45947678c5042"),
        ])
    func sha256(message: [UInt8], digest: String) {
        #expect(SHA256.hash(message) == vectorBytes(digest))
    }

    @Test("Hashes pieces as the whole, wherever it is cut", arguments: 0...300)
    func pieces(cut: Int) {
        var blake = Blake2b.Hasher()
        var sha = SHA256.Hasher()
        for piece in [Array(Self.long[..<cut]), [], Array(Self.long[cut...])] {
            blake.update(piece)
            sha.update(piece)
        }
        #expect(blake.digest() == Blake2b.hash(Self.long))
        #expect(sha.digest() == SHA256.hash(Self.long))
    }

    @Test("Goes on after a digest was asked for, and asks nothing of an empty buffer")
    func running() throws {
        let key = try Blake2b.Key([1])
        var blake = Blake2b.Hasher(key: key)
        var sha = SHA256.Hasher()
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        blake.update(empty)
        sha.update(empty)
        #expect(blake.digest() == Blake2b.hash(empty, key: key))
        #expect(sha.digest() == SHA256.hash(empty))
        blake.update([5])
        sha.update([5])
        #expect(blake.digest() == Blake2b.hash([5], key: key))
        #expect(sha.digest() == SHA256.hash([5]))
    }

    @Test("Refuses keys of BLAKE2b outside 1 to 64 bytes", arguments: [0, 65, 1_000])
    func keyLengths(length: Int) {
        let bytes = [UInt8](repeating: 0, count: length)
        #expect(
            refusal { () throws(CryptographyError) in try Blake2b.Key(bytes) } == .wrongLength)
    }

    // RFC 4231, test cases 1, 2, 3, 6 and 7.
    @Test(
        "Gives the codes of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(key: [UInt8], message: [UInt8], code: String) {
        #expect(HMACSHA256.code(of: message, key: secretBytes(key)) == vectorBytes(code))
    }

    @Test("Gives the outputs of RFC 5869")
    func hkdf() throws {
        let first = try HKDFSHA256.derive(
            from: secretBytes([UInt8](repeating: 0x0b, count: 22)), salt: Array(0...0x0c),
            label: Array(0xf0...0xf9), count: 42)
        #expect(
            revealed(first)
                == vectorBytes(
                    """
                    3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf
                    34007208d5b887185865
                    """))
        let second = try HKDFSHA256.derive(
            from: secretBytes(Array(0...0x4f)), salt: Array(0x60...0xaf),
            label: Array(0xb0...0xff), count: 82)
        #expect(
            revealed(second)
                == vectorBytes(
                    """
                    b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c
                    59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71
                    cc30c58179ec3e87c14c01d5c1f3434f1d87
                    """))
        let third = try HKDFSHA256.derive(
            from: secretBytes([UInt8](repeating: 0x0b, count: 22)), label: [], count: 42)
        #expect(
            revealed(third)
                == vectorBytes(
                    """
                    8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d
                    9d201395faa4b61a96c8
                    """))
    }

    @Test("Derives 1 to 8160 bytes and no others", arguments: [Int.min, -1, 0, 8_161, Int.max])
    func hkdfLengths(count: Int) throws {
        let input = secretBytes([1])
        #expect(
            refusal { () throws(CryptographyError) in
                try HKDFSHA256.derive(from: input, label: [], count: count)
            } == .wrongLength)
        #expect(try HKDFSHA256.derive(from: input, label: [], count: 8_160).count == 8_160)
    }
}
