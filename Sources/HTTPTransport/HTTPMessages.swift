// SPDX-License-Identifier: Apache-2.0

/// Where a server listens.
public enum HTTPEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A socket in the file system.
    ///
    /// Limit: 107 bytes. Source: unix(7).
    case unixSocket(path: String)
    /// A host name or numeric address, without brackets, and a port.
    case tcp(host: String, port: UInt16)

    /// The path, or host and port.
    public var description: String {
        switch self {
        case .unixSocket(let path): path
        case .tcp(let host, let port):
            host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}

/// One more header of a request.
public struct HTTPField: Sendable, Hashable {
    /// The name, in lower case.
    public let name: String
    /// The value; what has control characters is not sent.
    public let value: String

    /// Joins name and value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request, without anything that depends on who asks.
public struct HTTPCall: Sendable, Hashable {
    /// The methods we need.
    public enum Method: String, Sendable, Hashable {
        /// Asks.
        case get = "GET"
        /// Asks for something to be done.
        case post = "POST"
        /// Has an HTTP cache forget one page at once.
        case purge = "PURGE"
        /// Has an HTTP cache forget what its headers describe.
        case ban = "BAN"
    }

    /// The method.
    public var method: Method
    /// Path and query, percent-encoded.
    public var target: String
    /// The `Host` header, by which a door tells installations apart.
    public var host: String
    /// The media type of the body; absent without a body.
    public var contentType: String?
    /// What else its head says.
    public var fields: [HTTPField]
    /// The body.
    public var body: [UInt8]

    /// Makes a request.
    public init(
        _ method: Method, _ target: String, host: String, contentType: String? = nil,
        fields: [HTTPField] = [], body: [UInt8] = []
    ) {
        self.method = method
        self.target = target
        self.host = host
        self.contentType = contentType
        self.fields = fields
        self.body = body
    }
}

/// A whole answer.
public struct HTTPAnswer: Sendable, Hashable {
    /// The status, such as 200.
    public let status: Int
    /// The media type without parameters, in lower case.
    public let contentType: String?
    /// What else its head said, with names in lower case, in its order.
    public let fields: [HTTPField]
    /// The body.
    public let body: [UInt8]
    /// The numeric address that answered; absent for a local socket.
    public let remoteAddress: String?

    /// The value of the first header of a name in lower case.
    public func field(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }
}

/// How long and how large an exchange may become.
public struct HTTPLimits: Sendable, Hashable {
    /// Until the connection stands, the look-up of its name included.
    public var connect: Duration
    /// From then on until the whole answer is here; for a stream, until its head is.
    public var answer: Duration
    /// The largest body, not counting a stream's lines.
    ///
    /// Unit: bytes.
    public var bodyBytes: Int
    /// The largest line of a stream.
    ///
    /// Unit: bytes.
    public var lineBytes: Int

    /// States limits; the defaults suit a local socket.
    public init(
        connect: Duration = .seconds(5), answer: Duration = .seconds(30),
        bodyBytes: Int = 16 << 20, lineBytes: Int = 2 << 20
    ) {
        self.connect = connect
        self.answer = answer
        self.bodyBytes = bodyBytes
        self.lineBytes = lineBytes
    }
}

/// What came of asking for a stream of lines.
public enum HTTPStreamOutcome<Value: Sendable>: Sendable {
    /// The server streamed, and this is what the consumer made of it.
    case streamed(Value)
    /// The server answered with another status than 200.
    case answered(HTTPAnswer)
}
