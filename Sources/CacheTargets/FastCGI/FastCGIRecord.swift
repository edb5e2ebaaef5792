// SPDX-License-Identifier: Apache-2.0

/// One record of the FastCGI protocol, and the pure translation between it and bytes.
///
/// Invariant: `content` has at most `maximumContent` bytes, so every record can be encoded.
/// Source: FastCGI Specification 1.0, sections 3.3 and 8.
public struct FastCGIRecord: Sendable, Equatable {
    /// The record types of protocol version 1.
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// Opens a request.
        case beginRequest = 1
        /// Gives a request up.
        case abortRequest = 2
        /// Closes a request.
        case endRequest = 3
        /// A piece of the name-value stream.
        case parameters = 4
        /// A piece of the request body.
        case standardInput = 5
        /// A piece of the reply.
        case standardOutput = 6
        /// A piece of the error text.
        case standardError = 7
        /// A piece of the second input of a filter.
        case filterInput = 8
        /// Asks for properties of the server.
        case getValues = 9
        /// Answers `getValues`.
        case getValuesResult = 10
        /// Answers a type the server does not know.
        case unknownType = 11
    }

    /// The length of a record's header.
    ///
    /// Unit: bytes.
    public static let headerLength = 8

    /// The longest content of one record.
    ///
    /// Unit: bytes.
    public static let maximumContent = 65_535

    /// What the record is.
    public let kind: Kind
    /// Which request it belongs to; 0 for records about the connection.
    public let requestID: UInt16
    /// What it carries.
    public let content: [UInt8]

    /// Makes a record; content beyond `maximumContent` makes none.
    public init?(kind: Kind, requestID: UInt16, content: [UInt8] = []) {
        guard content.count <= Self.maximumContent else { return nil }
        self.kind = kind
        self.requestID = requestID
        self.content = content
    }

    /// Why bytes are not a record.
    public enum Malformation: Error, Sendable, Equatable {
        /// The first byte is not protocol version 1.
        case version(UInt8)
        /// The second byte is no known type.
        case kind(UInt8)
        /// The content of a fixed-size record has another size.
        case length(Int)
    }

    /// What a prefix of a byte stream holds.
    public enum Decoding: Sendable, Equatable {
        /// A whole record, and how many bytes it took with its padding.
        case record(FastCGIRecord, consumed: Int)
        /// The bytes are a proper beginning; at least so many more are needed.
        case incomplete(missing: Int)
        /// No continuation can make these bytes a record.
        case malformed(Malformation)
    }

    /// Reads the record at the beginning of `bytes`.
    ///
    /// Law: total; `decode(record.encoded())` gives the record back and consumes everything.
    public static func decode(_ bytes: ArraySlice<UInt8>) -> Decoding {
        let start = bytes.startIndex
        if let version = bytes.first, version != 1 { return .malformed(.version(version)) }
        guard bytes.count >= headerLength else {
            return .incomplete(missing: headerLength - bytes.count)
        }
        guard let kind = Kind(rawValue: bytes[start + 1]) else {
            return .malformed(.kind(bytes[start + 1]))
        }
        let requestID = UInt16(bytes[start + 2]) << 8 | UInt16(bytes[start + 3])
        let length = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
        let total = headerLength + length + Int(bytes[start + 6])
        guard bytes.count >= total else { return .incomplete(missing: total - bytes.count) }
        let content = Array(bytes[(start + headerLength)..<(start + headerLength + length)])
        guard let record = FastCGIRecord(kind: kind, requestID: requestID, content: content) else {
            return .malformed(.length(length))
        }
        return .record(record, consumed: total)
    }

    /// The bytes of the record, without padding.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerLength + content.count)
        Self.append(kind, requestID: requestID, content: content[...], to: &bytes)
        return bytes
    }

    /// Appends one record; the caller keeps `content` within `maximumContent`.
    static func append(
        _ kind: Kind, requestID: UInt16, content: ArraySlice<UInt8>, to bytes: inout [UInt8]
    ) {
        let length = UInt16(truncatingIfNeeded: content.count)
        bytes += [
            1, kind.rawValue, UInt8(requestID >> 8), UInt8(requestID & 0xFF),
            UInt8(length >> 8), UInt8(length & 0xFF), 0, 0,
        ]
        bytes += content
    }
}

extension FastCGIRecord {
    /// The content of an end record.
    public struct Ending: Sendable, Equatable {
        /// The exit status of the program which answered.
        public let applicationStatus: UInt32
        /// 0 complete, 1 cannot multiplex, 2 overloaded, 3 unknown role.
        public let protocolStatus: UInt8
    }

    /// Reads the content of an end record.
    ///
    /// - Throws: `Malformation.length` if it is not eight bytes.
    public func ending() throws(Malformation) -> Ending {
        guard kind == .endRequest, content.count == 8 else { throw .length(content.count) }
        let status = content[0..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Ending(applicationStatus: status, protocolStatus: content[4])
    }
}
