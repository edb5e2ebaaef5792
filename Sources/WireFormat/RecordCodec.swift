// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
import SwiftProtobuf

/// Records of authority, bare and sealed.
///
/// Law: there is one encoding of any record, so its hash names what it says.
public enum RecordCodec {
    private static let operation = "record"
    private static let sealedLimit = WireLimits.record + WireLimits.credential + 256

    /// The bytes to sign.
    ///
    /// - Throws: ``WireError`` with `aboveLimit`, `missing`, `outOfRange` or `forbiddenText`.
    public static func encode(_ record: AuthorityRecord) throws(WireError) -> [UInt8] {
        var wire = ProtoAuthorityRecord()
        switch record {
        case .account(let account): wire.account = try account.wire()
        case .grant(let grant): wire.grant = try grant.wire()
        case .revocation(let revocation): wire.revocation = try revocation.wire()
        case .void(let id): wire.void = try id.wire(operation)
        case .client(let client): wire.client = try client.wire()
        }
        return try Protobuf.encode(wire, upTo: WireLimits.record, operation)
    }

    /// Reads a record whose signature holds.
    ///
    /// - Throws: ``WireError`` with `malformed`, `notCanonical`, and what `encode` throws.
    public static func decode(_ bytes: [UInt8]) throws(WireError) -> AuthorityRecord {
        let wire = try Protobuf.fact(
            ProtoAuthorityRecord.self, from: bytes, upTo: WireLimits.record, operation)
        switch wire.kind {
        case .account(let account): return .account(try Account(wire: account))
        case .grant(let grant): return .grant(try Grant(wire: grant))
        case .revocation(let revocation): return .revocation(try Revocation(wire: revocation))
        case .void(let id): return .void(try EventID(wire: id, operation))
        case .client(let client): return .client(try ClientKey(wire: client))
        case nil:
            throw WireError(.missing, operation, expected: "a kind", found: "none")
        }
    }

    /// The bytes in which a sealed record is stored and travels.
    ///
    /// - Throws: ``WireError`` with `wrongLength`, `missing` or `aboveLimit`.
    public static func encodeSealed(_ record: SealedRecord) throws(WireError) -> [UInt8] {
        try Protobuf.encode(try record.wire(), upTo: sealedLimit, operation)
    }

    /// Reads a sealed record; only its form is checked.
    ///
    /// - Throws: ``WireError`` with `malformed`, `notCanonical`, `wrongLength`, `missing` or
    ///   `aboveLimit`.
    public static func decodeSealed(_ bytes: [UInt8]) throws(WireError) -> SealedRecord {
        try SealedRecord(
            wire: Protobuf.fact(
                ProtoSealedRecord.self, from: bytes, upTo: sealedLimit, operation))
    }
}

extension SealedRecord {
    init(wire: ProtoSealedRecord) throws(WireError) {
        self.init(
            body: [UInt8](wire: wire.body),
            signer: try UserKey(wire: wire.signer, "sealed record", "signer"),
            signature: [UInt8](wire: wire.signature),
            credential: wire.credential.isEmpty ? nil : [UInt8](wire: wire.credential))
        try checkLengths()
    }

    func wire() throws(WireError) -> ProtoSealedRecord {
        try checkLengths()
        var wire = ProtoSealedRecord()
        wire.body = body.wire
        wire.signer = signer.wire
        wire.signature = signature.wire
        if let credential { wire.credential = credential.wire }
        return wire
    }

    /// Checks the lengths of signature, body and credential.
    ///
    /// - Throws: ``WireError`` with `wrongLength`, `missing` or `aboveLimit`.
    public func checkLengths() throws(WireError) {
        guard signature.count == WireLimits.signature else {
            throw .length("record signature", WireLimits.signature, found: signature.count)
        }
        try Bounds.check(
            count: body.count, upTo: WireLimits.record, "sealed record", "bytes of body",
            from: 1)
        try Bounds.check(
            count: credential?.count ?? 1, upTo: WireLimits.credential, "sealed record",
            "bytes of credential", from: 1)
    }
}
