// SPDX-License-Identifier: Apache-2.0

/// The answer to one request: a CGI reply, and what the program wrote to its error stream.
public struct FastCGIReply: Sendable, Equatable {
    /// The status of the reply; 200 where the program names none.
    ///
    /// Source: RFC 3875, section 6.3.3.
    public let status: Int
    /// What follows the header.
    public let body: [UInt8]
    /// The beginning of the error stream.
    ///
    /// Limit: 4 KiB.
    public let errorText: String
}

/// Gathers the records of one reply, from bytes in pieces of any size.
///
/// Pure: the connection feeds it, and tests feed it without one.
/// Invariant: holds at most `limit` bytes of output and two records of input.
public struct FastCGIReplyReader: Sendable {
    /// Why the bytes are not a reply.
    public enum Refusal: Error, Sendable, Equatable {
        /// The bytes are no FastCGI record.
        case malformed(FastCGIRecord.Malformation)
        /// The record answers another request, or is one only a client may send.
        case unexpected(FastCGIRecord.Kind, requestID: UInt16)
        /// The output is larger than the limit.
        case tooLarge(limit: Int)
        /// The server ended the request with this protocol status.
        case declined(protocolStatus: UInt8)
        /// The output does not begin with a CGI header.
        case noHeader
        /// Bytes follow the end of the reply.
        case trailing(Int)
    }

    /// The longest CGI header.
    ///
    /// Unit: bytes.
    static let maximumHeader = 16 * 1_024
    private static let maximumErrorText = 4 * 1_024

    private let requestID: UInt16
    private let limit: Int
    private var pending: [UInt8] = []
    private var received = 0
    private var output: [UInt8] = []
    private var errorText: [UInt8] = []

    /// Expects the reply to `requestID`.
    ///
    /// - Parameter limit: the most that may arrive, in bytes, padding and headers counted.
    public init(requestID: UInt16, limit: Int) {
        self.requestID = requestID
        self.limit = limit
    }

    /// Takes the next bytes; gives the reply once it is whole.
    ///
    /// - Throws: `Refusal`, as soon as no continuation can make the bytes an acceptable reply.
    public mutating func take(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> FastCGIReply? {
        received += bytes.count
        guard received <= limit else { throw .tooLarge(limit: limit) }
        pending += bytes
        var position = 0
        while true {
            switch FastCGIRecord.decode(pending[position...]) {
            case .incomplete:
                pending.removeFirst(position)
                return nil
            case .malformed(let malformation):
                throw .malformed(malformation)
            case .record(let record, let consumed):
                position += consumed
                guard try accept(record) else { continue }
                let rest = pending.count - position
                guard rest == 0 else { throw .trailing(rest) }
                return try Self.parse(output, errorText: errorText)
            }
        }
    }

    /// Takes one record; true when it ends the request.
    private mutating func accept(_ record: FastCGIRecord) throws(Refusal) -> Bool {
        guard record.requestID == requestID else {
            throw .unexpected(record.kind, requestID: record.requestID)
        }
        switch record.kind {
        case .standardOutput:
            output += record.content
            return false
        case .standardError:
            errorText += record.content.prefix(Self.maximumErrorText - errorText.count)
            return false
        case .endRequest:
            let ending: FastCGIRecord.Ending
            do { ending = try record.ending() } catch { throw .malformed(error) }
            guard ending.protocolStatus == 0 else {
                throw .declined(protocolStatus: ending.protocolStatus)
            }
            return true
        case .beginRequest, .abortRequest, .parameters, .standardInput, .filterInput, .getValues,
            .getValuesResult, .unknownType:
            throw .unexpected(record.kind, requestID: record.requestID)
        }
    }

    /// Splits a CGI reply into status and body.
    static func parse(_ output: [UInt8], errorText: [UInt8]) throws(Refusal) -> FastCGIReply {
        var status = 200
        var position = 0
        while true {
            let rest = output[position...].prefix(maximumHeader)
            guard position < maximumHeader, let end = rest.firstIndex(of: 0x0A) else {
                throw .noHeader
            }
            let raw = output[position..<end]
            let line = raw.last == 0x0D ? raw.dropLast() : raw
            position = end + 1
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: 0x3A) else { throw .noHeader }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            guard name == "status" else { continue }
            let digits = line[(colon + 1)...].drop { $0 == 0x20 }.prefix(3)
            guard let code = Int(String(decoding: digits, as: UTF8.self)),
                (100...599).contains(code)
            else { throw .noHeader }
            status = code
        }
        return FastCGIReply(
            status: status, body: Array(output[position...]),
            errorText: String(decoding: errorText, as: UTF8.self))
    }
}
