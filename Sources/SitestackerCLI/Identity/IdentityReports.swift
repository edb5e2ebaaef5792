// SPDX-License-Identifier: Apache-2.0
import AdminAPI

/// What a command that changes something prints with `--json`.
struct ChangeReport: Encodable {
    let change: String
    var user: String?
    var node: String?
    var client: String?
    var file: String?
    var key: String?
    var grants: Int?
    /// How many grants of the signer were signed again, as they were due.
    var renewed: Int?
    /// Members from which nothing was heard, by their URLs; where that matters.
    var silent: [String]?
    /// Whether each server asks for `user pin` now; where that may be.
    var isPinNeeded: Bool?
}

/// What `user list --json` prints: nothing that a password could be guessed from.
struct UserListReport: Encodable {
    struct User: Encodable {
        struct Grant: Encodable {
            let node: String
            let scopes: String
            let notAfter: UInt64
        }

        let name: String
        let email: String
        let fullName: String
        let scopes: String
        let key: String
        let keys: [String]
        let allowed: String
        let grants: [Grant]

        init(_ account: AccountDocument) {
            name = account.user.name
            email = account.user.email
            fullName = account.user.fullName
            scopes = account.user.scopes
            key = account.key
            keys = account.keys
            allowed = account.allowed
            grants = account.grants.map {
                Grant(node: $0.node, scopes: $0.scopes, notAfter: $0.notAfter)
            }
        }
    }

    let users: [User]
    let unresolved: [String]
}

extension Output {
    /// Says that something was done, for programs or for people.
    func done(_ report: some Encodable, _ text: String) throws {
        if isJSON {
            try document(report)
        } else {
            try line(text, style: .good)
        }
    }

    /// Says which grants an open key has signed again besides.
    func renewed(_ count: Int, of user: String) throws {
        guard count > 0 else { return }
        try note("Renewed \(counted(count, "grant")) of \(user), past the half of their time.")
    }
}

/// Rows with their columns as wide as the widest cell, two spaces between them.
func table(_ rows: [[String]]) -> [String] {
    // Widths are counted as the cells are shown.
    let shown = rows.map { $0.map(escaped) }
    let columns = shown.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
        shown.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return shown.map { row in
        let line = row.enumerated().map { column, cell in
            cell + String(repeating: " ", count: max(0, widths[column] - cell.count) + 2)
        }.joined()
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}
