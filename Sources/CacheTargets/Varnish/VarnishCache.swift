// SPDX-License-Identifier: Apache-2.0

public import ClusterModel
import HTTPTransport

/// A Varnish server, told by `BAN` and `PURGE` what to forget.
///
/// Varnish answers with a status and counts nothing, so the only proof is that Varnish itself
/// accepted the request: steps say "accepted", and an answer which did not come from its VCL (a
/// back end that was asked by a VCL without our lines) is a failure.
/// Source: vcl(7), docs/guides/caches.md.
public struct VarnishCache: CacheTarget {
    /// How a page is forgotten that is named exactly.
    public enum PageMethod: String, Sendable, Hashable, CaseIterable {
        /// By a ban, like everything else.
        case ban
        /// At once, by `PURGE`; a URL without a host, or with `*`, is banned all the same.
        case purge
    }

    /// The header in which tags are sent where the configuration says nothing.
    public static let standardTagHeader = "X-Cache-Tags"

    /// The longest name of a tag header.
    private static let maximumHeader = 64

    /// What it knows: pages and tags.
    public var abilities: Set<OrderPart> { [.all, .url, .tag] }

    private let place: WebPlace
    private let timeout: Duration
    private let tagHeader: String
    private let pages: PageMethod

    /// Describes the server; nothing is contacted yet.
    ///
    /// - Throws: `invalidRequest` for a tag header that is no header's name.
    public init(
        _ place: WebPlace, tagHeader: String = standardTagHeader, pages: PageMethod = .ban,
        timeout: Duration = .seconds(10)
    ) throws(CacheTargetError) {
        let isName = tagHeader.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || $0 == 0x2D
        }
        guard isName, (1...Self.maximumHeader).contains(tagHeader.utf8.count) else {
            throw CacheTargetError(
                .invalidRequest, target: "varnish \(place)", operation: "read tag header",
                expected: "letters, digits and hyphens", found: tagHeader,
                hint: "Name the header that the VCL reads, such as X-Cache-Tags.")
        }
        self.place = place
        self.tagHeader = tagHeader
        self.pages = pages
        self.timeout = timeout
    }

    /// What its steps are called.
    public var name: String { "varnish \(place)" }

    /// Bans or purges what the order names: pages one by one, tags together.
    ///
    /// The first failure of the connection ends it: what is left would fail the same way.
    public func clear(
        _ order: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        guard !order.parts.isDisjoint(with: abilities), !spared.contains(name) else { return [] }
        let limit = ContinuousClock.now + timeout
        var steps: [StepReceipt] = []
        for wish in wishes(order) {
            let step = await perform(wish, until: limit)
            steps.append(step)
            if step.failure != nil { break }
        }
        return steps
    }

    /// URLs and tags that cannot be written into a ban.
    public func objections(to order: Invalidation) -> [Objection] {
        guard !order.everything else { return [] }
        var objections: [Objection] = []
        for url in order.urls {
            do throws(BanRequest.Refusal) {
                _ = try BanRequest(url: url)
            } catch {
                objections.append(Objection(.url, "URL", url, "is \(error.reason)"))
            }
        }
        for tag in order.tags {
            do throws(BanRequest.Refusal) {
                _ = try BanRequest.tagged([tag])
            } catch {
                objections.append(Objection(.tag, "tag", tag, "is \(error.reason)"))
            }
        }
        return objections
    }

    /// One thing to forget: the requests, or why there are none.
    private struct Wish {
        let action: String
        let requests: Result<[BanRequest], BanRequest.Refusal>
    }

    private func wishes(_ order: Invalidation) -> [Wish] {
        if order.everything {
            return [Wish(action: "ban everything", requests: .success([.everything]))]
        }
        var wishes = order.urls.map { url in
            Wish(
                action: "URL \(PrintableText.make(url))",
                requests: Result { () throws(BanRequest.Refusal) in [try BanRequest(url: url)] })
        }
        if !order.tags.isEmpty {
            let tags = PrintableText.make(order.tags.joined(separator: " "))
            wishes.append(
                Wish(
                    action: "tags \(tags)",
                    requests: Result { () throws(BanRequest.Refusal) in
                        try BanRequest.tagged(order.tags)
                    }))
        }
        return wishes
    }

    private func perform(
        _ wish: Wish, until limit: ContinuousClock.Instant
    ) async -> StepReceipt {
        let began = ContinuousClock.now
        var action = wish.action
        var failure: String?
        switch wish.requests {
        case .failure(let refusal):
            // Trying again would change nothing.
            action = StepReceipt.refused("\(wish.action) is \(refusal.reason)")
        case .success(let requests):
            do throws(CacheTargetError) {
                for request in requests { try await send(request, until: limit) }
                let isPurge = pages == .purge && requests.contains { $0.exact != nil }
                action += isPurge ? " (purge accepted)" : " (ban accepted; Varnish counts none)"
            } catch {
                failure = error.message(beside: name)
            }
        }
        return StepReceipt(
            target: name, action: action, failure: failure, proof: [],
            microseconds: began.microseconds)
    }

    private func send(
        _ request: BanRequest, until limit: ContinuousClock.Instant
    ) async throws(CacheTargetError) {
        let rest = max(.milliseconds(1), limit - ContinuousClock.now)
        if pages == .purge, let (host, target) = request.exact {
            let exchange = WebExchange(try place.with(target: target), timeout: rest)
            return try judge(try await exchange.send(.purge, host: host), "PURGE")
        }
        var fields = [
            HTTPField("X-Host", request.host), HTTPField("X-Url", request.url),
            HTTPField("X-Content-Type", ".*"),
        ]
        if let tags = request.tags { fields.append(HTTPField(tagHeader, tags)) }
        let exchange = WebExchange(place, timeout: rest)
        try judge(try await exchange.send(.ban, fields: fields), "BAN")
    }

    /// Accepts status 200 from Varnish itself.
    private func judge(
        _ answer: WebExchange.Answer, _ method: String
    ) throws(CacheTargetError) {
        let isVarnish = answer.field("x-varnish") != nil
        let isOwn = isVarnish && answer.field("server")?.hasPrefix("Varnish") == true
        let (code, expected, hint): (CacheTargetError.Code, String, String)
        switch answer.status {
        case 200 where isOwn: return
        case 200...299:
            (code, expected, hint) = (
                .unproven, "an answer of Varnish's own to \(method)",
                "The back end answered: put the lines of docs/guides/caches.md into the VCL."
            )
        case 403, 405:
            (code, expected, hint) = (
                .forbidden, "status 200",
                "Add this host to the VCL's acl, and the lines of docs/guides/caches.md."
            )
        case 400, 501:
            (code, expected, hint) = (
                .declined, "status 200", "Look into varnishlog: the VCL refused the ban."
            )
        case _:
            (code, expected, hint) = (
                .httpStatus, "status 200", "Look into varnishlog."
            )
        }
        let source = isVarnish ? "" : ", not from Varnish"
        throw CacheTargetError(
            code, target: place.description, operation: method, expected: expected,
            found: "status \(answer.status)\(source)", hint: hint)
    }
}
