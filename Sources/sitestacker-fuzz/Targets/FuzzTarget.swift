// SPDX-License-Identifier: Apache-2.0

/// What a decoder made of an input; both are right.
enum Verdict: Sendable {
    case accepted
    case refused
}

/// Something that no input may bring about.
struct Flaw: Error, CustomStringConvertible {
    let description: String
}

/// One decoder with the laws that hold for whatever bytes it is given.
struct FuzzTarget: Sendable {
    let name: String
    let shape: Shape
    let check: @Sendable ([UInt8]) throws(Flaw) -> Verdict

    /// All targets, by name.
    static let all =
        (wire + signed + replies + login + texts + processes + stores + repositories + streams
        + databases + folders + log + patterns + sockets)
        .sorted { $0.name < $1.name }
}

extension FuzzTarget {
    /// A decoder that accepts one encoding of a value only: what it accepts is written as it was.
    static func canonical<Value>(
        _ name: String, _ shape: Shape = .message,
        decode: @escaping @Sendable ([UInt8]) throws -> Value,
        encode: @escaping @Sendable (Value) throws -> [UInt8]
    ) -> FuzzTarget {
        FuzzTarget(name: name, shape: shape) { input throws(Flaw) in
            guard let value = try attempt({ try decode(input) }) else { return .refused }
            try expect(
                try again { try encode(value) }, shape.normal(input),
                "the bytes that were accepted")
            return .accepted
        }
    }

    /// A decoder that accepts several encodings: the value it reads survives being written.
    static func tolerant<Value: Equatable & SendableMetatype>(
        _ name: String, _ shape: Shape = .message,
        decode: @escaping @Sendable ([UInt8]) throws -> Value,
        encode: @escaping @Sendable (Value) throws -> [UInt8]
    ) -> FuzzTarget {
        FuzzTarget(name: name, shape: shape) { input throws(Flaw) in
            guard let value = try attempt({ try decode(input) }) else { return .refused }
            let copy = try again { try decode(try encode(value)) }
            try expect(copy, value, "the value that was read")
            return .accepted
        }
    }
}

/// The result, or nothing where the input was refused in words that can be shown anywhere.
///
/// Refusals end up in logs and on terminals, so an input must not steer those through them.
func attempt<Value>(_ body: () throws -> Value) throws(Flaw) -> Value? {
    do {
        return try body()
    } catch let flaw as Flaw {
        throw flaw
    } catch {
        try checkWords("\(error)")
        return nil
    }
}

/// The result of what cannot fail any more, because its input was accepted.
func again<Value>(_ body: () throws -> Value) throws(Flaw) -> Value {
    do {
        return try body()
    } catch {
        throw Flaw(description: "accepted, but then refused: \(error)")
    }
}

func expect<Value: Equatable>(
    _ found: Value, _ expected: Value, _ what: String
) throws(Flaw) {
    guard found != expected else { return }
    throw Flaw(description: "expected \(what): \(expected), found \(found)")
}

/// Limit: 64 KiB, which a list of findings stays below.
func checkWords(_ words: String) throws(Flaw) {
    guard words.utf8.count <= 65_536 else {
        throw Flaw(description: "a refusal of \(words.utf8.count) bytes")
    }
    let control = words.utf8.first { ($0 < 0x20 && $0 != 0x0A) || $0 == 0x7F }
    guard let control else { return }
    throw Flaw(description: "a refusal with the control character \(control): \(words)")
}
