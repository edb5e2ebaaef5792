// SPDX-License-Identifier: Apache-2.0

import ClusterModel

/// Tells which keys a request means, throughout one clear.
///
/// A pattern that comes to no end on one key is given up, and keys that are too long for patterns
/// are passed over. Both are told and neither is a failure: trying again would end the same way.
/// Law: looks at the clock before each key that a pattern is tried on.
struct KeyJudge: Sendable {
    private let request: KeyedClearRequest
    private let target: String
    private let deadline: Deadline
    private var patterns: [KeyPattern]
    private var givenUp: [String] = []
    private var passedOver = 0

    init(_ request: KeyedClearRequest, target: String, until deadline: Deadline) {
        self.request = request
        self.target = target
        self.deadline = deadline
        patterns = request.patterns
    }

    /// Whether the prefixes and patterns mean the key, of which `rest` follows the selection's
    /// prefix.
    ///
    /// - Throws: `timedOut` once the clear's deadline has passed.
    mutating func means(_ rest: ArraySlice<UInt8>) throws(CacheTargetError) -> Bool {
        if request.keyPrefixes.contains(where: { rest.starts(with: $0.utf8) }) { return true }
        var index = 0
        while index < patterns.count {
            do throws(KeyPattern.Refusal) {
                if try patterns[index].isFound(in: rest, until: deadline) { return true }
                index += 1
            } catch {
                switch error {
                case .keyTooLong:
                    passedOver += 1
                    return false
                case .tooSlow: givenUp.append(patterns.remove(at: index).text)
                case .outOfTime: throw timeout
                }
            }
        }
        return false
    }

    /// Tells in the result what could not be judged.
    func tell(_ result: inout StoreResult) {
        if passedOver > 0 {
            result.notes.append(
                "\(passedOver) keys of more than \(KeyPattern.maximumKey) bytes are not tried")
        }
        guard let first = givenUp.first else { return }
        let others = givenUp.count > 1 ? " and \(givenUp.count - 1) others" : ""
        let reason =
            "the pattern \(PrintableText.make(first))\(others) comes to no end on some "
            + "keys; clear by prefix instead"
        let isAll = patterns.isEmpty && request.hasOnlyPatterns && result.removed == 0
        if isAll { result.refusal = reason } else { result.notes.append(reason) }
    }

    private var timeout: CacheTargetError {
        CacheTargetError(
            .timedOut, target: target, operation: "try patterns on keys",
            expected: "an end before the deadline", found: "more keys",
            hint: "Raise timeout:, or clear by prefix instead.")
    }
}
