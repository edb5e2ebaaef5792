// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ZeroMQ

@Suite("CURVE keys") struct CurveKeysTests {
    @Test("differ each time and come back from their bytes")
    func generate() throws {
        let first = try CurveKeyPair()
        let second = try CurveKeyPair()
        #expect(first.publicKey != second.publicKey)
        let again = try CurveKeyPair(
            publicKey: first.publicKey, secretBytes: first.exposedSecretBytes)
        #expect(again.publicKey == first.publicKey)
        #expect(again.exposedSecretBytes == first.exposedSecretBytes)
    }

    @Test("derive the public half as RFC 7748 section 6.1 does")
    func vector() throws {
        let secret = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
        let expected = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
        let keys = try CurveKeyPair(secretBytes: bytes(secret))
        #expect(keys.publicKey.description == expected)
    }

    @Test("are refused unless they are 32 bytes and belong together", arguments: [0, 31, 33, 64])
    func lengths(count: Int) throws {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(throws: ZeroMQError.self) { _ = try CurvePublicKey(bytes) }
        let refusal = #expect(throws: ZeroMQError.self) { _ = try CurveKeyPair(secretBytes: bytes) }
        #expect(refusal?.code == .invalidKey)
    }

    @Test("are refused if the halves do not belong together")
    func mismatch() throws {
        let first = try CurveKeyPair()
        let second = try CurveKeyPair()
        let refusal = #expect(throws: ZeroMQError.self) {
            _ = try CurveKeyPair(
                publicKey: first.publicKey, secretBytes: second.exposedSecretBytes)
        }
        #expect(refusal?.code == .invalidKey)
    }

    @Test("never show the secret half")
    func redacted() throws {
        let keys = try CurveKeyPair()
        var dumped = ""
        dump(keys, to: &dumped)
        let hexadecimal = CurvePublicKey(checked: keys.exposedSecretBytes).description
        let decimal = keys.exposedSecretBytes.prefix(4).map(String.init).joined(separator: ", ")
        for text in ["\(keys)", String(reflecting: keys), dumped] {
            #expect(!text.contains(hexadecimal))
            #expect(!text.contains(decimal))
        }
        #expect("\(keys)".contains("<redacted>"))
        #expect("\(keys)".contains(keys.publicKey.description))
    }

    private func bytes(_ hexadecimal: String) -> [UInt8] {
        stride(from: 0, to: hexadecimal.count, by: 2).map { offset in
            let start = hexadecimal.index(hexadecimal.startIndex, offsetBy: offset)
            let end = hexadecimal.index(start, offsetBy: 2)
            return UInt8(hexadecimal[start..<end], radix: 16) ?? 0
        }
    }
}
