// SPDX-License-Identifier: Apache-2.0
import DatabaseStatus

extension FuzzTarget {
    /// What files and servers of databases say.
    static let databases: [FuzzTarget] = [
        FuzzTarget(name: "sqlite-header", shape: .bytes, check: header),
        FuzzTarget(name: "postgresql-wish", shape: .bytes, check: wish),
    ]

    /// Laws: nothing behind the header counts; a size is whole pages.
    private static func header(_ input: [UInt8]) throws(Flaw) -> Verdict {
        guard let header = try attempt({ try SQLiteHeader(parsing: input) }) else {
            return .refused
        }
        let copy = try again { try SQLiteHeader(parsing: Array(input.prefix(SQLiteHeader.length))) }
        try expect(copy, header, "the header")
        if let size = header.size, size == 0 || size % 512 != 0 {
            throw Flaw(description: "a database of \(size) bytes")
        }
        try checkWords(header.version ?? "")
        return .accepted
    }

    /// Law: a wish for the password in clear text is seen wherever it stands, and whatever follows.
    private static func wish(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let isClearText = PasswordWish.isClearText(ahead: input)
        func authentication(_ code: UInt8) -> [UInt8] { [0x52, 0, 0, 0, 8, 0, 0, 0, code] }
        try expect(
            PasswordWish.isClearText(ahead: authentication(0) + input), isClearText,
            "the same behind a message that wants nothing")
        try expect(
            PasswordWish.isClearText(ahead: authentication(3) + input), true,
            "a wish for clear text")
        return isClearText ? .refused : .accepted
    }
}
