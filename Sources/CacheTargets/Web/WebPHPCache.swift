// SPDX-License-Identifier: Apache-2.0

public import ClusterModel
import HTTPTransport

/// The opcode cache and the user cache of PHP inside a web server (mod_php), cleared by a script
/// that is requested from the local URL.
public struct WebPHPCache: CacheTarget {
    /// What lives in a PHP process.
    public var abilities: Set<OrderPart> { PHPOrder.abilities }

    private let place: WebPlace
    private let site: String
    private let root: String
    private let pool: BlockingPool
    private let timeout: Duration
    private let settle: Duration

    /// Describes the web server; nothing is contacted yet.
    ///
    /// - Parameters:
    ///   - place: The address of this server's own site.
    ///   - root: The folder which that address serves, from the root of the installation.
    ///   - pool: The threads that write the script.
    public init(
        _ place: WebPlace, site: String, root: String, pool: BlockingPool, timeout: Duration,
        settle: Duration = .seconds(2)
    ) {
        self.place = place
        self.site = site
        self.root = root
        self.pool = pool
        self.timeout = timeout
        self.settle = settle
    }

    /// What its steps are called.
    public var name: String { "http \(place)" }

    /// Clears by one script and one order to it, within the deadline.
    public func clear(
        _ order: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        guard !order.parts.isDisjoint(with: abilities), !spared.contains(name) else { return [] }
        let plan = PHPOrder(order, site: site)
        var steps = plan.refused.map { $0.step(target: name) }
        let limit = ContinuousClock.now + timeout
        if let request = plan.request {
            let reports = await clear(request, until: limit)
            steps += reports.map { StepReceipt($0, target: name) }
        }
        return steps
    }

    private func clear(
        _ request: ClearRequest, until limit: ContinuousClock.Instant
    ) async -> [CacheClearReport] {
        let began = ContinuousClock.now
        func verdict(at end: ContinuousClock.Instant) -> ClearVerdict {
            ClearVerdict(
                target: place.description, request: request,
                milliseconds: (end - began) / .milliseconds(1))
        }
        do throws(CacheTargetError) {
            let (site, root) = (site, root)
            let script = try await pool.run { () throws(CacheTargetError) in
                try WebScript(site: site, root: root)
            }
            // The value also removes it, but not before its last use has been forgotten.
            defer { script.remove() }
            let answer = try await converse(request, script, until: limit)
            return verdict(at: answer.heard).reports(answer)
        } catch {
            return verdict(at: .now).reports(error)
        }
    }

    /// Clears, then asks until the effect is proved: a reset of the opcode cache happens when a
    /// later request begins.
    private func converse(
        _ request: ClearRequest, _ script: WebScript, until limit: ContinuousClock.Instant
    ) async throws(CacheTargetError) -> ClearExchange.Answer {
        let reply = try await ask(request.parameters, request.body, script, until: limit)
        var answer = ClearExchange.Answer(reply: reply, opcodeAfter: nil, heard: .now)
        guard request.opcode == .all, case .active(let before, _, let result) = reply.opcode,
            result[2] == 0
        else { return answer }
        let patience = min(limit, ContinuousClock.now + settle)
        var pause = Duration.milliseconds(1)
        while true {
            let later = try await ask(ClearExchange.statusParameters, [], script, until: limit)
            guard case .active(let now, _, _) = later.opcode else {
                answer.opcodeAfter = nil
                return answer
            }
            answer.opcodeAfter = now
            if now.wasEmptied(since: before) || ContinuousClock.now >= patience { return answer }
            do {
                try await Task.sleep(for: pause)
            } catch {
                return answer
            }
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    private func ask(
        _ parameters: [(name: String, value: String)], _ body: [UInt8], _ script: WebScript,
        until limit: ContinuousClock.Instant
    ) async throws(CacheTargetError) -> ClearReply {
        let folder = place.path.hasSuffix("/") ? place.path : place.path + "/"
        let rest = max(.milliseconds(1), limit - ContinuousClock.now)
        let exchange = WebExchange(try place.with(target: folder + script.name), timeout: rest)
        let fields = parameters.map { name, value in
            HTTPField("x-\(name.lowercased().replacing("_", with: "-"))", value)
        }
        let answer = try await exchange.send(
            .post, fields: fields + [HTTPField("x-sitestacker-token", script.token)],
            type: "application/octet-stream", body: body)
        return try judge(answer)
    }

    /// The script's own answer, or the reason why there is none.
    private func judge(_ answer: WebExchange.Answer) throws(CacheTargetError) -> ClearReply {
        let text = String(decoding: answer.body.prefix(512), as: UTF8.self)
        func refusal(_ code: CacheTargetError.Code, _ found: String, _ hint: String)
            -> CacheTargetError
        {
            CacheTargetError(
                code, target: place.description, operation: "run the clear script",
                expected: "its answer with status 200", found: found, hint: hint)
        }
        switch answer.status {
        case 200: break
        case 300..<400:
            throw refusal(
                .httpStatus, "a redirect to \(answer.field("location") ?? "another address")",
                "Name the address that serves the site itself.")
        case 401, 403:
            throw refusal(
                .accessDenied, "status \(answer.status)",
                "Let this host request sitestacker-clear-*.php in that folder.")
        case 404:
            throw refusal(
                .scriptNotFound, "status 404",
                "Let root: name the folder of the installation that this address serves.")
        case 500..<600 where FastCGIReply.namesFatal(text) || answer.status == 500:
            throw refusal(.phpFatal, "status \(answer.status)", "Look into the server's error log.")
        case let status:
            throw refusal(.httpStatus, "status \(status)", "Look into the server's error log.")
        }
        guard !text.hasPrefix("<?php") else {
            throw refusal(
                .unexpectedReply, "its source: PHP is not run there",
                "Name the address at which PHP runs, or drop this cache.")
        }
        do {
            return try ClearReply.decode(answer.body)
        } catch {
            throw refusal(
                FastCGIReply.namesFatal(text) ? .phpFatal : .unexpectedReply,
                "\(error.reason): \(text.prefix(100))",
                "Look for a rewrite rule that sends every request to the application.")
        }
    }
}
