// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

extension PHPFPMCache {
    /// Patterns that PHP cannot compile.
    public func objections(to order: Invalidation) -> [Objection] { PHPOrder.objections(to: order) }
}

extension WebPHPCache {
    /// Patterns that PHP cannot compile.
    public func objections(to order: Invalidation) -> [Objection] { PHPOrder.objections(to: order) }
}

extension PHPOrder {
    /// What of an order PHP can never carry out, as far as that can be told here.
    static func objections(to order: Invalidation) -> [Objection] {
        // The user cache goes whole: no pattern is looked at.
        guard !order.everything, !order.userCache, let library = PatternLibrary.shared else {
            return []
        }
        return order.keyPatterns.compactMap { pattern in
            library.flaw(of: pattern).map { flaw in
                Objection(.key, "pattern", pattern, "is no regular expression: \(flaw)")
            }
        }
    }
}
