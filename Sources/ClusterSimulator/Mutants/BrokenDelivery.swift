// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

struct DropDeliveries: Breakage {
    private var count = 0

    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .deliver = effect else { return ([effect], []) }
        count += 1
        return (count.isMultiple(of: 3) ? [] : [effect], [])
    }
}

struct DeliverBackwards: Breakage {
    mutating func rewrite(
        _ effect: Effect, at moment: Moment
    ) -> (effects: [Effect], told: [Input]) {
        guard case .deliver(let batch, let indices) = effect else { return ([effect], []) }
        return (indices.reversed().map { .deliver(batch, indices: $0..<$0 + 1) }, [])
    }
}
