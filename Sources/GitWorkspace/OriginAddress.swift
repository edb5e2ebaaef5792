// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// The address of a remote as it may be shown.
package enum OriginAddress {
    /// The first value that `git config -z` wrote, without user, password and query.
    ///
    /// Tokens stand in each of the three places. A user of the form `git@host:path` stays: that
    /// address has no place for a password, and does not work without its user.
    package static func shown(_ bytes: [UInt8]) -> String? {
        guard let value = bytes.split(separator: 0).first else { return nil }
        // By scalars: a combining mark behind a separator makes another character of both.
        var text = Substring(String(decoding: value, as: UTF8.self)).unicodeScalars
        if let scheme = text.firstRange(of: "://".unicodeScalars) {
            text = text.prefix { $0 != "?" && $0 != "#" }
            let start = min(scheme.upperBound, text.endIndex)
            let authority = text[start...].prefix { $0 != "/" }
            if let at = authority.lastIndex(of: "@") {
                text.removeSubrange(start...at)
            }
        }
        return text.isEmpty ? nil : PrintableText.make(Substring(text))
    }
}
