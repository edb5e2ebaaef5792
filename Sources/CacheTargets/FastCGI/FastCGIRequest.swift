// SPDX-License-Identifier: Apache-2.0

/// One request to a FastCGI server in the role of a responder.
///
/// Source: FastCGI Specification 1.0, sections 3.4, 5.1 to 5.3 and 6.2.
public struct FastCGIRequest: Sendable {
    /// The longest sum of names and values.
    ///
    /// Unit: bytes.
    public static let maximumParameters = 64 * 1_024

    /// The longest body.
    ///
    /// Unit: bytes.
    public static let maximumBody = 1_024 * 1_024

    /// The names and values, in the order in which they travel.
    public var parameters: [(name: String, value: String)]
    /// The request body.
    public var body: [UInt8]

    /// Makes a request from its parts.
    public init(parameters: [(name: String, value: String)], body: [UInt8] = []) {
        self.parameters = parameters
        self.body = body
    }

    /// The bytes of the whole request, or nothing if it is beyond a limit.
    ///
    /// One buffer, so that one system call sends it. The server closes the connection afterwards.
    public func encoded(requestID: UInt16) -> [UInt8]? {
        var stream: [UInt8] = []
        for (name, value) in parameters {
            Self.appendLength(name.utf8.count, to: &stream)
            Self.appendLength(value.utf8.count, to: &stream)
            stream += name.utf8
            stream += value.utf8
            guard stream.count <= Self.maximumParameters else { return nil }
        }
        guard body.count <= Self.maximumBody else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(stream.count + body.count + 128)
        let role: [UInt8] = [0, 1, 0, 0, 0, 0, 0, 0]
        FastCGIRecord.append(.beginRequest, requestID: requestID, content: role[...], to: &bytes)
        Self.append(stream, as: .parameters, requestID: requestID, to: &bytes)
        Self.append(body, as: .standardInput, requestID: requestID, to: &bytes)
        return bytes
    }

    /// A stream in records of bounded size, closed by an empty one.
    private static func append(
        _ stream: [UInt8], as kind: FastCGIRecord.Kind, requestID: UInt16, to bytes: inout [UInt8]
    ) {
        var rest = stream[...]
        while !rest.isEmpty {
            let piece = rest.prefix(FastCGIRecord.maximumContent)
            FastCGIRecord.append(kind, requestID: requestID, content: piece, to: &bytes)
            rest = rest.dropFirst(piece.count)
        }
        FastCGIRecord.append(kind, requestID: requestID, content: [], to: &bytes)
    }

    private static func appendLength(_ length: Int, to bytes: inout [UInt8]) {
        if length < 128 {
            bytes.append(UInt8(length))
        } else {
            let word = UInt32(clamping: length) | 0x8000_0000
            bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
    }
}
