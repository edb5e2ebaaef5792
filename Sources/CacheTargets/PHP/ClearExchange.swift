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

    /// How long after the reset its effect is asked for.
    ///
    /// The restart needs a moment in which no request runs: who asks at once mostly asks twice. And
    /// on a host with several masters every first word comes before every proof.
    private static let patience = Duration.milliseconds(2)

    /// What was learnt; `opcodeAfter` is newer than the reply's own where a restart was awaited.
    struct Answer: Sendable {
        var reply: ClearReply
        var opcodeAfter: OpcodeCounters?
        /// When the server said that it had done what was asked; the proof comes later.
        var heard: ContinuousClock.Instant
    }

    /// Clears at `address`.
    ///
    /// - Throws: what went wrong on the way.
    func clear(
        _ request: ClearRequest, at address: SocketAddress, until deadline: Deadline
    ) throws(CacheTargetError) -> Answer {
        let reply = try order(request, at: address, until: deadline)
        let heard = ContinuousClock.now
        guard request.opcode == .all, case .active(let before, _, let result) = reply.opcode,
            result[2] == 0
        else { return Answer(reply: reply, opcodeAfter: nil, heard: heard) }
        let after = try awaitRestart(since: before, at: address, until: deadline)
        return Answer(reply: reply, opcodeAfter: after, heard: heard)
    }

    /// Reads the counters without clearing.
    func status(
        at address: SocketAddress, until deadline: Deadline
    ) throws(CacheTargetError) -> ClearReply {
        try read(run(.counting, at: address, until: deadline), of: address)
    }

    /// Has it done by the short program where that can do it, else by the one that can do all.
    private func order(
        _ request: ClearRequest, at address: SocketAddress, until deadline: Deadline
    ) throws(CacheTargetError) -> ClearReply {
        if request == .everything {
            let reply = try run(.whole, at: address, until: deadline)
            let isDone = !reply.body.elementsEqual(ClearScriptSource.otherwise.utf8)
            if isDone { return try read(reply, of: address) }
        }
        let reply = try run(
            .selective, request.parameters, request.body, at: address, until: deadline)
        return try read(reply, of: address)
    }

    /// What makes a script that can do everything only count.
    static let statusParameters = [
        (name: "SITESTACKER_OPCODE", value: "none"), ("SITESTACKER_FILES", "0"),
        ("SITESTACKER_USER", "none"), ("SITESTACKER_ITEMS", "0"), ("SITESTACKER_KEYS", "0"),
        ("SITESTACKER_PREFIXES", "0"),
    ]

    private func awaitRestart(
        since before: OpcodeCounters, at address: SocketAddress, until deadline: Deadline
    ) throws(CacheTargetError) -> OpcodeCounters? {
        let limit = Deadline.after(settle).earlier(of: deadline)
        var pause = Self.patience
        while true {
            // Between the questions the child is let go: others may need it.
            deadline.pause(pause)
            guard case .active(let now, _, _) = try status(at: address, until: deadline).opcode
            else { return nil }
            if now.wasEmptied(since: before) || limit.hasPassed { return now }
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    /// Runs one of the programs, on a connection of its own.
    private func run(
        _ edition: ClearScript.Edition, _ parameters: [(name: String, value: String)] = [],
        _ body: [UInt8] = [], at address: SocketAddress, until deadline: Deadline
    ) throws(CacheTargetError) -> FastCGIReply {
        try script.install(edition)
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
        let connection = try FastCGIConnection.open(
            address, deadlines: deadlines, deadline: deadline)
        let reply = try connection.perform(request)
        try reply.check(address)
        return reply
    }

    private func read(
        _ reply: FastCGIReply, of address: SocketAddress
    ) throws(CacheTargetError) -> ClearReply {
        do {
            return try ClearReply.decode(reply.body)
        } catch {
            let text = String(decoding: reply.body.prefix(512), as: UTF8.self)
            let isFatal = FastCGIReply.namesFatal(text) || FastCGIReply.namesFatal(reply.errorText)
            throw CacheTargetError(
                isFatal ? .phpFatal : .unexpectedReply, target: address.description,
                operation: "read the clear script's answer", expected: "an answer of version 1",
                found: "\(error.reason): \(isFatal ? reply.errorText + text : text)",
                hint: "Look into the pool's error log, and for an auto_prepend_file with output.")
        }
    }
}
