// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import Hummingbird
import Logging
import NodeRuntime

/// A request on the local socket, taken apart.
struct LocalRequest {
    /// The largest body.
    ///
    /// Unit: bytes. Limit: 2 MiB, which holds a payload of 1 MiB in Base64.
    static let bodyLimit = 2 << 20

    var request: Request
    let query: [String: [String]]
    /// How long its body may take.
    let patience: Duration

    mutating func document<Document: Decodable>() async throws(ErrorDocument) -> Document {
        try await request.document(limit: Self.bodyLimit, within: patience)
    }

    func one(_ name: String) -> String? { query[name]?.first }

    func flag(_ name: String) throws(ErrorDocument) -> Bool {
        switch one(name) {
        case nil, "false": false
        case "true": true
        case _?: throw Refusal.badRequest("the query item \(name): expected true or false")
        }
    }

    func count(_ name: String, or standard: Int, limit: Int) throws(ErrorDocument) -> Int {
        guard let text = one(name) else { return standard }
        guard let value = Int(text), (1...limit).contains(value), "\(value)" == text else {
            throw Refusal.badRequest("the query item \(name): expected a number from 1 to \(limit)")
        }
        return value
    }
}

/// One path of the local socket.
struct LocalRoute: Sendable {
    let method: HTTPRequest.Method
    /// The query items it takes beside `site`.
    let items: Set<String>
    /// What an application's socket must offer for it; `nil`: never.
    var scope: ApplicationScope?
    let respond: @Sendable (any AdminService, inout LocalRequest) async throws -> Response

    /// Everything that can be asked; nothing else is.
    static let table: [String: LocalRoute] = [
        Routes.identity: asking { try await $0.identity() },
        Routes.status: asking(.query) { try await $0.status() },
        Routes.accounts: asking { try await $0.accounts() },
        Routes.members: asking { try await $0.members() },
        Routes.publish: doing(.publish) { try await $0.publish($1) },
        Routes.lock: doing { try await $0.lock($1) },
        Routes.unlock: doing { try await $0.unlock($1) },
        Routes.records: doing { try await $0.submit($1) },
        Routes.join: doing { try await $0.join($1) },
        Routes.pin: doing { try await $0.pin($1) },
        Routes.replayUser: doing { try await $0.replay($1) },
        Routes.refusal: doing { try await $0.noteRefusal($1) },
        Routes.retry: doing { try await $0.retryParked($1) },
        Routes.remoteIdentity: doing { try await $0.remoteIdentity($1) },
        Routes.logout: LocalRoute(method: .post, items: []) { service, request in
            guard try await request.request.wholeBody(limit: 0, within: request.patience).isEmpty
            else {
                throw Refusal.tooLarge(limit: 0)
            }
            return try answer(try await service.logout())
        },
        Routes.event: LocalRoute(method: .get, items: ["id"], scope: .query) { service, request in
            guard let id = request.one("id") else {
                throw Refusal.badRequest("expected the query item id")
            }
            return try answer(try await service.event(id: id))
        },
        Routes.invalidate: LocalRoute(method: .post, items: [], scope: .invalidate) {
            service, request in
            let document: InvalidateRequestDocument = try await request.document()
            return answer(to: request.request, lines: try await service.invalidate(document))
        },
        Routes.subscribe: LocalRoute(method: .get, items: ["topic", "since"], scope: .query) {
            service, request in
            let lines = try await service.subscribe(
                topics: request.query["topic"] ?? [], since: request.one("since"))
            return answer(to: request.request, lines: lines)
        },
        Routes.events: LocalRoute(
            method: .get, items: ["since", "follow", "limit"], scope: .query
        ) { service, request in
            let lines = try await service.events(
                since: request.one("since"),
                limit: try request.count("limit", or: 100, limit: 100_000),
                follow: try request.flag("follow"))
            return answer(to: request.request, lines: lines)
        },
    ]

    private static func asking<Answer: Encodable & SendableMetatype>(
        _ scope: ApplicationScope? = nil,
        _ ask: @escaping @Sendable (any AdminService) async throws -> Answer
    ) -> LocalRoute {
        LocalRoute(method: .get, items: [], scope: scope) { service, _ in
            try answer(try await ask(service))
        }
    }

    private static func doing<
        Document: Decodable & SendableMetatype, Answer: Encodable & SendableMetatype
    >(
        _ scope: ApplicationScope? = nil,
        _ work: @escaping @Sendable (any AdminService, Document) async throws -> Answer
    ) -> LocalRoute {
        LocalRoute(method: .post, items: [], scope: scope) { service, request in
            try answer(try await work(service, try await request.document()))
        }
    }
}

/// Answers requests on a local socket.
struct LocalResponder: HTTPResponder {
    let installations: any Installations
    let audience: LocalAudience
    let limits: LocalLimits
    let logger: Logger

    func respond(to request: Request, context: Connection) async throws -> Response {
        do {
            let peer = try await context.peer()
            let route = try route(of: request, from: peer)
            let query = try queryItems(request, allowed: route.items)
            let service = try installations.admin(site: query["site"]?.first)
            var local = LocalRequest(request: request, query: query, patience: limits.body)
            let response = try await route.respond(service, &local)
            audit(request, by: peer, response.status)
            return response
        } catch let error as ErrorDocument {
            audit(request, by: try await context.peer(), httpStatus(of: error))
            return try answer(error, status: httpStatus(of: error), closing: error.closes)
        }
    }

    /// What is asked for, where this socket serves the one who asks.
    private func route(
        of request: Request, from peer: PeerCredentials?
    ) throws(ErrorDocument) -> LocalRoute {
        guard let peer, audience.admits(peer) else { throw Refusal.peer }
        guard let route = LocalRoute.table[request.uri.path] else { throw Refusal.notFound }
        guard audience.offers(route.scope) else { throw Refusal.scope(audience.scopes) }
        guard request.method == route.method else { throw Refusal.method }
        return route
    }

    /// Notes what an application asked for: others act in its name through one socket.
    private func audit(
        _ request: Request, by peer: PeerCredentials?, _ status: HTTPResponse.Status
    ) {
        guard case .application = audience, request.method != .get || status != .ok else { return }
        logger.info(
            "an application's request",
            metadata: [
                "path": "\(request.uri.path.prefix(100))", "status": "\(status.code)",
                "user": "\(peer.map { "\($0.user)" } ?? "-")",
                "group": "\(peer.map { "\($0.group)" } ?? "-")",
                "process": "\(peer.map { "\($0.process)" } ?? "-")",
            ])
    }

    /// The query, each item once but for `topic`.
    private func queryItems(
        _ request: Request, allowed: Set<String>
    ) throws(ErrorDocument) -> [String: [String]] {
        var items: [String: [String]] = [:]
        for (name, value) in request.uri.queryParameters {
            let name = String(name)
            guard (name == "site" && audience.maySayWhichSite) || allowed.contains(name) else {
                throw Refusal.badRequest("the query has an item that this path does not take")
            }
            guard name == "topic" || items[name] == nil else {
                throw Refusal.badRequest("the query item \(name): expected it once")
            }
            items[name, default: []].append(String(value))
        }
        guard items["topic", default: []].count <= 64 else {
            throw Refusal.badRequest("the query item topic: expected at most 64")
        }
        return items
    }
}

extension ErrorDocument {
    /// Whether what is left of the request cannot be told from the next one.
    fileprivate var closes: Bool { code == Refusal.tooSlow.code }
}
