// SPDX-License-Identifier: Apache-2.0

/// Why a request got no usable answer.
public struct HTTPTransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of trouble a caller may tell apart.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// Nobody listens there.
        case refused
        /// There is no such socket file.
        case missingSocket
        /// The socket may not be opened by this user.
        case permission
        /// The host has no address, or no way leads to it.
        case unreachable
        /// No answer in time.
        case timeout
        /// What came is not HTTP, or it ended too early.
        case protocolViolation
        /// The answer is larger than the caller allows.
        case tooLarge
        /// The request cannot be written as HTTP.
        case invalidRequest
        /// The caller's task was cancelled.
        case cancelled
    }

    /// What kind of trouble it is.
    public let code: Code
    /// What was tried, naming the endpoint.
    public let operation: String
    /// What was expected.
    public let expected: String
    /// What was found.
    public let found: String

    /// Describes a failure.
    public init(code: Code, operation: String, expected: String, found: String) {
        self.code = code
        self.operation = operation
        self.expected = expected
        self.found = found
    }

    /// One sentence for the operator, where there is something to do.
    public var hint: String? {
        switch code {
        case .refused, .missingSocket: "Is the daemon running?"
        case .permission: "Run this as the daemon's user or as root."
        case .unreachable: "Check the host name and the network."
        case .timeout: "The other side is too slow, or something drops packets in between."
        case .protocolViolation: "Does another program listen there?"
        case .tooLarge, .invalidRequest, .cancelled: nil
        }
    }

    /// What was tried, what was expected, what was found, and what to do.
    public var description: String {
        let text = "\(operation): expected \(expected), found \(found)."
        return hint.map { "\(text) \($0)" } ?? text
    }
}
