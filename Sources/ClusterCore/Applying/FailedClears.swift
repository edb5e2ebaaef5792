// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Orders to clear that failed: those that are tried together, and those that are tried apart.
///
/// Law: an order that can succeed is not held up for ever by one that cannot. What failed is tried
/// together first, as most often a cache is down; orders that fail in such a retry are halved,
/// until each that fails is alone. Groups are tried in turn.
struct FailedClears: Sendable {
    /// Not tried again yet.
    private var together: [ClearOrder] = []
    /// Parts of what failed together, the next one first; never empty ones.
    private var apart: [[ClearOrder]] = []
    private var isApartTurn = false

    var isEmpty: Bool { together.isEmpty && apart.isEmpty }

    /// Whether some were not tried again yet.
    var hasUntried: Bool { !together.isEmpty }

    /// How many retries it takes to try each order again.
    var groupCount: Int { apart.count + (together.isEmpty ? 0 : 1) }

    func contains(_ isMeant: (ClearOrder) -> Bool) -> Bool {
        together.contains(where: isMeant) || apart.contains { $0.contains(where: isMeant) }
    }

    mutating func removeAll(_ isMeant: (ClearOrder) -> Bool) {
        together.removeAll(where: isMeant)
        for index in apart.indices { apart[index].removeAll(where: isMeant) }
        apart.removeAll(where: \.isEmpty)
    }

    /// Orders failed in a clear that was no retry of them alone.
    mutating func add(_ orders: [ClearOrder]) {
        for order in orders {
            if order.isAlone { apart.append([order]) } else { together.append(order) }
        }
    }

    /// Orders failed in a retry: they are tried apart from now on.
    mutating func split(_ orders: [ClearOrder]) {
        guard orders.count > 1 else {
            apart += orders.map {
                var order = $0
                order.isAlone = true
                return [order]
            }
            return
        }
        let middle = orders.count / 2
        apart += [Array(orders[..<middle]), Array(orders[middle...])]
    }

    /// Beyond the limit a full clear stands for all events that wait for no data.
    mutating func foldBeyondLimit() {
        let orders = (together + apart.flatMap { $0 }).filter(\.isFoldable)
        guard orders.count > Limits.failedClears, var all = orders.first else { return }
        for order in orders.dropFirst() { all.fold(order) }
        removeAll(\.isFoldable)
        together.append(all)
    }

    /// The group whose turn it is.
    mutating func takeNext() -> [ClearOrder] {
        defer { isApartTurn.toggle() }
        if !apart.isEmpty, isApartTurn || together.isEmpty { return apart.removeFirst() }
        defer { together = [] }
        return together
    }

    mutating func takeAll() -> [ClearOrder] {
        defer {
            together = []
            apart = []
        }
        return together + apart.flatMap { $0 }
    }
}
