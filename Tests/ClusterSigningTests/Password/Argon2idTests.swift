// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterSigning

@Suite("Argon2id")
struct Argon2idTests {
    static let mebibyte = 1_024

    // Independent source: the Argon2 reference program, with one lane.
    @Test(
        "Stretches as the reference program does",
        arguments: [
            (
                64 * mebibyte, 3,
                """
                de0277c5b53bd9aabde82dbb19d134696fa7c9596aadb0938c9e8518985a14e4
                5f21e5b1eb0072d38040c74637503fd20746104c8ed937b083f6d41b9e81bee7
                """
            ),
            (
                64 * mebibyte + 256, 4,
                "4f02d9b548bac54f5c0b9a72bfb2cf3c8efb9c768c138ce967eb8c6ecec159b7"
            ),
        ])
    func reference(memory: Int, passes: Int, digest: String) throws {
        let parameters = try Argon2idParameters(
            cost: try Argon2idCost(memoryKibibytes: memory, passes: passes),
            salt: Array("somesaltsomesalt".utf8))
        let expected = vectorBytes(digest)
        let stretched = try Argon2id.stretch(
            secretBytes(Array("password".utf8)), parameters: parameters, count: expected.count)
        #expect(revealed(stretched) == expected)
    }

    @Test(
        "Refuses costs below the floor and above the ceiling",
        arguments: [
            (64 * mebibyte - 1, 3, .belowFloor), (64 * mebibyte, 2, .belowFloor),
            (0, 3, .belowFloor), (-1, 3, .belowFloor), (Int.min, Int.min, .belowFloor),
            (64 * mebibyte, 0, .belowFloor), (1_024 * mebibyte + 1, 3, .aboveCeiling),
            (100 * 1_024 * mebibyte, 3, .aboveCeiling), (64 * mebibyte, 11, .aboveCeiling),
            (Int.max, Int.max, .aboveCeiling),
        ] as [(Int, Int, CryptographyError.Code)])
    func bounds(memory: Int, passes: Int, code: CryptographyError.Code) {
        #expect(
            refusal { () throws(CryptographyError) in
                try Argon2idCost(memoryKibibytes: memory, passes: passes)
            } == code)
    }

    @Test(
        "Accepts the costs at both ends",
        arguments: [(64 * mebibyte, 3), (1_024 * mebibyte, 10)])
    func ends(memory: Int, passes: Int) throws {
        let cost = try Argon2idCost(memoryKibibytes: memory, passes: passes)
        #expect(cost.memoryKibibytes == memory && cost.passes == passes)
    }

    @Test("Starts new accounts at the floor")
    func standard() throws {
        #expect(
            try Argon2idCost(memoryKibibytes: 64 * Self.mebibyte, passes: 3) == .standard)
    }

    @Test("Writes parameters in the one form that it reads")
    func encoding() throws {
        let parameters = try Argon2idParameters(
            cost: try Argon2idCost(memoryKibibytes: 0x01_02_03, passes: 5), salt: Array(1...16))
        #expect(parameters.encoded == [0, 1, 2, 3, 0, 0, 0, 5] + Array(1...16))
        #expect(try Argon2idParameters(encoded: parameters.encoded) == parameters)
    }

    @Test("Refuses parameters of another length", arguments: [0, 8, 23, 25])
    func encodedLengths(length: Int) {
        let encoded = [UInt8](repeating: 0, count: length)
        #expect(
            refusal { () throws(CryptographyError) in try Argon2idParameters(encoded: encoded) }
                == .wrongLength)
    }

    @Test("Holds hostile parameters to the bounds, whatever their bytes are")
    func hostileParameters() {
        var source = HostileBytes(seed: 3)
        for _ in 0..<1_000 {
            var encoded = (0..<24).map { _ in UInt8(truncatingIfNeeded: source.number()) }
            encoded[0] = 0
            encoded[1] &= 0x1f
            encoded.replaceSubrange(4..<7, with: [0, 0, 0])
            encoded[7] &= 0x0f
            let memory = encoded[1..<4].reduce(0) { $0 << 8 | Int($1) }
            let passes = Int(encoded[7])
            let accepted = (65_536...1_048_576).contains(memory) && (3...10).contains(passes)
            let code = refusal { () throws(CryptographyError) in
                try Argon2idParameters(encoded: encoded)
            }
            #expect((code == nil) == accepted)
        }
    }

    @Test("Refuses salts, inputs and outputs of another length before it works")
    func lengths() throws {
        for count in [0, 15, 17] {
            #expect(
                refusal { () throws(CryptographyError) in
                    try Argon2idParameters(cost: .standard, salt: .init(repeating: 0, count: count))
                } == .wrongLength)
        }
        let parameters = try Argon2idParameters(
            cost: .standard, salt: [UInt8](repeating: 0, count: 16))
        for (input, output) in [(0, 32), (4_097, 32), (1, 15), (1, 1_025), (1, -1)] {
            #expect(
                refusal { () throws(CryptographyError) in
                    try Argon2id.stretch(
                        secretBytes(.init(repeating: 1, count: input)), parameters: parameters,
                        count: output)
                } == .wrongLength)
        }
    }
}
