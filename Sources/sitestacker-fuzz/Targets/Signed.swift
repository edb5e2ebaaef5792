// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import WireFormat

extension FuzzTarget {
    /// What is verified before it is parsed.
    ///
    /// The first byte of an input decides whether the rest is signed here, as a member with a key
    /// could; without that nearly every input would end at the signature.
    static let signed: [FuzzTarget] = [
        FuzzTarget(name: "signed-batch", shape: .signed, check: batch),
        FuzzTarget(name: "signed-beacon", shape: .signed, check: beacon),
        FuzzTarget(name: "signed-hello", shape: .signed, check: hello),
        FuzzTarget(name: "signed-record", shape: .signed, check: record),
        FuzzTarget(name: "signed-status", shape: .signed, check: status),
    ]

    private static func batch(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let flags = input.first ?? 0
        var (header, signature, body) = parts(input)
        if flags & 2 != 0, header.count == WireLimits.header {
            header.replaceSubrange(
                100..<104,
                with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: body.count >> $0) })
            header.replaceSubrange(152..<184, with: Member.bodyHash(body))
        }
        if flags & 1 != 0 { signature = Member.identity.signingKey.sign(header) }
        let sealed = SealedBatch(header: header, signature: signature, body: body)
        let verdict = BatchVerifier(cluster: Member.cluster).verify(sealed) {
            $0 == Member.identity.node ? Member.identity.signingKey.verificationKey : nil
        }
        guard let verified = try value(of: verdict) else { return .refused }
        try expect(try again { try BatchHeaderCodec.encode(verified.header) }, header, "header")
        try expect(try again { try EventBodyCodec.encode(verified.events) }, body, "body")
        return .accepted
    }

    private static func beacon(_ input: [UInt8]) throws(Flaw) -> Verdict {
        var (body, signature, _) = parts(input)
        if isSigned(input) { signature = Member.sign("SSTKHED1", body) }
        let sealed = SealedBeacon(
            sender: Member.identity.node, signature: signature, body: body)
        let verdict = BeaconVerifier(cluster: Member.cluster).verify(sealed) { _ in
            Member.identity.signingKey.verificationKey
        }
        guard let beacon = try value(of: verdict) else { return .refused }
        let copy = try again { try BeaconCodec.decode(try BeaconCodec.encode(beacon)) }
        try expect(copy, beacon, "the beacon")
        return .accepted
    }

    private static func hello(_ input: [UInt8]) throws(Flaw) -> Verdict {
        var (body, signature, _) = parts(input)
        if isSigned(input) {
            signature = Member.identity.signingKey.sign(Array("SSTKHEL1".utf8), body)
        }
        let sealed = SealedHello(
            nodeKey: Member.identity.nodeKey, body: body, signature: signature)
        let verdict = HelloVerifier().verify(sealed, nonce: Member.nonce)
        guard let hello = try value(of: verdict) else { return .refused }
        let copy = try again { try HelloCodec.decodeBody(try HelloCodec.encodeBody(hello)) }
        try expect(copy, hello, "the hello")
        return .accepted
    }

    private static func record(_ input: [UInt8]) throws(Flaw) -> Verdict {
        var (body, signature, signer) = parts(input)
        if isSigned(input) {
            signature = Member.user.sign(
                Array("SSTKREC1".utf8), Member.cluster.bytes, body)
            signer = Member.user.verificationKey.bytes
        }
        guard let key = UserKey(bytes: signer) else { return .refused }
        let sealed = SealedRecord(body: body, signer: key, signature: signature)
        let verdict = RecordVerifier(cluster: Member.cluster).verify(sealed)
        guard let verified = try value(of: verdict) else { return .refused }
        try expect(try again { try RecordCodec.encode(verified.record) }, body, "the record")
        return .accepted
    }

    private static func status(_ input: [UInt8]) throws(Flaw) -> Verdict {
        var (body, signature, _) = parts(input)
        let request = RequestID(high: 1, low: 2)
        if isSigned(input) {
            signature = Member.identity.signingKey.sign(
                Array("SSTKSTA1".utf8), Member.cluster.bytes, request.bytes, body)
        }
        let verdict = StatusVerifier(cluster: Member.cluster).verify(
            SealedStatus(body: body, signature: signature), answering: request,
            from: Member.identity.node, key: Member.identity.signingKey.verificationKey)
        guard let report = try value(of: verdict) else { return .refused }
        let copy = try again { try StatusCodec.decode(try StatusCodec.encode(report)) }
        try expect(copy, report, "the report")
        return .accepted
    }

    private static func isSigned(_ input: [UInt8]) -> Bool { (input.first ?? 0) & 1 != 0 }

    private static func parts(_ input: [UInt8]) -> ([UInt8], [UInt8], [UInt8]) {
        let frames = Frames.split(input.dropFirst()) + [[], [], []]
        return (frames[0], frames[1], frames[2])
    }

    private static func value<Value>(
        of verdict: Result<Value, Rejection>
    ) throws(Flaw) -> Value? {
        try attempt { try verdict.get() }
    }
}

/// The member whose keys the fuzzer holds; they are those of `Tests/Vectors/keys.json`.
enum Member {
    static let identity: NodeIdentity = made {
        try NodeIdentity(
            signingKey: SigningKey(seed: secret(0x11)), curveSecret: secret(0x22))
    }
    static let user: SigningKey = made { try SigningKey(seed: secret(0x33)) }
    static let cluster = ClusterID(bytes32(0xC1))
    static let nonce = bytes32(0x44)

    static func sign(_ domain: String, _ body: [UInt8]) -> [UInt8] {
        identity.signingKey.sign(Array(domain.utf8), cluster.bytes, body)
    }

    static func bodyHash(_ body: [UInt8]) -> [UInt8] {
        Blake2b.hash(body, key: made { try Blake2b.Key(Array("SSTKBODY".utf8)) })
    }

    static func secret(_ byte: UInt8, count: Int = 32) -> SecretBytes {
        SecretBytes(count: count) { $0.copyBytes(from: repeatElement(byte, count: count)) }
    }

    private static func bytes32(_ byte: UInt8) -> Bytes32 {
        guard let bytes = Bytes32(Array(repeating: byte, count: 32)) else {
            preconditionFailure("thirty-two bytes")
        }
        return bytes
    }

    /// Keys that are written here are right, or this program is wrong.
    static func made<Value>(_ body: () throws -> Value) -> Value {
        do {
            return try body()
        } catch {
            preconditionFailure("the fuzzer's own keys: \(error)")
        }
    }
}
