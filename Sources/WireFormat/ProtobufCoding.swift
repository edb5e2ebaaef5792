// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import FoundationEssentials
import SwiftProtobuf

/// The one place where bytes become generated messages and back.
enum Protobuf {
    /// Parses a fact, of which only the canonical encoding is accepted.
    ///
    /// Encoding what was parsed and comparing refuses unknown fields, duplicates, wrong order and
    /// long varints at once, at a quarter of the price of the parsing.
    static func fact<Message: SwiftProtobuf.Message>(
        _ type: Message.Type, from bytes: [UInt8], upTo limit: Int, _ operation: String
    ) throws(WireError) -> Message {
        let message = try talk(type, from: bytes, upTo: limit, operation)
        guard try encode(message, upTo: limit, operation) == bytes else {
            throw WireError(
                .notCanonical, operation, expected: "the canonical encoding",
                found: "another one, or unknown fields")
        }
        return message
    }

    /// Parses what is no fact; unknown fields are skipped, so that versions can be mixed.
    static func talk<Message: SwiftProtobuf.Message>(
        _ type: Message.Type, from bytes: [UInt8], upTo limit: Int, _ operation: String
    ) throws(WireError) -> Message {
        try Bounds.check(count: bytes.count, upTo: limit, operation, "bytes")
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = WireLimits.depth
        // Kept, they would be written again, and pass for canonical.
        options.discardUnknownFields = true
        do {
            return try Message(serializedBytes: bytes, options: options)
        } catch {
            throw WireError(
                .malformed, operation, expected: "a message of Protocol Buffers",
                found: "\(error)")
        }
    }

    static func encode(
        _ message: some SwiftProtobuf.Message, upTo limit: Int, _ operation: String
    ) throws(WireError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try message.serializedBytes()
        } catch {
            throw WireError(
                .malformed, operation, expected: "a message that can be encoded",
                found: "\(error)")
        }
        try Bounds.check(count: bytes.count, upTo: limit, operation, "bytes")
        return bytes
    }
}

extension Identifier32 {
    init(wire bytes: Data, _ operation: String, _ field: String) throws(WireError) {
        guard let name = Self(bytes: bytes) else {
            throw WireError(
                .wrongLength, operation, expected: "\(field) of 32 bytes",
                found: "\(bytes.count) bytes")
        }
        self = name
    }

    var wire: Data { Data(bytes) }
}

extension InstanceID {
    init(wire bytes: Data, _ operation: String) throws(WireError) {
        guard bytes.count == 16 else {
            throw WireError(
                .wrongLength, operation, expected: "instance of 16 bytes",
                found: "\(bytes.count) bytes")
        }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    var wire: Data {
        var writer = ByteWriter(capacity: 16)
        writer.write(high)
        writer.write(low)
        return Data(writer.bytes)
    }
}

extension [UInt8] {
    init(wire bytes: Data) { self.init(bytes) }

    var wire: Data { Data(self) }
}
