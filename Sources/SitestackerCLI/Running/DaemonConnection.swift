// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import FoundationEssentials
import HTTPTransport

/// The daemon of this host, through its local socket.
public struct DaemonConnection: Sendable {
    /// The socket.
    public let socketPath: String
    /// The root of the installation that is meant; `nil` leaves it to a daemon with but one.
    public let site: String?

    /// Names the daemon of a state directory.
    public init(stateDirectory: String, site: String?) {
        socketPath = stateDirectory + "/" + Routes.socketName
        self.site = site
    }

    /// Asks.
    ///
    /// - Throws: `HTTPTransportError` without an answer in time, the daemon's own `ErrorDocument`
    ///   where it refuses.
    public func get<Answer: Decodable>(
        _ route: String, query: [(name: String, value: String)] = [],
        within limit: Duration = .seconds(30), as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await answer(to: call(.get, route, query), within: limit)
    }

    /// Asks for something to be done.
    ///
    /// - Throws: `HTTPTransportError` without an answer in time, the daemon's own `ErrorDocument`
    ///   where it refuses.
    public func post<Answer: Decodable>(
        _ route: String, _ document: some Encodable, within limit: Duration = .seconds(30),
        as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await answer(to: try call(route, document), within: limit)
    }

    /// Asks for something to be done that needs no words.
    ///
    /// - Throws: `HTTPTransportError` without an answer in time, the daemon's own `ErrorDocument`
    ///   where it refuses.
    public func post<Answer: Decodable>(
        _ route: String, within limit: Duration = .seconds(30), as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try await answer(to: call(.post, route, []), within: limit)
    }

    /// Gives each line of a stream to `receive` until it ends.
    ///
    /// - Throws: as ``get(_:query:within:as:)`` does, and whatever `receive` throws.
    public func stream<Line: Decodable>(
        _ route: String, query: [(name: String, value: String)] = [],
        receive: (Line) throws -> Void
    ) async throws {
        try await stream(call(.get, route, query), within: .seconds(30), receive: receive)
    }

    /// Asks for something to be done, and gives each line of what came of it to `receive`.
    ///
    /// - Throws: as ``get(_:query:within:as:)`` does, and whatever `receive` throws.
    public func stream<Line: Decodable>(
        _ route: String, _ document: some Encodable, within limit: Duration,
        receive: (Line) throws -> Void
    ) async throws {
        try await stream(try call(route, document), within: limit, receive: receive)
    }

    private func stream<Line: Decodable>(
        _ call: HTTPCall, within limit: Duration, receive: (Line) throws -> Void
    ) async throws {
        let outcome = try await client(limit).stream(call) { reader in
            while let line = try await reader.next() {
                try receive(try decodedLine(line, of: call))
            }
        }
        if case .answered(let answer) = outcome { throw refusal(answer, of: call) }
    }

    private func answer<Answer: Decodable>(
        to call: HTTPCall, within limit: Duration
    ) async throws -> Answer {
        let answer = try await client(limit).send(call)
        guard answer.status == 200 else { throw refusal(answer, of: call) }
        return try decoded(answer.body, of: call)
    }

    private func client(_ limit: Duration) -> HTTPClient {
        HTTPClient(
            endpoint: .unixSocket(path: socketPath), limits: HTTPLimits(answer: limit))
    }

    private func call(_ route: String, _ document: some Encodable) throws -> HTTPCall {
        var call = call(.post, route, [])
        call.contentType = "application/json"
        let encoder = JSONEncoder()
        // Base64 may be nothing but slashes.
        encoder.outputFormatting = .withoutEscapingSlashes
        call.body = Array(try encoder.encode(document))
        return call
    }

    private func call(
        _ method: HTTPCall.Method, _ route: String, _ query: [(name: String, value: String)]
    ) -> HTTPCall {
        var items = query
        if let site { items.append((name: "site", value: site)) }
        let text = items.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
        return HTTPCall(method, items.isEmpty ? route : "\(route)?\(text)", host: "localhost")
    }

    /// The document of a line.
    ///
    /// - Throws: `ErrorDocument` where the line is another one, or says what went wrong.
    private func decodedLine<Line: Decodable>(
        _ bytes: [UInt8], of call: HTTPCall
    ) throws(ErrorDocument) -> Line {
        if bytes.starts(with: Array(#"{"error":{"#.utf8)) {
            let failure: StreamFailureLine = try decoded(bytes, of: call)
            throw failure.error
        }
        return try decoded(bytes, of: call)
    }

    private func decoded<Answer: Decodable>(
        _ bytes: [UInt8], of call: HTTPCall
    ) throws(ErrorDocument) -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes))
        } catch {
            throw unexpected("a \(Answer.self)", "something else", of: call)
        }
    }

    private func refusal(_ answer: HTTPAnswer, of call: HTTPCall) -> ErrorDocument {
        do {
            return try decoded(answer.body, of: call)
        } catch {
            return unexpected("an answer of this version", "status \(answer.status)", of: call)
        }
    }

    private func unexpected(_ expected: String, _ found: String, of call: HTTPCall) -> ErrorDocument
    {
        ErrorDocument(
            code: "unexpected-answer",
            message: "the daemon at \(socketPath), asked for"
                + " \(call.target.prefix { $0 != "?" }): expected \(expected), found \(found)",
            hint: "Are daemon and command line of one version?", exitStatus: ExitStatus.failed)
    }
}

/// A value of a query, with everything but unreserved characters as `%XX`.
///
/// Source: RFC 3986, section 2.3.
func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }
    }
    return result
}
