// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A Perl regular expression over the bytes of keys, with a bound on the time it may take.
///
/// The same language as for the user cache of PHP, less what only PCRE knows. Bytes, not
/// characters, are matched, as PCRE does without its modifier `u`.
/// Backtracking can take for ever (`(a+)+$`), so the match is given up after a while.
/// Limit: 1,024 bytes of text, 8,192 bytes of a key, 100 ms for a key.
struct KeyPattern: Sendable, Equatable {
    static let maximumText = 1_024
    static let maximumKey = 8_192
    private static let patience = Duration.milliseconds(100)

    /// Why a key could not be judged.
    enum Refusal: Error, Sendable, Equatable {
        /// The key is longer than what the expression is tried on.
        case keyTooLong(Int)
        /// The expression did not come to an end in time.
        case tooSlow
    }

    let text: String
    private let expression: NSRegularExpression

    /// Compiles; nothing where the text is no expression that is understood here.
    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumText else { return nil }
        self.text = text
        do {
            // The same line ends as in PCRE: otherwise the bytes 0x0B, 0x0C and 0x85 end lines.
            expression = try NSRegularExpression(
                pattern: Self.characters(text.utf8), options: [.useUnixLineSeparators])
        } catch {
            return nil
        }
    }

    /// Whether the expression is found anywhere in the key.
    ///
    /// - Throws: `Refusal` where that cannot be told: never a guess.
    func isFound(in key: ArraySlice<UInt8>) throws(Refusal) -> Bool {
        guard key.count <= Self.maximumKey else { throw .keyTooLong(key.count) }
        let subject = Self.characters(key)
        let limit = ContinuousClock.now + Self.patience
        var isFound = false
        var isTooSlow = false
        let all = NSRange(location: 0, length: key.count)
        expression.enumerateMatches(in: subject, options: [.reportProgress], range: all) {
            result, _, stop in
            isFound = result != nil
            isTooSlow = !isFound && ContinuousClock.now > limit
            stop.pointee = ObjCBool(isFound || isTooSlow)
        }
        guard !isTooSlow else { throw .tooSlow }
        return isFound
    }

    /// One character for each byte.
    private static func characters(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.lazy.map(UInt16.init), as: UTF16.self)
    }
}
