// SPDX-License-Identifier: Apache-2.0

public import ClusterModel
import HTTPTransport
import ProgramRunner

/// A cache that a program of the site clears, or whoever listens at an address.
///
/// It is told the order as JSON and judged by its exit status or HTTP status alone: what it did is
/// not known here, and the step says no more than that it was done.
public struct HookedCache: CacheTarget {
    /// Who is told.
    public enum Means: Sendable, Hashable {
        /// A program with its arguments, run in the site's folder as the owner of the tree.
        case command([String])
        /// An address, by POST.
        case post(WebPlace)
    }

    /// What an order must be about for the hook to be told.
    public let abilities: Set<OrderPart>
    private let means: Means
    private let site: String
    private let timeout: Duration

    /// Describes the hook.
    ///
    /// - Parameters:
    ///   - triggers: `all` is always among them.
    ///   - site: The root of the installation.
    public init(
        _ means: Means, triggers: Set<OrderPart>, site: String, timeout: Duration
    ) {
        abilities = triggers.union([.all])
        self.means = means
        self.site = site
        self.timeout = timeout
    }

    /// What its steps are called: of a command the program and one argument, since receipts travel
    /// and further ones may be secrets.
    public var name: String {
        switch means {
        case .command(let words):
            PrintableText.make(
                "command " + words.prefix(2).joined(separator: " ")
                    + (words.count > 2 ? " ..." : ""))
        case .post(let place): "post \(place)"
        }
    }

    /// Tells it about the order, once.
    public func clear(
        _ order: Invalidation, sparing spared: Set<String>
    ) async -> [StepReceipt] {
        let parts = order.parts.intersection(abilities)
        guard !parts.isEmpty, !spared.contains(name) else { return [] }
        let words = OrderPart.allCases.filter(parts.contains).map(\.rawValue)
        let began = ContinuousClock.now
        var failure: String?
        do throws(CacheTargetError) {
            try await tell(try OrderDocument(order).encoded(for: name), words)
        } catch {
            failure = error.message(beside: name)
        }
        let action =
            switch means {
            case .command: "run for \(words.joined(separator: ", "))"
            case .post: "told of \(words.joined(separator: ", "))"
            }
        return [
            StepReceipt(
                target: name, action: action, failure: failure, proof: [],
                microseconds: began.microseconds)
        ]
    }

    private func tell(_ document: [UInt8], _ words: [String]) async throws(CacheTargetError) {
        switch means {
        case .post(let place):
            try await WebExchange(place, timeout: timeout).post(document, type: "application/json")
        case .command(let command):
            let result: ProgramResult
            do {
                let owner = try ProgramOwner.ofTree(site)
                result = try await ProgramRunner().run(
                    ProgramCall(
                        command, in: site,
                        environment: ProgramEnvironment.clean(
                            for: owner,
                            adding: [
                                "SITESTACKER_SITE": site,
                                "SITESTACKER_CLEAR": words.joined(separator: " "),
                            ]), input: document, deadline: timeout, owner: owner))
            } catch {
                throw CacheTargetError(
                    error.code == .timedOut ? .timedOut : .system, target: name,
                    operation: error.operation, expected: error.expected, found: error.found,
                    hint: error.hint)
            }
            guard !result.isSuccess else { return }
            throw CacheTargetError(
                .declined, target: name, operation: "run", expected: "exit status 0",
                found: "\(result.ending) \(result.lastComplaint)",
                hint: "Run it by hand as the owner of the tree.")
        }
    }
}

extension ContinuousClock.Instant {
    /// How long ago it was.
    var microseconds: UInt64 {
        UInt64(max(0, (ContinuousClock.now - self) / .microseconds(1)))
    }
}
