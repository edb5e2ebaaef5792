// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

extension PHPFPMCache: ThreadedCacheTarget {
    /// What steps of a master are called before its address.
    private static let prefix = "php-fpm "

    /// What lives in a PHP process.
    public var abilities: Set<OrderPart> { PHPOrder.abilities }

    /// Clears every master: one request for each, whatever the order names.
    public func begin(
        _ order: Invalidation, sparing spared: Set<String>,
        then: @escaping @Sendable ([StepReceipt]) -> Void
    ) {
        let plan = PHPOrder(order, site: site)
        let refused = plan.refused.map { $0.step(target: "php-fpm") }
        guard let request = plan.request else { return then(Self.once(refused)) }
        begin(request, sparing: { spared.contains(Self.prefix + $0) }) { reports in
            let steps = reports.map { report in
                // Where there is no socket at all the report has no address.
                let isNameless = report.target == "php-fpm"
                return StepReceipt(
                    report, target: isNameless ? report.target : Self.prefix + report.target)
            }
            then(Self.once(refused + steps))
        }
    }

    private static func once(_ steps: [StepReceipt]) -> [StepReceipt] {
        steps.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

/// What an order means to the caches inside a PHP process.
///
/// Pure.
struct PHPOrder {
    static let abilities: Set<OrderPart> = [.all, .opcode, .user, .path, .key]

    /// A part that is not asked for.
    struct Refused {
        /// What there is nothing to clear for, and why; trying again would change nothing.
        let action: String

        func step(target: String) -> StepReceipt {
            StepReceipt(
                target: target, action: action, failure: nil, proof: [], microseconds: 0)
        }
    }

    /// What is asked for; nothing where the order means nothing to PHP.
    private(set) var request: ClearRequest?
    /// What is left out, and why.
    private(set) var refused: [Refused] = []

    /// - Parameter site: The root of the installation, to which paths are relative.
    init(_ order: Invalidation, site: String) {
        let opcode = self.opcode(of: order, site)
        let user = Self.user(of: order)
        guard opcode != .none || user != .none else { return }
        do throws(CacheTargetError) {
            request = try ClearRequest(opcode: opcode, user: user)
        } catch {
            refused.append(Refused(action: StepReceipt.refused("\(error)")))
        }
    }

    private static func user(of order: Invalidation) -> ClearRequest.User {
        if order.everything || order.userCache { return .all }
        let names = [order.keys, order.keyPrefixes, order.keyPatterns]
        guard names.contains(where: { !$0.isEmpty }) else { return .none }
        return .some(keys: names[0], prefixes: names[1], patterns: names[2])
    }

    /// Whole, by list, or not at all; a path that leaves the installation is not in its caches.
    private mutating func opcode(of order: Invalidation, _ site: String) -> ClearRequest.Opcode {
        if order.everything || order.opcodeCache { return .all }
        let (inside, outside) = order.paths.reduce(into: ([String](), [String]())) {
            Self.isInside($1) ? $0.0.append($1) : $0.1.append($1)
        }
        refused += outside.map {
            let path = PrintableText.make($0)
            let reason = "\(path) is no path below the installation"
            return Refused(action: StepReceipt.nothing(reason))
        }
        return inside.isEmpty ? .none : .files(inside.map { "\(site)/\($0)" })
    }

    /// Whether a path is relative and never climbs.
    static func isInside(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return !path.utf8.contains(0) && parts.allSatisfy { !["", ".", ".."].contains($0) }
    }
}
