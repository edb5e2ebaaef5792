// SPDX-License-Identifier: Apache-2.0

/// Talks FastCGI to servers, off Swift's cooperative threads, without spawning processes.
public struct FastCGIClient: Sendable {
    /// The threads which wait.
    public let pool: BlockingPool
    /// How long and how much.
    public let deadlines: FastCGIDeadlines

    /// Makes a client on the threads of `pool`.
    public init(pool: BlockingPool, deadlines: FastCGIDeadlines = FastCGIDeadlines()) {
        self.pool = pool
        self.deadlines = deadlines
    }

    /// Sends one request on a connection of its own, and gives the reply.
    ///
    /// - Throws: `CacheTargetError`, also where the status of the reply is not 200.
    public func perform(
        _ request: FastCGIRequest, at address: SocketAddress
    ) async throws(CacheTargetError) -> FastCGIReply {
        let deadlines = deadlines
        return try await pool.run { () throws(CacheTargetError) in
            let connection = try FastCGIConnection.open(
                address, deadlines: deadlines, deadline: .after(deadlines.total))
            let reply = try connection.perform(request)
            try reply.check(address)
            return reply
        }
    }
}

extension FastCGIReply {
    /// Accepts status 200 only.
    ///
    /// - Throws: `scriptNotFound`, `accessDenied`, `phpFatal` or `httpStatus`.
    func check(_ address: SocketAddress) throws(CacheTargetError) {
        guard status != 200 else { return }
        let text = String(decoding: body.prefix(512), as: UTF8.self)
        let evidence =
            errorText.isEmpty ? "status \(status) \(text)" : "status \(status) \(errorText)"
        let (kind, expected, hint): (CacheTargetError.Code, String, String) =
            if status == 404, text.hasPrefix("File not found.") {
                (
                    .scriptNotFound, "the clear script",
                    "The pool cannot see the file: check its directory, chroot and PrivateTmp."
                )
            } else if (status == 403 && text.hasPrefix("Access denied."))
                || evidence.contains("Unable to open primary script")
            {
                (
                    .accessDenied, "permission to run the clear script",
                    "Add .php to security.limit_extensions, or the directory to open_basedir."
                )
            } else if Self.namesFatal(text) || Self.namesFatal(errorText) || status == 500 {
                (.phpFatal, "the clear script to finish", "Look into the error log of the pool.")
            } else {
                (.httpStatus, "status 200", "Look into the logs of the pool.")
            }
        throw CacheTargetError(
            kind, target: address.description, operation: "run the clear script",
            expected: expected, found: evidence, hint: hint)
    }

    /// Whether PHP says that a script ended by a fatal error.
    static func namesFatal(_ text: String) -> Bool {
        text.contains("Fatal error") || text.contains("Parse error")
    }
}
