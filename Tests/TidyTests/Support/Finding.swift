// SPDX-License-Identifier: Apache-2.0

/// One place that breaks a rule of the house, and what to do instead.
struct Finding: Sendable, Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// A place where a rule does not hold, and why.
struct Exemption: Sendable {
    /// A file, or a folder with its slash at the end.
    var path: String
    /// A whole sentence: what makes this place different.
    var reason: String
}

extension [Exemption] {
    func covers(_ path: String) -> Bool {
        contains { $0.path == path || ($0.path.hasSuffix("/") && path.hasPrefix($0.path)) }
    }
}
