// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// What a holder gives to someone who proved his password: everything a fresh node starts from.
///
/// It travels only under the session key of the login.
public struct LoginWelcome: Hashable, Sendable {
    /// The cluster and the key that everything descends from.
    public let pin: ClusterPin
    /// The account's canonical name, which an address may have stood for.
    public let name: String
    /// The user's key, which only the password opens.
    public let sealedKey: SealedUserKey
    /// The records that the holder knows.
    public let records: [SealedRecord]

    /// Joins the parts.
    public init(
        pin: ClusterPin, name: String, sealedKey: SealedUserKey, records: [SealedRecord]
    ) {
        self.pin = pin
        self.name = name
        self.sealedKey = sealedKey
        self.records = records
    }

    /// The bytes to seal.
    ///
    /// - Throws: ``WireError`` with `aboveLimit` for a record that is too long, with
    ///   `forbiddenText` for a name that no account can have.
    public func encoded() throws(WireError) -> [UInt8] {
        try check()
        var writer = ByteWriter()
        writer.write(pin.cluster)
        writer.write(pin.root)
        writer.write(UInt16(name.utf8.count))
        writer.write(name.utf8)
        writer.write(sealedKey.bytes)
        try RecordList.write(records, to: &writer, LoginWelcome.operation)
        return writer.bytes
    }

    /// Reads what ``encoded()`` wrote.
    ///
    /// - Throws: ``WireError`` for anything else.
    public init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes, LoginWelcome.operation)
        pin = ClusterPin(
            cluster: try reader.read(), root: try reader.read())
        let length: UInt16 = try reader.read()
        let text = try reader.read(count: Int(length))
        guard let name = String(validating: text, as: UTF8.self) else {
            throw LoginWelcome.forbidden(found: "bytes that are no UTF-8")
        }
        self.name = name
        let sealed = Array(try reader.read(count: SealedUserKey.length))
        do {
            sealedKey = try SealedUserKey(sealed)
        } catch {
            throw WireError(
                .mismatch, LoginWelcome.operation, expected: "a sealed user key", found: "\(error)")
        }
        records = try RecordList.read(from: &reader, LoginWelcome.operation)
        try reader.finish()
        try check()
    }

    /// Text that is repaired while it is read would have several encodings, and may grow.
    private func check() throws(WireError) {
        guard (1...WireLimits.userName).contains(name.utf8.count) else {
            throw Self.forbidden(found: "\(name.utf8.count) bytes")
        }
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw Self.forbidden(found: "control characters") }
    }

    private static func forbidden(found: String) -> WireError {
        WireError(
            .forbiddenText, operation,
            expected: "a name of at most \(WireLimits.userName) bytes that can be shown",
            found: found)
    }

    private static let operation = "welcome of a login"
}
