// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// Why version or size of a database could not be read.
package struct DatabaseProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of trouble.
    enum Code: Sendable, Hashable, CaseIterable {
        /// The client library is not installed, or lacks something.
        case libraryMissing
        /// Nobody listens there, or the connection ended.
        case unreachable
        /// The server did not answer in time.
        case timedOut
        /// The server refuses user or password.
        case loginRefused
        /// There is no such database.
        case databaseUnknown
        /// There is no such file, or it may not be read.
        case fileUnreadable
        /// The server refuses the question.
        case questionRefused
        /// The answer has a form that such servers never give.
        case unexpected
    }

    /// What kind of trouble it is.
    let code: Code
    /// What was being done.
    let operation: String
    /// What would have been right.
    let expected: String
    /// What was there instead.
    let found: String
    /// What to do about it.
    let hint: String

    init(_ code: Code, operation: String, expected: String, found: String, hint: String) {
        self.code = code
        self.operation = operation
        self.expected = expected
        self.found = found
        self.hint = hint
    }

    /// The whole message on one line.
    package var description: String {
        PrintableText.make(
            "\(operation): expected \(expected), found \(found). \(hint)", limit: 500)
    }

    /// The same without a password, which a server that was told it could repeat.
    func hiding(_ secret: String?) -> DatabaseProblem {
        guard let secret, !secret.isEmpty else { return self }
        return DatabaseProblem(
            code, operation: operation, expected: expected,
            found: found.replacing(secret, with: "***"), hint: hint)
    }

    /// The server wants the password where everybody on the way can read it.
    static func clearText(_ operation: String) -> DatabaseProblem {
        DatabaseProblem(
            .loginRefused, operation: operation,
            expected: "a server that lets the password be proved",
            found: "one that wants it in clear text",
            hint: "Let pg_hba.conf ask this user for scram-sha-256.")
    }

    /// No answer came in time.
    static func timedOut(_ operation: String, after limit: Duration) -> DatabaseProblem {
        DatabaseProblem(
            .timedOut, operation: operation, expected: "an answer within \(limit)", found: "none",
            hint: "See whether the server is overloaded, and whether a firewall drops packets.")
    }

    /// An answer that is none.
    static func unexpected(_ expected: String, found: String) -> DatabaseProblem {
        DatabaseProblem(
            .unexpected, operation: "read the database server's answer", expected: expected,
            found: found, hint: "See whether another program listens there.")
    }
}

/// What a server answered, checked before it is believed.
enum DatabaseAnswer {
    /// A version as the server writes it.
    ///
    /// Limit: 64 characters, all of them visible ASCII.
    static func version(_ bytes: [UInt8]) throws(DatabaseProblem) -> String {
        guard !bytes.isEmpty, bytes.count <= 64, bytes.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw .unexpected(
                "a version", found: PrintableText.make(String(decoding: bytes, as: UTF8.self)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A size in bytes, in decimal digits.
    static func size(_ bytes: [UInt8]) throws(DatabaseProblem) -> UInt64 {
        let text = String(decoding: bytes, as: UTF8.self)
        let isDecimal = text.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        guard isDecimal, let size = UInt64(text) else {
            throw .unexpected("a size in bytes", found: PrintableText.make(text))
        }
        return size
    }
}

/// How long each part of a reading may take.
struct DatabaseLimits: Hashable, Sendable {
    /// Connecting and logging in.
    var connecting: Duration = .seconds(2)
    /// Each question.
    var asking: Duration = .seconds(2)

    /// After this the caller has an answer in any case: two questions, and a second for threads.
    var whole: Duration { connecting + asking + asking + .seconds(1) }
}
