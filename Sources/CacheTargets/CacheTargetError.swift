// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel

/// Why a cache could not be cleared, in words an administrator can act on.
///
/// Law: every failure on the way to a cache becomes one of these; nothing is swallowed and
/// nothing that came from outside traps.
public struct CacheTargetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure, for programs.
    public enum Code: String, Sendable, CaseIterable {
        /// The address in the configuration cannot be used.
        case invalidAddress
        /// The request asks for something impossible, or for too much at once.
        case invalidRequest
        /// There is no socket at the path.
        case socketMissing
        /// This process may not use the socket, the directory or the file.
        case permissionDenied
        /// Nobody listens at the address.
        case refused
        /// The other side did not answer in time.
        case timedOut
        /// The connection ended in the middle of a reply.
        case replyCut
        /// The reply is larger than anything this program asks for.
        case replyTooLarge
        /// The other side does not speak the protocol, or not to its rules.
        case wrongProtocol
        /// The server is alive and declined the request (overloaded, unknown role or command).
        case declined
        /// PHP-FPM cannot see the clear script ("File not found.").
        case scriptNotFound
        /// PHP-FPM refuses to run the clear script ("Access denied.").
        case accessDenied
        /// PHP answered with a status that is not 200.
        case httpStatus
        /// PHP stopped with a fatal error.
        case phpFatal
        /// The clear script answered something this version does not understand.
        case unexpectedReply
        /// The server wants a user or password, or refuses the one it was given.
        case loginRefused
        /// The server is alive and not fit to serve yet: it loads, waits for its master, or runs
        /// a script.
        case notReady
        /// The server is a replica, or takes no writes for now.
        case readOnly
        /// The server is one of several that share the keys.
        case clustered
        /// The server's configuration forbids the clear.
        case forbidden
        /// The clear was asked for, and its effect could not be proved.
        case unproven
        /// The clear script could not be put in its place, or is not safe there.
        case scriptUnusable
        /// The queue of blocking work is full, or closed.
        case busy
        /// Any other refusal of the operating system.
        case system
    }

    /// The kind of failure.
    public let code: Code
    /// The socket, address or file it happened at.
    public let target: String
    /// What was being done.
    public let operation: String
    /// What would have been right.
    public let expected: String
    /// What was there instead.
    public let found: String
    /// What to do about it.
    public let hint: String

    /// Makes an error from its parts; what came from outside is made printable and short.
    public init(
        _ code: Code, target: String, operation: String, expected: String, found: String,
        hint: String
    ) {
        self.code = code
        self.target = target
        self.operation = operation
        self.expected = expected
        self.found = PrintableText.make(found)
        self.hint = hint
    }

    /// The whole message on one line.
    public var description: String { "\(target): \(message)" }

    private var message: String { "\(operation): expected \(expected), found \(found). \(hint)" }

    /// The message beside the name of a step, which is not said twice.
    func message(beside name: String) -> String {
        name == target || name.hasSuffix(" \(target)") ? message : description
    }
}
