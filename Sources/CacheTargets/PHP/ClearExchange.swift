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
        let awaitsRestart = request.opcode == .all
        try script.install(edition)
        if awaitsRestart { try script.install(.counting) }
        var connection = try FastCGIConnection.open(
            address, deadlines: deadlines, deadline: deadline)
        let order = message(edition, request.parameters, request.body)
        // The question follows at once where PHP has read all of the order before it runs it.
        let isTogether = awaitsRestart && request.body.isEmpty
        try connection.send(
            isTogether ? [order, question] : [order], keepsConnection: awaitsRestart && !isTogether)
        let reply = try hear(on: &connection)
        guard awaitsRestart, case .active(let before, _, let result) = reply.opcode, result[2] == 0
        else { return Answer(reply: reply, opcodeAfter: nil) }
        let after = try awaitRestart(
            since: before, on: &connection, isAsked: isTogether, until: deadline)
        return Answer(reply: reply, opcodeAfter: after)
    }

    /// Reads the counters without clearing.
    func status(
        at address: SocketAddress, until deadline: Deadline
    ) throws(CacheTargetError) -> ClearReply {
        try script.install(.counting)
        var connection = try FastCGIConnection.open(
            address, deadlines: deadlines, deadline: deadline)
        try connection.send([question])
        return try hear(on: &connection)
    }

    /// What makes a script that can do everything only count.
    static let statusParameters = [
        (name: "SITESTACKER_OPCODE", value: "none"), ("SITESTACKER_FILES", "0"),
        ("SITESTACKER_USER", "none"), ("SITESTACKER_ITEMS", "0"), ("SITESTACKER_KEYS", "0"),
        ("SITESTACKER_PREFIXES", "0"),
    ]

    private var question: FastCGIRequest { message(.counting, [], []) }

    private func awaitRestart(
        since before: OpcodeCounters, on connection: inout FastCGIConnection, isAsked: Bool,
        until deadline: Deadline
    ) throws(CacheTargetError) -> OpcodeCounters? {
        let limit = Deadline.after(settle).earlier(of: deadline)
        var pause = Duration.milliseconds(1)
        var reply = try firstStatus(on: &connection, isAsked: isAsked, deadline)
        while true {
            guard case .active(let now, _, _) = reply.opcode else { return nil }
            if now.wasEmptied(since: before) || limit.hasPassed { return now }
            // Between the questions the child is let go: others may need it.
            connection.pause(pause)
            pause = min(pause * 2, .milliseconds(50))
            reply = try statusAnew(on: &connection, deadline)
        }
    }

    /// The answer to the question behind the order; asked once more on a new connection where the
    /// child had reached its pm.max_requests and closed the kept one.
    private func firstStatus(
        on connection: inout FastCGIConnection, isAsked: Bool, _ deadline: Deadline
    ) throws(CacheTargetError) -> ClearReply {
        do throws(CacheTargetError) {
            if !isAsked { try connection.send([question]) }
            return try hear(on: &connection)
        } catch {
            guard error.code == .replyCut else { throw error }
            return try statusAnew(on: &connection, deadline)
        }
    }

    /// Asks on a new connection, which takes the place of the old one: PHP-FPM's child serves
    /// nobody until that is closed from here, too.
    private func statusAnew(
        on connection: inout FastCGIConnection, _ deadline: Deadline
    ) throws(CacheTargetError) -> ClearReply {
        connection = try FastCGIConnection.open(
            connection.address, deadlines: deadlines, deadline: deadline)
        try connection.send([question])
        return try hear(on: &connection)
    }

    private func message(
        _ edition: ClearScript.Edition, _ parameters: [(name: String, value: String)],
        _ body: [UInt8]
    ) -> FastCGIRequest {
        let path = script.visiblePath(edition)
        return FastCGIRequest(
            parameters: [
                ("GATEWAY_INTERFACE", "CGI/1.1"), ("SERVER_PROTOCOL", "HTTP/1.1"),
                ("SERVER_SOFTWARE", "sitestacker"), ("REQUEST_METHOD", "POST"),
                ("SCRIPT_FILENAME", path), ("SCRIPT_NAME", path),
                ("REQUEST_URI", path), ("QUERY_STRING", ""),
                ("CONTENT_TYPE", "application/octet-stream"),
                ("CONTENT_LENGTH", String(body.count)), ("SITESTACKER_TOKEN", script.token),
            ] + parameters, body: body)
    }

    private func hear(
        on connection: inout FastCGIConnection
    ) throws(CacheTargetError) -> ClearReply {
        let reply = try connection.receive()
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
