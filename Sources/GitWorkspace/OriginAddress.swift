// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// The address of a remote as it may be shown.
enum OriginAddress {
    /// The first value that `git config -z` wrote, without user, password and query.
    ///
    /// Tokens stand in each of the three places. A user of the form `git@host:path` stays: that
    /// address has no place for a password, and does not work without its user.
    static func shown(_ bytes: [UInt8]) -> String? {
        guard let value = bytes.split(separator: 0).first else { return nil }
        var text = Substring(String(decoding: value, as: UTF8.self))
        if let scheme = text.firstRange(of: "://") {
            text = text.prefix { $0 != "?" && $0 != "#" }
            let start = min(scheme.upperBound, text.endIndex)
            let authority = text[start...].prefix { $0 != "/" }
            if let at = authority.lastIndex(of: "@") {
                text = text[..<start] + text[text.index(after: at)...]
            }
        }
        return text.isEmpty ? nil : PrintableText.make(text)
    }
}
