// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
public import HTTPTransport
import ProgramRunner

/// A request to a web server, with or without TLS.
///
/// Without, our own client sends it; with, curl does, which knows the system's certificates.
/// Redirects are never followed: what a body or a token is meant for is that address alone.
public struct WebExchange: Sendable {
    /// Where it goes.
    public let place: WebPlace
    /// How long it may take, connecting included.
    public let timeout: Duration

    /// A file of the certificates that are trusted in place of the system's.
    var authorities: String?

    /// The most bytes of an answer's body.
    ///
    /// Unit: bytes.
    static let maximumAnswer = 64 << 10

    /// An answer, whatever its status.
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
        /// Over TLS none are told.
        let fields: [HTTPField]
        let seconds: Double

        /// The value of the first header of a name in lower case.
        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    /// Prepares requests; nothing is opened yet.
    public init(_ place: WebPlace, timeout: Duration) {
        self.place = place
        self.timeout = timeout
    }

    /// Posts something, and is content with any status from 200 to 299.
    ///
    /// - Throws: `httpStatus` for another status; else what happened on the way.
    public func post(
        _ body: [UInt8], type: String, fields: [HTTPField] = []
    ) async throws(CacheTargetError) {
        let answer = try await send(.post, fields: fields, type: type, body: body)
        guard !(200..<300).contains(answer.status) else { return }
        throw CacheTargetError(
            .httpStatus, target: place.description, operation: "post",
            expected: "a status from 200 to 299", found: "status \(answer.status)",
            hint: (300..<400).contains(answer.status)
                ? "Name the address that it redirects to." : "Look into that server's log.")
    }

    /// Sends a request and waits for the whole answer.
    func send(
        _ method: HTTPCall.Method, fields: [HTTPField] = [], type: String? = nil,
        body: [UInt8] = [], host: String? = nil
    ) async throws(CacheTargetError) -> Answer {
        guard !place.isEncrypted else {
            return try await sendByCurl(method, fields: fields, type: type, body: body)
        }
        let client = HTTPClient(
            endpoint: .tcp(host: place.host, port: place.port),
            limits: HTTPLimits(
                connect: min(timeout, .seconds(2)), answer: timeout,
                bodyBytes: Self.maximumAnswer))
        let began = ContinuousClock.now
        do {
            let answer = try await client.send(
                HTTPCall(
                    method, place.target, host: host ?? place.authority, contentType: type,
                    fields: fields, body: body))
            return Answer(
                status: answer.status, body: answer.body, fields: answer.fields,
                seconds: (ContinuousClock.now - began) / .seconds(1))
        } catch {
            throw failure(error)
        }
    }

    private func failure(_ error: HTTPTransportError) -> CacheTargetError {
        let code: CacheTargetError.Code =
            switch error.code {
            case .refused, .unreachable: .refused
            case .missingSocket: .socketMissing
            case .permission: .permissionDenied
            case .timeout, .cancelled: .timedOut
            case .protocolViolation: .wrongProtocol
            case .tooLarge: .replyTooLarge
            case .invalidRequest: .invalidRequest
            }
        let isAbsent = code == .refused
        return CacheTargetError(
            code, target: place.description, operation: "call", expected: error.expected,
            found: error.found,
            hint: isAbsent
                ? "Start that server, or correct its address in sitestacker.yml."
                : error.hint ?? "Look into that server's log.")
    }

    /// - Throws: what curl says, without the address, whose query may hold a token.
    private func sendByCurl(
        _ method: HTTPCall.Method, fields: [HTTPField], type: String?, body: [UInt8]
    ) async throws(CacheTargetError) -> Answer {
        var lines = ["url = \"\(place.url)\"", "request = \(method.rawValue)"]
        lines += fields.map { "header = \"\($0.name): \($0.value)\"" }
        if let type { lines.append("header = \"Content-Type: \(type)\"") }
        guard fields.allSatisfy({ Self.isPlain($0.name + $0.value) }) else {
            throw CacheTargetError(
                .invalidRequest, target: place.description, operation: "call",
                expected: "headers of plain text", found: "another one",
                hint: "Correct the request.")
        }
        if let authorities { lines.append("cacert = \"\(authorities)\"") }
        let began = ContinuousClock.now
        let settings = try SecretFile(lines.joined(separator: "\n") + "\n", for: place.description)
        // The value also removes it, but its last use is to give the path, before curl reads it.
        defer { settings.remove() }
        let result: ProgramResult
        do {
            // The address and the headers stay out of the list of processes.
            result = try await ProgramRunner().run(
                ProgramCall(
                    [
                        "curl", "--disable", "--globoff", "--silent", "--show-error", "--proto",
                        "=https",
                        "--max-redirs", "0", "--max-filesize", "\(Self.maximumAnswer)",
                        "--data-binary", "@-", "--write-out", "\n%{http_code}", "--config",
                        settings.path,
                    ], in: "/", environment: ProgramEnvironment.clean(for: nil), input: body,
                    outputLimit: Self.maximumAnswer + 64, deadline: timeout))
        } catch {
            throw CacheTargetError(
                error.code == .timedOut ? .timedOut : .system, target: place.description,
                operation: "call with curl", expected: error.expected, found: error.found,
                hint: error.hint)
        }
        guard result.isSuccess, let end = result.output.lastIndex(of: 0x0A),
            let status = Int(String(decoding: result.output[(end + 1)...], as: UTF8.self)),
            status > 0
        else {
            throw CacheTargetError(
                .refused, target: place.description, operation: "call with curl",
                expected: "an answer", found: Self.complaint(of: result),
                hint: "Look whether the server runs and its certificate is valid.")
        }
        return Answer(
            status: status, body: Array(result.output[..<end]), fields: [],
            seconds: (ContinuousClock.now - began) / .seconds(1))
    }

    /// What curl says went wrong: under its reason it may write where to read on.
    private static func complaint(of result: ProgramResult) -> String {
        let lines = String(decoding: result.complaint, as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("curl: (") }.map(String.init) ?? result.lastComplaint
    }

    /// Whether text can stand between quotes in curl's settings and in one header.
    static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }
}

/// A file that only this user reads, gone with the value.
private final class SecretFile: Sendable {
    let path: String

    init(_ text: String, for target: String) throws(CacheTargetError) {
        var template = Array("/tmp/sitestacker-call-XXXXXX".utf8CString)
        let number = mkstemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let bytes = Array(text.utf8)
        let count = number < 0 ? -1 : write(number, bytes, bytes.count)
        let reason = String(cString: strerror(errno))
        if number >= 0 { _ = close(number) }
        guard count == bytes.count else {
            throw CacheTargetError(
                .system, target: target, operation: "write the settings of a call",
                expected: "a file below /tmp", found: reason, hint: "Free some space there.")
        }
    }

    /// Removes it; once more is no error.
    func remove() { _ = unlink(path) }

    deinit { remove() }
}
