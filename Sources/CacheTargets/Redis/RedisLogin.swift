// SPDX-License-Identifier: Apache-2.0

/// Who logs in to Redis, and with which password.
///
/// Law: neither its description nor any error shows the password.
public struct RedisLogin: Sendable, CustomStringConvertible, CustomReflectable {
    let user: String?
    let password: String

    /// Makes a login; without a user it is that of the default user (`requirepass`).
    public init(user: String? = nil, password: String) {
        self.user = user
        self.password = password
    }

    /// The user, and stars for the password.
    public var description: String { "\(user ?? "default"):***" }

    /// As the description says, so that no dump shows the password.
    public var customMirror: Mirror { Mirror(self, children: ["user": user ?? "default"]) }

    var command: RESPCommand {
        user.map { RESPCommand("AUTH", $0, password) } ?? RESPCommand("AUTH", password)
    }

    /// The text without the password, which some servers repeat.
    func removed(from text: String) -> String {
        password.isEmpty ? text : text.replacing(password, with: "***")
    }
}
