// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Makes links anew which libzmq may have given up on.
///
/// A link is well while verified beacons come. Silence of 10 s, or trouble that the transport's
/// monitor reports, calls for a new link, with growing waits, and with fresh sockets now and then.
struct LinkSupervisor: Sendable {
    private struct Link: Sendable {
        var wellAt: Instant
        var attempts = 0
        var notBefore: Instant
        var isTroubled = false

        var deadline: Instant {
            let silent = wellAt + Limits.deadAfter
            return isTroubled ? notBefore : max(notBefore, silent)
        }
    }

    private var links: OrderedTable<NodeID, Link> = OrderedTable()

    /// Follows exactly these peers.
    mutating func follow(_ nodes: [NodeID], now: Instant) {
        for node in links.keys where !nodes.contains(node) { links[node] = nil }
        for node in nodes where links[node] == nil {
            links[node] = Link(wellAt: now, notBefore: now)
        }
    }

    /// A verified beacon came over the link.
    mutating func heard(_ node: NodeID, now: Instant) {
        guard links[node] != nil else { return }
        links[node] = Link(wellAt: now, notBefore: now)
    }

    /// The transport reports trouble.
    mutating func trouble(_ node: NodeID, now: Instant) {
        guard let link = links[node], !link.isTroubled else { return }
        links[node]?.isTroubled = true
        links[node]?.notBefore = max(link.notBefore, now)
    }

    /// What to link anew now.
    mutating func due(
        now: Instant, jitter: inout Jitter
    ) -> [(node: NodeID, attempt: Int, freshSocket: Bool)] {
        var result: [(node: NodeID, attempt: Int, freshSocket: Bool)] = []
        for node in links.keys {
            guard var link = links[node], now >= link.deadline else { continue }
            link.attempts += 1
            let wait = Limits.relinkBackoff.wait(afterFailures: link.attempts)
            link.notBefore = now + jitter.around(wait)
            // Silence after this attempt calls for the next one when the wait is over.
            link.isTroubled = true
            links[node] = link
            result.append(
                (node, link.attempts, link.attempts.isMultiple(of: Limits.freshSocketEvery)))
        }
        return result
    }

    var nextDeadline: Instant? {
        links.keys.compactMap { links[$0]?.deadline }.min()
    }
}
