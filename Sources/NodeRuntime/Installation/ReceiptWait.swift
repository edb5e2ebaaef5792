// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterCore
internal import ClusterModel

/// Waits for what every member says of one event.
struct ReceiptWait: Sendable {
    let event: EventID
    let own: NodeID
    let snapshot: NodeSnapshot
    /// How long to wait; `nil`: not at all.
    let timeout: Duration?
    /// Where nobody waits for receipts: who should have had the event on disk, and has not.
    let missing: [String]

    /// The ID, one line a member as it answers, and last who did not.
    func lines(
        on node: Node, from news: AsyncStream<NodeNews>,
        ending sink: AsyncStream<NodeNews>.Continuation
    ) -> AsyncStream<InvalidateLine> {
        let (lines, output) = AsyncStream<InvalidateLine>.makeStream()
        output.onTermination = { _ in sink.finish() }
        node.start { await run(news, sink, output) }
        return lines
    }

    private func run(
        _ news: AsyncStream<NodeNews>, _ sink: AsyncStream<NodeNews>.Continuation,
        _ output: AsyncStream<InvalidateLine>.Continuation
    ) async {
        let attendance = snapshot.attendance(own: own)
        var silent = Set(snapshot.authority.members.map(\.node))
        let awaited = snapshot.inListOrder(silent, own: own).map {
            snapshot.name(of: $0, own: own)
        }
        output.yield(
            InvalidateLine(id: event.description, nodes: timeout == nil ? nil : awaited))
        if let timeout {
            await withTaskGroup { group in
                group.addTask {
                    do {
                        try await Task.sleep(for: timeout)
                    } catch {
                        // Everybody answered before the time was over.
                    }
                    sink.finish()
                }
                for await case .receipt(let receipt, by: let node) in news
                where receipt.subject.contains(event) {
                    output.yield(
                        InvalidateLine(
                            outcome: OutcomeDocument(
                                node: snapshot.name(of: node, own: own), receipt.outcome,
                                steps: receipt.steps)))
                    silent.remove(node)
                    if silent.isEmpty { break }
                }
                group.cancelAll()
            }
        } else {
            silent = []
        }
        // Silence is failure, also of listed servers that nobody is logged in on.
        var names = timeout == nil ? missing : attendance.absent(silent: silent)
        if silent.contains(own) { names.insert(snapshot.name(of: own, own: own), at: 0) }
        let notLoggedIn = attendance.notLoggedIn(of: names)
        output.yield(
            InvalidateLine(silent: names, notLoggedIn: notLoggedIn.isEmpty ? nil : notLoggedIn))
        output.finish()
    }
}
