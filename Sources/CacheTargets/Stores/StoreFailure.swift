// SPDX-License-Identifier: Apache-2.0

extension CacheTargetError {
    /// A key that a pattern could not be tried on.
    init(_ refusal: KeyPattern.Refusal, target: String) {
        let (expected, found): (String, String) =
            switch refusal {
            case .keyTooLong(let length):
                ("keys of at most \(KeyPattern.maximumKey) bytes for a pattern", "\(length) bytes")
            case .tooSlow:
                ("a pattern that comes to an end", "one that tries for ever (as (a+)+$ does)")
            }
        self.init(
            .invalidRequest, target: target, operation: "try pattern on a key",
            expected: expected, found: found, hint: "Clear by prefix instead, or everything.")
    }
}
