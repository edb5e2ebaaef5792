// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A Perl regular expression over the bytes of keys, with a bound on the time it may take.
///
/// The same language as for the user cache of PHP, less what only PCRE knows. Bytes, not
/// characters, are matched, as PCRE does without its modifier `u`.
/// Backtracking can take for ever (`(a+)+$`) or more memory than there is, so the match is given up
/// after a while. ICU tells neither: it says that nothing was found. Hence the expression gets an
/// alternative that always fits, and a mark behind itself: no match at all is no answer.
/// Limit: 1,024 bytes of text, 8,192 bytes of a key, 100 ms for a key.
package struct KeyPattern: Sendable, Equatable {
    static let maximumText = 1_024
    static let maximumKey = 8_192
    private static let patience = Duration.milliseconds(100)

    /// Why a key could not be judged.
    package enum Refusal: Error, Sendable, Equatable {
        /// The key is longer than what the expression is tried on.
        case keyTooLong(Int)
        /// The expression came to no end within the time and memory it may take.
        case tooSlow
        /// The time for the whole clear is over.
        case outOfTime
    }

    package let text: String
    private let expression: NSRegularExpression
    /// The same line ends as in PCRE: otherwise the bytes 0x0B, 0x0C and 0x85 end lines.
    private static let options: NSRegularExpression.Options = [.useUnixLineSeparators]

    /// Compiles; nothing where the text is no expression that is understood here.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumText else { return nil }
        self.text = text
        do {
            // Alone first: what is wrong in itself could be right within the frame.
            _ = try NSRegularExpression(pattern: Self.characters(text.utf8), options: Self.options)
            expression = try NSRegularExpression(
                pattern: #"\A(?s:.*?)(?:"# + Self.characters(text.utf8) + #")()|\A"#,
                options: Self.options)
        } catch {
            return nil
        }
    }

    /// Whether the expression is found anywhere in the key.
    ///
    /// - Parameter deadline: When the whole clear must be over.
    /// - Throws: `Refusal` where that cannot be told: never a guess.
    package func isFound(
        in key: ArraySlice<UInt8>, until deadline: Deadline? = nil
    ) throws(Refusal) -> Bool {
        guard deadline?.hasPassed != true else { throw .outOfTime }
        guard key.count <= Self.maximumKey else { throw .keyTooLong(key.count) }
        let subject = Self.characters(key)
        let patience = Deadline.after(Self.patience)
        let limit = deadline.map(patience.earlier) ?? patience
        let mark = expression.numberOfCaptureGroups
        var isFound: Bool?
        let all = NSRange(location: 0, length: key.count)
        expression.enumerateMatches(in: subject, options: [.reportProgress], range: all) {
            result, _, stop in
            isFound = result.map { $0.range(at: mark).location != NSNotFound }
            stop.pointee = ObjCBool(isFound != nil || limit.hasPassed)
        }
        guard let isFound else { throw deadline?.hasPassed == true ? .outOfTime : .tooSlow }
        return isFound
    }

    /// One character for each byte.
    private static func characters(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.lazy.map(UInt16.init), as: UTF16.self)
    }
}
