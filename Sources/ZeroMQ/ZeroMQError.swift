// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary
internal import Glibc

/// A refusal by libzmq, or by this binding before libzmq was asked.
///
/// What a peer does wrong is never one of these: that is a value (``Reception/oversize(_:)``,
/// ``SendResult/unroutable``, ``SocketEvent``), to be counted. This is our side's mistake or the
/// operating system's refusal.
public struct ZeroMQError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal it was.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String, Sendable {
            case addressInUse = "address in use"
            case addressNotAvailable = "address not available"
            case invalidArgument = "invalid argument"
            case invalidEndpoint = "invalid endpoint"
            case invalidKey = "invalid key"
            case wrongState = "wrong state"
            case noSuchEndpoint = "no such endpoint"
            case contextTerminated = "context terminated"
            case outOfResources = "out of resources"
            case unsupported = "not supported by this libzmq"
            case system = "system error"
        }

        private let kind: Kind

        private init(_ kind: Kind) { self.kind = kind }

        /// Another socket holds the address.
        public static let addressInUse = Code(.addressInUse)
        /// The address does not belong to this machine.
        public static let addressNotAvailable = Code(.addressNotAvailable)
        /// An option or argument outside its range.
        public static let invalidArgument = Code(.invalidArgument)
        /// An endpoint that is not numeric TCP or in-process.
        public static let invalidEndpoint = Code(.invalidEndpoint)
        /// A CURVE key that is not 32 bytes or has no partner.
        public static let invalidKey = Code(.invalidKey)
        /// An operation out of turn, such as a second request before the reply.
        public static let wrongState = Code(.wrongState)
        /// An endpoint to leave that was never bound or connected.
        public static let noSuchEndpoint = Code(.noSuchEndpoint)
        /// The context ended below a socket.
        public static let contextTerminated = Code(.contextTerminated)
        /// Too many sockets, descriptors or threads, or no memory.
        public static let outOfResources = Code(.outOfResources)
        /// The installed libzmq lacks CURVE or an option that safety needs.
        public static let unsupported = Code(.unsupported)
        /// Any other errno.
        public static let system = Code(.system)

        /// The code in words.
        public var description: String { kind.rawValue }

        init(errno number: CInt) {
            switch number {
            case EADDRINUSE: self = .addressInUse
            case EADDRNOTAVAIL, ENODEV: self = .addressNotAvailable
            case EINVAL: self = .invalidArgument
            case EFSM: self = .wrongState
            case ENOENT: self = .noSuchEndpoint
            case ETERM: self = .contextTerminated
            case EMFILE, ENFILE, ENOMEM, EMTHREAD, EAGAIN: self = .outOfResources
            case EPROTONOSUPPORT, ENOCOMPATPROTO, ENOTSUP: self = .unsupported
            default: self = .system
            }
        }
    }

    /// What kind of refusal.
    public let code: Code
    /// What was being done, as a verb phrase: "bind".
    public let operation: String
    /// Where, if the operation has an address.
    public let endpoint: String?
    /// What would have been accepted, if this binding refused.
    public let expected: String?
    /// What there was instead, or libzmq's own words.
    public let found: String

    init(
        _ code: Code, _ operation: String, endpoint: String? = nil, expected: String? = nil,
        found: String
    ) {
        self.code = code
        self.operation = operation
        self.endpoint = endpoint
        self.expected = expected
        self.found = found
    }

    /// What libzmq's last call on this thread left behind.
    static func last(_ operation: String, endpoint: String? = nil) -> ZeroMQError {
        let number = zmq_errno()
        let words = zmq_strerror(number).map { String(cString: $0) } ?? "error \(number)"
        return ZeroMQError(Code(errno: number), operation, endpoint: endpoint, found: words)
    }

    /// One sentence for the operator, where there is something to do.
    public var hint: String? {
        switch code {
        case .addressInUse: "Another process listens there; stop it or choose another port."
        case .addressNotAvailable: "No interface of this machine has that address."
        case .outOfResources: "Raise the limit of open files (ulimit -n) or the socket limit."
        case .unsupported: "Install libzmq 4.3.4 or later, built with CURVE."
        case .invalidEndpoint: "Use a numeric address; names are resolved elsewhere."
        default: nil
        }
    }

    /// The whole refusal as one sentence, with the hint behind it.
    public var description: String {
        var text = "could not \(operation)"
        if let endpoint { text += " \(endpoint)" }
        text += ": \(code)"
        if let expected { text += ", expected \(expected)" }
        text += ", found \(found)"
        if let hint { text += ". \(hint)" }
        return text
    }
}
