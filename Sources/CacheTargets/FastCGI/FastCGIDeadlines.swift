// SPDX-License-Identifier: Apache-2.0

/// How long an exchange may take, and how much may come back.
public struct FastCGIDeadlines: Sendable, Equatable {
    /// Until the connection stands.
    public var connect: Duration
    /// Until everything is done, connecting included.
    public var total: Duration
    /// The most bytes of one reply.
    public var replyLimit: Int

    /// Limits which suit a server on the same machine.
    public init(
        connect: Duration = .seconds(2), total: Duration = .seconds(10),
        replyLimit: Int = 1_024 * 1_024
    ) {
        self.connect = connect
        self.total = total
        self.replyLimit = replyLimit
    }
}
