// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import Hummingbird
import NodeRuntime

/// Answers requests at the door.
struct DoorResponder: HTTPResponder {
    /// The largest body of a hello or a login.
    ///
    /// Unit: bytes. Limit: 64 KiB.
    static let bodyLimit = 64 << 10

    let installations: any Installations
    let gate: AddressGate

    func respond(to request: Request, context: Connection) async throws -> Response {
        do {
            guard gate.admit(context.address, now: .now) else { throw Refusal.rateLimited }
            return try await respond(request, context.address)
        } catch let error as ErrorDocument {
            return try answer(error, status: httpStatus(of: error), closing: true)
        }
    }

    private func respond(_ request: Request, _ address: String) async throws -> Response {
        var request = request
        let methods: [String: HTTPRequest.Method] = [
            Routes.hello: .post, Routes.login: .post, Routes.ready: .get,
        ]
        // The whole target counts: no query, no other spelling.
        guard let path = request.head.path, let method = methods[path] else {
            throw Refusal.notFound
        }
        guard request.method == method else { throw Refusal.method }
        let service = try installations.door(host: try hostName(of: request))
        if path == Routes.ready { return readiness(await service.obstacles()) }
        if path == Routes.login {
            let message: LoginMessage = try await request.document(limit: Self.bodyLimit)
            return try answer(try await service.login(message, from: address), closing: true)
        }
        let body = try await request.wholeBody(limit: Self.bodyLimit)
        guard let hello = await service.hello(body) else {
            throw Refusal.badRequest("expected a hello request of this version")
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/octet-stream", .connection: "close"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: hello)))
    }

    /// 200 or 503, with a line for people: words for what is missing, which name nobody.
    private func readiness(_ obstacles: [String]) -> Response {
        let line =
            obstacles.isEmpty ? "ready\n" : "not ready: \(obstacles.joined(separator: ", "))\n"
        return Response(
            status: obstacles.isEmpty ? .ok : .serviceUnavailable,
            headers: [
                .connection: "close", .cacheControl: "no-store",
                .contentType: "text/plain; charset=utf-8",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: line)))
    }

    /// The host name of the `Host` header: in lower case, without the port, brackets or a final
    /// dot.
    ///
    /// - Throws: `ErrorDocument` for two `Host` headers, whose meaning depends on who reads them.
    private func hostName(of request: Request) throws(ErrorDocument) -> String? {
        // The first one has become the authority; a second one is still here.
        guard !request.headers.contains(where: { $0.name.canonicalName == "host" }) else {
            throw Refusal.badRequest("expected one Host header, found more")
        }
        return request.head.authority.map(hostName(ofHeader:))
    }
}

/// The host of a `Host` header, as ``Installations/door(host:)`` takes it.
func hostName(ofHeader text: String) -> String {
    var host = text.lowercased()[...]
    if host.first == "[", let end = host.firstIndex(of: "]") {
        return String(host[host.index(after: host.startIndex)..<end])
    }
    host = host.prefix { $0 != ":" }
    return String(host.last == "." ? host.dropLast() : host)
}
