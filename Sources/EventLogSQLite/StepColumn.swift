// SPDX-License-Identifier: Apache-2.0
package import ClusterModel
internal import Foundation

/// The steps of a receipt as the JSON text of the column `steps`.
///
/// JSON because people look at it with `sqlite3`; it is never signed or hashed.
package enum StepColumn {
    private struct Step: Codable {
        let target: String
        let action: String
        let failure: String?
        let proof: [Counter]
        let microseconds: UInt64
    }

    private struct Counter: Codable {
        let counter: String
        let before: UInt64
        let after: UInt64
    }

    /// The text; `nil` for no steps.
    package static func encode(_ steps: [StepReceipt]) throws -> String? {
        if steps.isEmpty { return nil }
        let mirror = steps.map { step in
            Step(
                target: step.target, action: step.action, failure: step.failure,
                proof: step.proof.map {
                    Counter(counter: $0.counter, before: $0.before, after: $0.after)
                },
                microseconds: step.microseconds)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(mirror), as: UTF8.self)
    }

    /// The steps; none for no text.
    package static func decode(_ text: String?) throws -> [StepReceipt] {
        guard let text else { return [] }
        return try JSONDecoder().decode([Step].self, from: Data(text.utf8)).map { step in
            StepReceipt(
                target: step.target, action: step.action, failure: step.failure,
                proof: step.proof.map {
                    Proof(counter: $0.counter, before: $0.before, after: $0.after)
                },
                microseconds: step.microseconds)
        }
    }
}
