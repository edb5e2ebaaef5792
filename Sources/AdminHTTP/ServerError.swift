// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore

/// Why a server cannot serve.
public struct ServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of trouble a caller may tell apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Another daemon serves there.
        case alreadyRunning
        /// The socket's place is taken by something that is no socket.
        case notASocket
        /// The system refused.
        case system
    }

    /// What kind of trouble it is.
    public let code: Code
    /// What was tried, naming the place.
    public let operation: String
    /// What was expected.
    public let expected: String
    /// What was found.
    public let found: String

    init(code: Code, operation: String, expected: String, found: String) {
        self.code = code
        self.operation = operation
        self.expected = expected
        self.found = found
    }

    init(listening address: String, _ error: IOError) {
        self.init(
            code: error.errnoCode == EADDRINUSE ? .alreadyRunning : .system,
            operation: "listen at \(address)", expected: "a free address of this host",
            found: ServerError.reason(error.errnoCode))
    }

    /// What the system says of the call that failed last.
    static func system(_ operation: String, expected: String) -> ServerError {
        ServerError(
            code: .system, operation: operation, expected: expected, found: reason(errno))
    }

    private static func reason(_ number: CInt) -> String {
        strerror(number).map { String(cString: $0) } ?? "error \(number)"
    }

    /// What to do about it, where that is known.
    public var hint: String? {
        switch code {
        case .alreadyRunning: "One daemon serves all installations of a state directory."
        case .notASocket: "Move it away."
        case .system: nil
        }
    }

    /// What was tried, what was expected, what was found, and what to do.
    public var description: String {
        let text = "\(operation): expected \(expected), found \(found)."
        return hint.map { "\(text) \($0)" } ?? text
    }
}
