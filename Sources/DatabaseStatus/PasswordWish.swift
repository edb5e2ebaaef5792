// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What a PostgreSQL server wants as proof of the password, seen before its library obeys.
///
/// The library before version 16 gives the password in whatever form is asked for. What it is about
/// to read can be looked at where the connection is not encrypted. A server that sends its wish in
/// the instant between this look and the library's own is not caught: only the newer library stops
/// a server that is set on it.
/// Source: PostgreSQL 15, "Message Formats".
package enum PasswordWish {
    /// How far is looked.
    ///
    /// Unit: bytes.
    private static let reach = 16 << 10

    /// What has come and was not read yet.
    static func peek(_ socket: CInt) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: reach)
        let count = recv(
            socket, &bytes, bytes.count, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return Array(bytes.prefix(max(0, count)))
    }

    /// Whether the password in clear text is, or might be, among the server's wishes.
    ///
    /// Pure. A wish that is cut counts: honest servers send its nine bytes at once.
    package static func isClearText(ahead bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while rest.first == UInt8(ascii: "R") {
            let head = Array(rest.prefix(9))
            guard head.count == 9 else { return true }
            func number(at index: Int) -> Int {
                head[index..<index + 4].reduce(0) { $0 << 8 | Int($1) }
            }
            guard number(at: 5) != 3 else { return true }
            rest = rest.dropFirst(1 + max(8, number(at: 1)))
        }
        return false
    }
}
