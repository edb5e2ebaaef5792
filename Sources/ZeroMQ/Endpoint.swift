// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQ

/// Where a socket binds or connects: numeric TCP, or a name inside the process.
///
/// Host names are refused here: libzmq resolves them on its I/O thread, and a dead name server
/// then stops every socket of the context (ten seconds were measured). So are `ipc`, `pgm` and
/// `norm`, which this product has no use for and an attacker might.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// The endpoint in libzmq's notation.
    public let description: String
    /// The TCP port, nil inside the process.
    public let port: UInt16?
    /// Whether the address is IPv6, which the socket must then be opened for.
    public let isIPv6: Bool

    /// A TCP endpoint.
    ///
    /// - Parameters:
    ///   - address: A numeric IPv4 or IPv6 address without brackets or scope.
    ///   - port: 0 means any free port; ``Socket/lastEndpoint()`` tells which.
    /// - Throws: `invalidEndpoint` if the address is not numeric.
    public init(tcp address: String, port: UInt16) throws(ZeroMQError) {
        let family = czmq_numeric_address_family(address)
        guard family != 0 else {
            throw ZeroMQError(
                .invalidEndpoint, "use the address", expected: "a numeric IPv4 or IPv6 address",
                found: "“\(address.prefix(64))”")
        }
        isIPv6 = family == 6
        let host = isIPv6 ? "[\(address)]" : address
        description = "tcp://\(host):\(port == 0 ? "*" : String(port))"
        self.port = port
    }

    /// An endpoint inside the process, visible to sockets of one context.
    ///
    /// - Throws: `invalidEndpoint` if the name is empty, or longer than 200 bytes, of which libzmq
    ///   allows 256 with its prefix.
    public init(inProcess name: String) throws(ZeroMQError) {
        guard !name.isEmpty, name.utf8.count <= 200 else {
            throw ZeroMQError(
                .invalidEndpoint, "use the in-process name", expected: "1 to 200 bytes",
                found: "\(name.utf8.count)")
        }
        self.init(unchecked: "inproc://\(name)", port: nil)
    }

    /// Takes libzmq's word for an endpoint.
    init(unchecked text: String, port: UInt16?) {
        description = text
        isIPv6 = text.hasPrefix("tcp://[")
        self.port = port
    }

    /// Reads back what ZMQ_LAST_ENDPOINT says.
    init(reported text: String) {
        let digits = text.reversed().prefix { $0 != ":" }.reversed()
        self.init(unchecked: text, port: UInt16(String(digits)))
    }
}
