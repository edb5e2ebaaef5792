// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import Foundation
import Testing
import WireFormat

/// The bytes on the wire are those in `Tests/Vectors`, which other languages' tests read too.
///
/// `REWRITE=1` writes the files; a difference means that the wire has changed, and with it the
/// version in the magic words.
@Suite("Golden vectors")
struct GoldenVectorTests {
    private let samples: SigningSamples
    private let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Vectors")

    init() throws { samples = try SigningSamples() }

    private func check(_ name: String, _ values: [String: String]) throws {
        let file = folder.appending(path: name + ".json")
        if ProcessInfo.processInfo.environment["REWRITE"] == "1" {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try (encoder.encode(values) + Data("\n".utf8)).write(to: file)
        }
        let stored = try JSONDecoder().decode(
            [String: String].self, from: Data(contentsOf: file))
        for key in Set(values.keys).union(stored.keys).sorted() {
            #expect(values[key] == stored[key], "\(name).\(key)")
        }
    }

    private func hex(_ bytes: [UInt8]) -> String { Hexadecimal.encode(bytes) }

    @Test("Keys")
    func keys() throws {
        try check(
            "keys",
            [
                "cluster": SigningSamples.cluster.description,
                "nodeSeed": hex(SigningSamples.nodeSeed),
                "nodeKey": samples.identity.nodeKey.description,
                "node": samples.identity.node.description,
                "curveSecret": hex(SigningSamples.curveSecret),
                "curveKey": samples.identity.curveKey.description,
                "userSeed": hex(SigningSamples.userSeed),
                "userKey": samples.user.description,
                "keyFile": hex(revealed(NodeKeyFile.encode(samples.identity))),
            ])
    }

    @Test("Batch header")
    func header() throws {
        let batch = try samples.sealer.seal(samples.draft)
        let header = batch.header
        try check(
            "header",
            [
                "bytes": hex(batch.sealed.header),
                "hash": batch.hash.description,
                "cluster": header.cluster.description,
                "node": header.log.origin.description,
                "epochCounter": String(header.log.epoch.counter),
                "epochNonce": Hexadecimal.encode(header.log.epoch.nonce),
                "first": header.first.description,
                "count": String(header.count),
                "bodyLength": String(header.bodyByteCount),
                "timestamp": Hexadecimal.encode(header.timestamp.raw),
                "previous": header.previous.description,
                "bodyHash": header.bodyHash.description,
                "grant": header.grant.description,
                "policy": Hexadecimal.encode(header.policy),
            ])
    }

    @Test("Batch")
    func batch() throws {
        let batch = try samples.sealer.seal(samples.draft)
        var values = [
            "nodeKey": samples.identity.nodeKey.description,
            "topic": String(decoding: WireTopic(of: batch).frame, as: UTF8.self),
            "header": hex(batch.sealed.header),
            "signature": hex(batch.sealed.signature),
            "body": hex(batch.sealed.body),
        ]
        for (index, event) in batch.events.enumerated() {
            values["event\(index).id"] = batch.id(at: index).description
            values["event\(index).timestamp"] = event.timestamp.description
        }
        try check("batch", values)
    }

    @Test("Beacon")
    func beacon() throws {
        let sealed = try BeaconSealer(
            cluster: SigningSamples.cluster, identity: samples.identity
        ).seal(samples.beacon)
        let frames = sealed.frames.map(hex)
        try check(
            "beacon",
            [
                "cluster": SigningSamples.cluster.description,
                "nodeKey": samples.identity.nodeKey.description,
                "topic": frames[0], "sender": frames[1], "signature": frames[2],
                "body": frames[3],
            ])
    }

    @Test("Record")
    func record() throws {
        let record = try RecordSealer(cluster: SigningSamples.cluster)
            .seal(.grant(samples.grant), with: samples.userKey)
        try check(
            "record",
            [
                "cluster": SigningSamples.cluster.description,
                "body": hex(record.sealed.body),
                "signer": record.signer.description,
                "signature": hex(record.sealed.signature),
                "hash": record.hash.description,
                "sealed": hex(try RecordCodec.encodeSealed(record.sealed)),
            ])
    }

    @Test("Account with its credential")
    func account() throws {
        let credential: [UInt8] = [1, 2, 3]
        let account = Account(
            name: "alice", email: "alice@example.com", fullName: "Alice Admin", key: samples.user,
            scopes: .all, serial: 1, credential: Digest(ofCredential: credential))
        let record = try RecordSealer(cluster: SigningSamples.cluster)
            .seal(.account(account), credential: credential, with: samples.userKey)
        try check(
            "account",
            [
                "cluster": SigningSamples.cluster.description,
                "body": hex(record.sealed.body),
                "signer": record.signer.description,
                "signature": hex(record.sealed.signature),
                "hash": record.hash.description,
                "credential": hex(credential),
                "credentialHash": Digest(ofCredential: credential).description,
                "sealed": hex(try RecordCodec.encodeSealed(record.sealed)),
            ])
    }

    @Test("Hello")
    func hello() throws {
        let sealed = try HelloSealer(identity: samples.identity).seal(samples.hello)
        let request = HelloRequest(
            nonce: SigningSamples.nonce, cluster: SigningSamples.cluster)
        try check(
            "hello",
            [
                "request": hex(try HelloCodec.encode(request)),
                "reply": hex(try HelloCodec.encode(sealed)),
                "body": hex(sealed.body),
                "signature": hex(sealed.signature),
            ])
    }

    @Test("Status query and its answer")
    func status() throws {
        let sealed = try StatusSealer(
            cluster: SigningSamples.cluster, identity: samples.identity
        ).seal(samples.status, answering: samples.requestID)
        let request = try RequestCodec.encode(.status, id: samples.requestID)
        let reply = try ReplyCodec.encode(.status(sealed), id: samples.requestID)
        var values: [String: String] = [:]
        for (index, frame) in request.enumerated() { values["request\(index)"] = hex(frame) }
        for (index, frame) in reply.enumerated() { values["reply\(index)"] = hex(frame) }
        try check("status", values)
    }
}
