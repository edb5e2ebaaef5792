// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary

/// The public half of an X25519 key for CURVE, which names a socket's owner.
public struct CurvePublicKey: Hashable, Sendable, CustomStringConvertible {
    /// How long a key is.
    ///
    /// Unit: bytes. Source: RFC 7748 §5.
    public static let byteCount = 32

    /// The key itself.
    public let bytes: [UInt8]

    /// Takes over a key.
    ///
    /// - Throws: `invalidKey` unless there are exactly 32 bytes.
    public init(_ bytes: [UInt8]) throws(ZeroMQError) {
        guard bytes.count == Self.byteCount else {
            throw ZeroMQError(
                .invalidKey, "use a CURVE public key", expected: "32 bytes",
                found: "\(bytes.count)")
        }
        self.bytes = bytes
    }

    init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// The key in hexadecimal.
    public var description: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

/// An X25519 key pair for CURVE.
///
/// Law: the public half always belongs to the secret half. Nothing that prints a value shows the
/// secret; only ``exposedSecretBytes`` does, so that its uses can be found.
public struct CurveKeyPair: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The half to give away.
    public let publicKey: CurvePublicKey

    private let secret: [UInt8]

    /// Makes a random pair.
    ///
    /// - Throws: `unsupported` if libzmq was built without CURVE. Source: zmq_curve_keypair(3).
    public init() throws(ZeroMQError) {
        var encodedPublic = Z85.emptyKey
        var encodedSecret = Z85.emptyKey
        guard zmq_curve_keypair(&encodedPublic, &encodedSecret) == 0 else {
            throw .last("make a CURVE key pair")
        }
        publicKey = CurvePublicKey(checked: Z85.decode(encodedPublic))
        secret = Z85.decode(encodedSecret)
    }

    /// Takes over a secret key and derives the public one.
    ///
    /// - Throws: `invalidKey` unless there are exactly 32 bytes. Source: zmq_curve_public(3).
    public init(secretBytes: [UInt8]) throws(ZeroMQError) {
        guard secretBytes.count == CurvePublicKey.byteCount else {
            throw ZeroMQError(
                .invalidKey, "use a CURVE secret key", expected: "32 bytes",
                found: "\(secretBytes.count)")
        }
        var encodedPublic = Z85.emptyKey
        let encodedSecret = Z85.encode(secretBytes)
        guard zmq_curve_public(&encodedPublic, encodedSecret) == 0 else {
            throw .last("derive a CURVE public key")
        }
        publicKey = CurvePublicKey(checked: Z85.decode(encodedPublic))
        secret = secretBytes
    }

    /// Takes over both halves, as read from a file.
    ///
    /// - Throws: `invalidKey` unless both are 32 bytes and belong together.
    public init(publicKey: CurvePublicKey, secretBytes: [UInt8]) throws(ZeroMQError) {
        let derived = try CurveKeyPair(secretBytes: secretBytes)
        guard derived.publicKey == publicKey else {
            throw ZeroMQError(
                .invalidKey, "use a CURVE key pair", expected: "public key \(derived.publicKey)",
                found: "\(publicKey)")
        }
        self = derived
    }

    /// The secret half, for the key file and for libzmq, never for logs.
    public var exposedSecretBytes: [UInt8] { secret }

    /// The public key; the secret is redacted.
    public var description: String { "CURVE key \(publicKey), secret <redacted>" }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// Shows the public key only, so that `dump` and test failures do not leak the secret.
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}

/// ZeroMQ's text form of keys, which libzmq insists on for making and deriving them.
///
/// Source: ZeroMQ RFC 32/Z85.
private enum Z85 {
    /// Room for a key of 32 bytes as 40 characters and the zero that ends them.
    static var emptyKey: [CChar] { [CChar](repeating: 0, count: 41) }

    static func decode(_ text: [CChar]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: CurvePublicKey.byteCount)
        let end = zmq_z85_decode(&bytes, text)
        precondition(end != nil, "libzmq's own key text is always valid")
        return bytes
    }

    static func encode(_ bytes: [UInt8]) -> [CChar] {
        var text = emptyKey
        let end = zmq_z85_encode(&text, bytes, bytes.count)
        precondition(end != nil, "32 bytes are always divisible by 4")
        return text
    }
}
