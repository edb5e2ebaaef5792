// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

/// Question and answer of `hello`, at the door and on the request channel.
public enum HelloCodec {
    private static let operation = "hello"

    /// The body of the question.
    ///
    /// - Throws: ``WireError``, never for a request that the type can hold.
    public static func encode(_ request: HelloRequest) throws(WireError) -> [UInt8] {
        var wire = ProtoHelloRequest()
        wire.nonce = request.nonce.bytes.wire
        if let cluster = request.cluster { wire.cluster = cluster.wire }
        return try Protobuf.encode(wire, upTo: WireLimits.hello, operation)
    }

    /// Reads the question.
    ///
    /// - Throws: ``WireError`` with `malformed`, `aboveLimit` or `wrongLength`.
    public static func decodeRequest(_ bytes: [UInt8]) throws(WireError) -> HelloRequest {
        let wire = try Protobuf.talk(
            ProtoHelloRequest.self, from: bytes, upTo: WireLimits.hello, operation)
        return HelloRequest(
            nonce: try Digest(wire: wire.nonce, operation, "nonce").raw,
            cluster: wire.cluster.isEmpty
                ? nil : try ClusterID(wire: wire.cluster, operation, "cluster"))
    }

    /// The whole answer.
    ///
    /// - Throws: ``WireError`` with `wrongLength`, `missing` or `aboveLimit`.
    public static func encode(_ sealed: SealedHello) throws(WireError) -> [UInt8] {
        try checkLengths(sealed)
        var wire = ProtoHelloReply()
        wire.nodeKey = sealed.nodeKey.wire
        wire.body = sealed.body.wire
        wire.signature = sealed.signature.wire
        return try Protobuf.encode(wire, upTo: WireLimits.hello + 256, operation)
    }

    /// Reads the answer; only its form is checked.
    ///
    /// - Throws: ``WireError`` with `malformed`, `wrongLength`, `missing` or `aboveLimit`.
    public static func decodeSealed(_ bytes: [UInt8]) throws(WireError) -> SealedHello {
        let wire = try Protobuf.talk(
            ProtoHelloReply.self, from: bytes, upTo: WireLimits.hello + 256, operation)
        let sealed = SealedHello(
            nodeKey: try NodeKey(wire: wire.nodeKey, operation, "node key"),
            body: [UInt8](wire: wire.body), signature: [UInt8](wire: wire.signature))
        try checkLengths(sealed)
        return sealed
    }

    /// The body of the answer, which is signed.
    ///
    /// - Throws: ``WireError`` with `forbiddenText`, `outOfRange`, `missing` or `aboveLimit`.
    public static func encodeBody(_ hello: Hello) throws(WireError) -> [UInt8] {
        try check(hello)
        var wire = ProtoHelloBody()
        wire.nonce = hello.nonce.bytes.wire
        if let cluster = hello.cluster { wire.cluster = cluster.wire }
        wire.node = hello.node.wire
        wire.nodeKey = hello.nodeKey.wire
        wire.curveKey = hello.curveKey.wire
        wire.instance = hello.instance.wire
        wire.endpoints.host = hello.endpoints.host ?? ""
        wire.endpoints.publishPort = UInt32(hello.endpoints.publishPort)
        wire.endpoints.requestPort = UInt32(hello.endpoints.requestPort)
        wire.version = hello.version
        wire.wall = hello.wall.milliseconds
        if let grant = hello.grant { wire.grant = try grant.wire() }
        wire.isReady = hello.isReady
        return try Protobuf.encode(wire, upTo: WireLimits.hello, operation)
    }

    /// Reads the body of an answer whose signature holds.
    ///
    /// - Throws: ``WireError`` with `malformed`, `wrongLength`, and what `encodeBody` throws.
    public static func decodeBody(_ bytes: [UInt8]) throws(WireError) -> Hello {
        let wire = try Protobuf.talk(
            ProtoHelloBody.self, from: bytes, upTo: WireLimits.hello, operation)
        let hello = Hello(
            nonce: try Digest(wire: wire.nonce, operation, "nonce").raw,
            cluster: wire.cluster.isEmpty
                ? nil : try ClusterID(wire: wire.cluster, operation, "cluster"),
            node: try NodeID(wire: wire.node, operation, "node"),
            nodeKey: try NodeKey(wire: wire.nodeKey, operation, "node key"),
            curveKey: try CurveKey(wire: wire.curveKey, operation, "CURVE key"),
            instance: try InstanceID(wire: wire.instance, operation),
            endpoints: Endpoints(
                host: wire.endpoints.host.isEmpty ? nil : wire.endpoints.host,
                publishPort: try port(wire.endpoints.publishPort),
                requestPort: try port(wire.endpoints.requestPort)),
            version: wire.version, wall: WallTime(milliseconds: wire.wall),
            grant: wire.hasGrant ? try SealedRecord(wire: wire.grant) : nil,
            isReady: wire.isReady)
        try check(hello)
        return hello
    }

    private static func port(_ number: UInt32) throws(WireError) -> UInt16 {
        try Bounds.check(number, in: 1...UInt32(UInt16.max), operation, "port")
        return UInt16(number)
    }

    private static func check(_ hello: Hello) throws(WireError) {
        try Bounds.check(
            name: hello.version, upTo: WireLimits.name, operation, "version")
        try Bounds.check(hello.wall, operation)
        for number in [hello.endpoints.publishPort, hello.endpoints.requestPort] {
            try Bounds.check(number, in: 1...UInt16.max, operation, "port")
        }
        guard let host = hello.endpoints.host else { return }
        try Bounds.check(name: host, upTo: WireLimits.name, operation, "host")
        // Names would be resolved inside libzmq, whose only I/O thread waits for that.
        let permitted = Array("0123456789abcdefABCDEF.:".utf8)
        guard host.utf8.allSatisfy({ permitted.contains($0) }) else {
            throw WireError(
                .forbiddenText, operation, expected: "a numeric address", found: "a name")
        }
    }

    private static func checkLengths(_ sealed: SealedHello) throws(WireError) {
        guard sealed.signature.count == WireLimits.signature else {
            throw .length("hello signature", WireLimits.signature, found: sealed.signature.count)
        }
        try Bounds.check(
            count: sealed.body.count, upTo: WireLimits.hello, operation, "bytes of body",
            from: 1)
    }
}
