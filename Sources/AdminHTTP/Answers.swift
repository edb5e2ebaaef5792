// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import FoundationEssentials
import Hummingbird
import NodeRuntime
import ServiceLifecycle

/// The HTTP status that an error is answered with: by its code, else by its exit status.
func httpStatus(of error: ErrorDocument) -> HTTPResponse.Status {
    let byCode: [String: HTTPResponse.Status] = [
        "bad-request": .badRequest, "not-found": .notFound,
        "unknown-event": .notFound, "unknown-site": .notFound,
        "method-not-allowed": .methodNotAllowed, "too-large": .contentTooLarge,
        "payload-too-large": .contentTooLarge,
        "wrong-content-type": .unsupportedMediaType, "ambiguous-host": .misdirectedRequest,
        "locked": .conflict, "lock-superseded": .conflict,
        "rate-limited": .tooManyRequests, "too-slow": .requestTimeout,
    ]
    if let status = byCode[error.code] { return status }
    return switch error.exitStatus {
    case ExitStatus.usage: .badRequest
    case ExitStatus.notAuthorised: .forbidden
    case ExitStatus.incomplete: .gatewayTimeout
    case ExitStatus.unreachable, ExitStatus.tryLater: .serviceUnavailable
    default: .internalServerError
    }
}

/// The errors that this layer itself answers with.
enum Refusal {
    static let notFound = ErrorDocument(
        code: "not-found", message: "there is no such path", exitStatus: ExitStatus.usage)
    static let method = ErrorDocument(
        code: "method-not-allowed", message: "this path takes another method",
        exitStatus: ExitStatus.usage)
    static let rateLimited = ErrorDocument(
        code: "rate-limited", message: "too many requests from this address",
        hint: "Try again in a few seconds.", exitStatus: ExitStatus.tryLater)
    static let peer = ErrorDocument(
        code: "not-authorised", message: "this socket serves the daemon's user and root only",
        exitStatus: ExitStatus.notAuthorised)
    static let contentType = ErrorDocument(
        code: "wrong-content-type", message: "expected a body of application/json",
        exitStatus: ExitStatus.usage)

    static let tooSlow = ErrorDocument(
        code: "too-slow", message: "the body did not come in time", exitStatus: ExitStatus.failed)

    static func scope(_ scopes: [ApplicationScope]) -> ErrorDocument {
        ErrorDocument(
            code: "not-allowed", message: "this socket does not offer that",
            hint: "it offers: "
                + (scopes.isEmpty
                    ? "nothing" : scopes.map(\.rawValue).sorted().joined(separator: ", "))
                + "; see app: in sitestacker.yml", exitStatus: ExitStatus.notAuthorised)
    }

    static func badRequest(_ message: String) -> ErrorDocument {
        ErrorDocument(code: "bad-request", message: message, exitStatus: ExitStatus.usage)
    }

    static func tooLarge(limit: Int) -> ErrorDocument {
        ErrorDocument(
            code: "too-large", message: "expected a body of at most \(limit) bytes, found more",
            exitStatus: ExitStatus.usage)
    }
}

/// A response with a document.
func answer(
    _ document: some Encodable, status: HTTPResponse.Status = .ok, closing: Bool = false
) throws -> Response {
    var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
    if closing { headers[.connection] = "close" }
    return Response(
        status: status, headers: headers,
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoded(document))))
}

/// A response with one document a line, as they come.
///
/// It ends when the stream does, when the client leaves, and when the daemon is asked to stop;
/// then the stream's own termination tells its source. Where the stream fails, the last line says
/// how.
func answer<Lines: AsyncSequence & Sendable>(
    to request: Request, lines: Lines
) -> Response where Lines.Element: Encodable & Sendable, Lines.AsyncIterator: SendableMetatype {
    Response(
        status: .ok,
        headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store"],
        body: ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                // An empty line sends the head at once, also where the first line is far off.
                try await writer.write(ByteBuffer(string: "\n"))
                do {
                    for try await line in lines.cancelOnGracefulShutdown() {
                        try await writer.write(try encodedLine(line))
                    }
                } catch let error as ErrorDocument {
                    try await writer.write(try encodedLine(StreamFailureLine(error: error)))
                }
            }
            try await writer.finish(nil)
        })
}

private func encodedLine(_ line: some Encodable) throws -> ByteBuffer {
    var buffer = ByteBuffer(bytes: try encoded(line))
    buffer.writeString("\n")
    return buffer
}

private func encoded(_ document: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(document)
}

extension Request {
    /// The body, which stays in place for ``RequestBody`` to watch the connection.
    ///
    /// - Throws: `ErrorDocument` beyond the limit, where it does not come in time, or where the
    ///   client breaks off.
    mutating func wholeBody(
        limit: Int, within patience: Duration = .seconds(10)
    ) async throws(ErrorDocument) -> [UInt8] {
        // A promise to send too much is refused before anything of it is read.
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw Refusal.tooLarge(limit: limit)
        }
        let request = self
        let collected: (Request, ByteBuffer)?
        do {
            collected = try await withThrowingTaskGroup(of: (Request, ByteBuffer)?.self) { group in
                group.addTask {
                    var request = request
                    let bytes = try await request.collectBody(upTo: limit)
                    return (request, bytes)
                }
                group.addTask {
                    try await Task.sleep(for: patience)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } catch {
            throw Refusal.tooLarge(limit: limit)
        }
        guard let (whole, bytes) = collected else { throw Refusal.tooSlow }
        self = whole
        return Array(bytes.readableBytesView)
    }

    /// The document in the body.
    ///
    /// - Throws: `ErrorDocument` for another media type, more than `limit` bytes, and anything
    ///   but this document in strict JSON.
    mutating func document<Document: Decodable>(
        limit: Int, within patience: Duration = .seconds(10)
    ) async throws(ErrorDocument) -> Document {
        let type = headers[.contentType]?.lowercased().prefix { $0 != ";" && $0 != " " }
        guard type == "application/json" else { throw Refusal.contentType }
        let bytes = try await wholeBody(limit: limit, within: patience)
        do {
            try StrictJSON.check(bytes)
            return try JSONDecoder().decode(Document.self, from: Data(bytes))
        } catch let error as ErrorDocument {
            throw error
        } catch let flaw as JSONFlaw {
            throw Refusal.badRequest("byte \(flaw.offset) of the body: expected \(flaw.expected)")
        } catch {
            throw Refusal.badRequest("expected a \(Document.self), found other JSON")
        }
    }
}
