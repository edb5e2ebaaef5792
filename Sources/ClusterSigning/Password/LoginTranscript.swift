// SPDX-License-Identifier: Apache-2.0

/// Everything that both ends of a login must have seen alike.
///
/// It goes into the SPAKE2+ run, so if anybody in between changed a key, the cost or the cluster,
/// neither side's confirmation holds.
public struct LoginTranscript: Hashable, Sendable {
    /// For whom and where the login is; its realm is the cluster's identity.
    public let owner: PasswordOwner
    /// What the holder told about stretching the password.
    public let parameters: Argon2idParameters
    /// Keys of the node that holds the account, in an order that both sides fix.
    public let holderKeys: [[UInt8]]
    /// Keys of the node that is being logged in, in an order that both sides fix.
    public let nodeKeys: [[UInt8]]

    /// Gathers what is to be bound.
    public init(
        owner: PasswordOwner, parameters: Argon2idParameters, holderKeys: [[UInt8]],
        nodeKeys: [[UInt8]]
    ) {
        self.owner = owner
        self.parameters = parameters
        self.holderKeys = holderKeys
        self.nodeKeys = nodeKeys
    }

    /// The form in which it enters SPAKE2+; different transcripts never give the same.
    public var binding: Spake2PlusBinding {
        var context: [UInt8] = []
        context.append(field: Array("sitestacker login v1".utf8))
        context.append(field: owner.realm)
        context.append(field: parameters.encoded)
        return Spake2PlusBinding(
            context: context, proverID: Self.identity(owner.name, keys: nodeKeys),
            verifierID: Self.identity([], keys: holderKeys))
    }

    private static func identity(_ name: [UInt8], keys: [[UInt8]]) -> [UInt8] {
        var identity: [UInt8] = []
        identity.append(field: name)
        for key in keys {
            identity.append(field: key)
        }
        return identity
    }
}

/// The encrypted line between the two ends of a finished login.
///
/// Each direction has its own key and counts its messages, so none can be replayed, reordered,
/// reflected or left out unnoticed.
public struct LoginChannel: Sendable {
    /// Which end this is.
    public enum End: Sendable {
        /// The end that knows the password.
        case prover
        /// The end that holds the account.
        case verifier
    }

    private let sendingKey: SealingKey
    private let receivingKey: SealingKey
    private var sent: UInt64 = 0
    private var received: UInt64 = 0

    /// Derives both keys from what SPAKE2+ agreed on.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` for other than a SPAKE2+ shared key.
    public init(sharedKey: SecretBytes, end: End) throws(CryptographyError) {
        guard sharedKey.count == Spake2Plus.sharedKeyLength else {
            throw .wrongLength("login key", expected: "32 bytes", found: sharedKey.count)
        }
        let fromProver = try Self.key(sharedKey, label: "sitestacker login v1 from prover")
        let fromVerifier = try Self.key(sharedKey, label: "sitestacker login v1 from verifier")
        switch end {
        case .prover:
            sendingKey = fromProver
            receivingKey = fromVerifier
        case .verifier:
            sendingKey = fromVerifier
            receivingKey = fromProver
        }
    }

    /// Seals the next message to the other end.
    public mutating func seal(_ message: [UInt8], associatedData: [UInt8] = []) -> [UInt8] {
        defer { sent += 1 }
        return AEAD.seal(
            message, key: sendingKey, associatedData: Self.bound(sent, associatedData))
    }

    /// Opens the next message from the other end; a refusal leaves the channel as it was.
    ///
    /// - Throws: ``CryptographyError`` with `wrongLength` or `authenticationFailed`.
    public mutating func open(
        _ sealed: [UInt8], associatedData: [UInt8] = []
    ) throws(CryptographyError) -> [UInt8] {
        let message = try AEAD.open(
            sealed, key: receivingKey, associatedData: Self.bound(received, associatedData))
        received += 1
        return message
    }

    private static func key(
        _ sharedKey: SecretBytes, label: String
    ) throws(CryptographyError) -> SealingKey {
        try SealingKey(
            try HKDFSHA256.derive(
                from: sharedKey, label: Array(label.utf8), count: SealingKey.length))
    }

    private static func bound(_ counter: UInt64, _ associatedData: [UInt8]) -> [UInt8] {
        var bound = (0..<8).map { UInt8(truncatingIfNeeded: counter >> (8 * $0)) }
        bound.append(field: associatedData)
        return bound
    }
}
