// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What members said came of events, as far as it is more than their watermarks tell.
public struct ConvergenceTable: Sendable {
    private struct Remark: Sendable {
        let subject: EventRange
        let outcome: ApplyOutcome
    }

    private var remarks: OrderedTable<NodeID, [Remark]> = OrderedTable()

    init() {}

    /// Takes in a receipt of a member; later ones of the same events replace earlier ones.
    mutating func fold(_ receipt: Receipt, by node: NodeID) {
        var list = remarks[node] ?? []
        list.removeAll { $0.subject == receipt.subject }
        list.append(Remark(subject: receipt.subject, outcome: receipt.outcome))
        if list.count > Limits.convergenceRuns {
            list.removeFirst(list.count - Limits.convergenceRuns)
        }
        remarks[node] = list
    }

    /// The last word of a member on an event; `nil` where it said nothing of its own.
    public func outcome(of id: EventID, on node: NodeID) -> ApplyOutcome? {
        remarks[node]?.last { $0.subject.contains(id) }?.outcome
    }
}
