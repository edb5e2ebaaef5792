// SPDX-License-Identifier: Apache-2.0

/// Text from outside, made fit for a terminal and a log.
///
/// Control, format and separator characters become `\u{...}`.
/// Limit: 200 characters; the rest is cut, marked by an ellipsis.
func printable(_ text: String) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        guard count < 200 else { return result + "…" }
        count += 1
        if isUnprintable(scalar) {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// Whether a character hides, moves or colours text instead of being text.
func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
        .unassigned:
        true
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
        .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber,
        .otherNumber, .connectorPunctuation, .dashPunctuation, .openPunctuation,
        .closePunctuation, .initialPunctuation, .finalPunctuation, .otherPunctuation,
        .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol, .spaceSeparator:
        false
    @unknown default:
        true
    }
}

/// A value as it may be shown: in quotes, with anything that could be a password replaced.
///
/// Whatever stands before the last `@`, apart from a scheme, is taken for credentials: a wrong
/// value has no grammar by which they could be told.
func quoted(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@") else { return "\"\(printable(text))\"" }
    var scheme = ""
    if let end = text.firstRange(of: "://"), end.upperBound <= at {
        scheme = String(text[..<end.upperBound])
    }
    return "\"\(printable(scheme + "***" + text[at...]))\""
}

/// A value that must not reach a log, an error or a dump.
///
/// Invariant: printing, interpolating and reflecting it show asterisks; only `revealed` tells.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself.
    public let revealed: String

    /// Hides a value.
    public init(_ value: String) {
        revealed = value
    }

    /// Asterisks.
    public var description: String { "***" }
    /// Asterisks.
    public var debugDescription: String { "***" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
