// SPDX-License-Identifier: Apache-2.0

/// The conversation with one master: clear, then ask again until the effect is proved.
///
/// `opcache_reset` only asks for a restart. It happens when a request begins while no other one
/// runs; from the reset on, requests that begin bypass the cache. So the reset's own request can
/// never see the effect: a second one causes the restart and reads the grown counter.
/// Runs on one blocking thread.
struct ClearExchange: Sendable {
    let script: ClearScript
    let deadlines: FastCGIDeadlines
    /// How long to wait for a pending restart.
    let settle: Duration

    /// What was learnt; `opcodeAfter` is newer than the reply's own where a restart was awaited.
    struct Answer: Sendable {
        var reply: ClearReply
        var opcodeAfter: OpcodeCounters?
    }

    /// Clears at `address`.
    ///
    /// - Throws: what went wrong on the way.
    func clear(
        _ request: ClearRequest, at address: SocketAddress, until deadline: Deadline
    ) throws(CacheTargetError) -> Answer {
        let edition = request.edition
        try script.install(edition)
        var connection = try FastCGIConnection.open(
            address, deadlines: deadlines, deadline: deadline)
        let awaitsRestart = request.opcode == .all
        let reply = try ask(
            edition, request.parameters, request.body, on: &connection,
            keepsConnection: awaitsRestart)
        guard awaitsRestart, case .active(let before, _, let result) = reply.opcode, result[2] == 0
        else { return Answer(reply: reply, opcodeAfter: nil) }
        if edition != .whole { try script.install(.whole) }
        let after = try awaitRestart(since: before, on: &connection, until: deadline)
        return Answer(reply: reply, opcodeAfter: after)
    }

    /// Reads the counters without clearing.
    func status(
        at address: SocketAddress, until deadline: Deadline
    ) throws(CacheTargetError) -> ClearReply {
        try script.install(.whole)
        var connection = try FastCGIConnection.open(
            address, deadlines: deadlines, deadline: deadline)
        return try ask(.whole, Self.statusParameters, [], on: &connection, keepsConnection: false)
    }

    static let statusParameters = [
        (name: "SITESTACKER_OPCODE", value: "none"), ("SITESTACKER_FILES", "0"),
        ("SITESTACKER_USER", "none"), ("SITESTACKER_ITEMS", "0"), ("SITESTACKER_KEYS", "0"),
        ("SITESTACKER_PREFIXES", "0"),
    ]

    private func awaitRestart(
        since before: OpcodeCounters, on connection: inout FastCGIConnection,
        until deadline: Deadline
    ) throws(CacheTargetError) -> OpcodeCounters? {
        let limit = Deadline.after(settle).earlier(of: deadline)
        var pause = Duration.milliseconds(1)
        var keepsConnection = true
        while true {
            let reply = try repeatedStatus(
                on: &connection, keepsConnection: keepsConnection, deadline)
            guard case .active(let now, _, _) = reply.opcode else { return nil }
            if now.wasEmptied(since: before) || limit.hasPassed { return now }
            // Between the questions the child is let go: others may need it.
            keepsConnection = false
            connection.pause(pause)
            pause = min(pause * 2, .milliseconds(50))
            connection = try FastCGIConnection.open(
                connection.address, deadlines: deadlines, deadline: deadline)
        }
    }

    /// Asks for the status; once more on a new connection where the child had reached its
    /// pm.max_requests and closed the kept one.
    private func repeatedStatus(
        on connection: inout FastCGIConnection, keepsConnection: Bool, _ deadline: Deadline
    ) throws(CacheTargetError) -> ClearReply {
        do throws(CacheTargetError) {
            return try ask(
                .whole, Self.statusParameters, [], on: &connection, keepsConnection: false)
        } catch {
            guard error.code == .replyCut, keepsConnection else { throw error }
            connection = try FastCGIConnection.open(
                connection.address, deadlines: deadlines, deadline: deadline)
            return try ask(
                .whole, Self.statusParameters, [], on: &connection, keepsConnection: false)
        }
    }

    private func ask(
        _ edition: ClearScript.Edition, _ parameters: [(name: String, value: String)],
        _ body: [UInt8],
        on connection: inout FastCGIConnection, keepsConnection: Bool
    ) throws(CacheTargetError) -> ClearReply {
        let path = script.visiblePath(edition)
        let request = FastCGIRequest(
            parameters: [
                ("GATEWAY_INTERFACE", "CGI/1.1"), ("SERVER_PROTOCOL", "HTTP/1.1"),
                ("SERVER_SOFTWARE", "sitestacker"), ("REQUEST_METHOD", "POST"),
                ("SCRIPT_FILENAME", path), ("SCRIPT_NAME", path),
                ("REQUEST_URI", path), ("QUERY_STRING", ""),
                ("CONTENT_TYPE", "application/octet-stream"),
                ("CONTENT_LENGTH", String(body.count)), ("SITESTACKER_TOKEN", script.token),
            ] + parameters, body: body)
        let reply = try connection.perform(request, keepsConnection: keepsConnection)
        try reply.check(connection.address)
        do {
            return try ClearReply.decode(reply.body)
        } catch {
            let text = String(decoding: reply.body.prefix(512), as: UTF8.self)
            let isFatal = FastCGIReply.namesFatal(text) || FastCGIReply.namesFatal(reply.errorText)
            throw CacheTargetError(
                isFatal ? .phpFatal : .unexpectedReply, target: connection.address.description,
                operation: "read the clear script's answer", expected: "an answer of version 1",
                found: "\(error.reason): \(isFatal ? reply.errorText + text : text)",
                hint: "Look into the pool's error log, and for an auto_prepend_file with output.")
        }
    }
}
