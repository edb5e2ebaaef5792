// SPDX-License-Identifier: Apache-2.0
import CSodium

/// What stretching a password costs, within what this program accepts.
///
/// The floor protects the password: a hostile node that could ask for less would make guessing
/// cheap. The ceiling protects the machine: it could otherwise be asked for all its memory.
public struct Argon2idCost: Hashable, Sendable {
    /// The floor, and what new accounts get: 64 MiB, three passes.
    public static let standard = Argon2idCost(uncheckedMemoryKibibytes: 64 * 1_024, passes: 3)

    /// Accepted memory, 64 MiB to 1 GiB.
    ///
    /// Unit: KiB.
    public static let acceptedMemoryKibibytes = 64 * 1_024...1_024 * 1_024
    /// Accepted number of passes.
    public static let acceptedPasses = 3...10

    /// Memory that is filled.
    ///
    /// Unit: KiB.
    public let memoryKibibytes: Int
    /// How often the memory is passed over.
    public let passes: Int

    /// Checks a cost.
    ///
    /// - Throws: ``CryptographyError`` with `belowFloor` or `aboveCeiling`.
    public init(memoryKibibytes: Int, passes: Int) throws(CryptographyError) {
        try Self.check(memoryKibibytes, Self.acceptedMemoryKibibytes, "KiB of memory")
        try Self.check(passes, Self.acceptedPasses, "passes")
        self.init(uncheckedMemoryKibibytes: memoryKibibytes, passes: passes)
    }

    private init(uncheckedMemoryKibibytes memoryKibibytes: Int, passes: Int) {
        self.memoryKibibytes = memoryKibibytes
        self.passes = passes
    }

    private static func check(
        _ value: Int, _ accepted: ClosedRange<Int>, _ what: String
    ) throws(CryptographyError) {
        guard !accepted.contains(value) else { return }
        throw CryptographyError(
            value < accepted.lowerBound ? .belowFloor : .aboveCeiling,
            operation: "reading the cost of a password",
            expected: "\(accepted.lowerBound) to \(accepted.upperBound) \(what)",
            found: "\(value)", hint: "do not log in there: no honest node asks for this")
    }
}

/// Everything but the password that stretching it depends on; public, and stored with the account.
public struct Argon2idParameters: Hashable, Sendable {
    /// Length of a salt.
    ///
    /// Unit: bytes. Source: crypto_pwhash_SALTBYTES.
    public static let saltLength = 16
    /// Length of the encoded form.
    ///
    /// Unit: bytes.
    public static let encodedLength = 8 + saltLength

    /// What it costs.
    public let cost: Argon2idCost
    /// Makes equal passwords of two accounts unequal.
    public let salt: [UInt8]

    /// Gathers cost and salt.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for other than 16 bytes of salt.
    public init(cost: Argon2idCost, salt: [UInt8]) throws(CryptographyError) {
        guard salt.count == Self.saltLength else {
            throw .wrongLength("Argon2id salt", expected: "16 bytes", found: salt.count)
        }
        self.cost = cost
        self.salt = salt
    }

    /// Reads the encoded form: memory in KiB (4 bytes), passes (4 bytes), both with the most
    /// significant byte first, salt (16 bytes).
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength`, `belowFloor` or `aboveCeiling`.
    public init(encoded: [UInt8]) throws(CryptographyError) {
        guard encoded.count == Self.encodedLength else {
            throw .wrongLength(
                "Argon2id parameters", expected: "\(Self.encodedLength) bytes",
                found: encoded.count)
        }
        let memory = encoded[0..<4].reduce(0) { $0 << 8 | Int($1) }
        let passes = encoded[4..<8].reduce(0) { $0 << 8 | Int($1) }
        try self.init(
            cost: try Argon2idCost(memoryKibibytes: memory, passes: passes),
            salt: Array(encoded[8...]))
    }

    /// The encoded form; one for every value.
    public var encoded: [UInt8] {
        let numbers = [cost.memoryKibibytes, cost.passes].flatMap { number in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
        }
        return numbers + salt
    }
}

/// Argon2id version 1.3 with one lane: makes every guess at a password cost memory and time.
///
/// It keeps a thread busy for a tenth of a second or more and takes the memory that the cost
/// names, so callers run one at a time, away from any loop that others wait for.
///
/// Source: RFC 9106; crypto_pwhash.
public enum Argon2id {
    /// Accepted lengths of the input.
    ///
    /// Unit: bytes.
    public static let acceptedInput = 1...4_096
    /// Accepted lengths of the output.
    ///
    /// Unit: bytes.
    public static let acceptedOutput = 16...1_024

    /// Stretches `input` to `count` bytes.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for a length that is not accepted, with
    ///   `memoryUnavailable` when the machine cannot give the memory.
    public static func stretch(
        _ input: SecretBytes, parameters: Argon2idParameters, count: Int
    ) throws(CryptographyError) -> SecretBytes {
        Sodium.prepare()
        guard acceptedInput.contains(input.count) else {
            throw .wrongLength("Argon2id input", expected: "1 to 4096 bytes", found: input.count)
        }
        guard acceptedOutput.contains(count) else {
            throw .wrongLength("Argon2id output", expected: "16 to 1024 bytes", found: count)
        }
        var output = [UInt8](repeating: 0, count: count)
        let code = input.withUnsafeBytes { input -> Int32 in
            guard let text = input.bindMemory(to: CChar.self).baseAddress else { return -1 }
            return crypto_pwhash_argon2id(
                &output, UInt64(count), text, UInt64(input.count), parameters.salt,
                UInt64(parameters.cost.passes), parameters.cost.memoryKibibytes * 1_024,
                crypto_pwhash_argon2id_ALG_ARGON2ID13)
        }
        guard code == 0 else {
            output.wipe()
            throw CryptographyError(
                .memoryUnavailable, operation: "stretching a password",
                expected: "\(parameters.cost.memoryKibibytes) KiB of free memory",
                found: "less", hint: "free memory or raise the limit of this process")
        }
        return SecretBytes(moving: &output)
    }
}
