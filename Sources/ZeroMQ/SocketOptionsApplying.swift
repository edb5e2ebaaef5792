// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary

/// Writes options to a fresh libzmq socket.
struct OptionWriter {
    let handle: UnsafeMutableRawPointer

    /// libzmq's number for enforcing the ZAP domain.
    ///
    /// Its header hides the name as a draft, its library takes the number all the same.
    static let enforceDomain: CInt = 93

    func apply(_ options: SocketOptions, role: CInt) throws(ZeroMQError) {
        try write(
            Int64(options.maximumMessageSize), ZMQ_MAXMSGSIZE, "the maximum message size",
            allowed: 1...Int64(CInt.max))
        try write(options.sendHighWaterMark, ZMQ_SNDHWM, "the send high-water mark")
        try write(options.receiveHighWaterMark, ZMQ_RCVHWM, "the receive high-water mark")
        try write(milliseconds: options.linger, ZMQ_LINGER, "linger")
        try write(milliseconds: options.handshakeInterval, ZMQ_HANDSHAKE_IVL, "handshake interval")
        try write(milliseconds: options.connectTimeout, ZMQ_CONNECT_TIMEOUT, "connect timeout")
        try write(milliseconds: options.reconnectInterval, ZMQ_RECONNECT_IVL, "reconnect interval")
        try write(
            milliseconds: options.reconnectIntervalMaximum, ZMQ_RECONNECT_IVL_MAX,
            "longest reconnect interval")
        try write(
            milliseconds: options.tcpMaximumRetransmission, ZMQ_TCP_MAXRT, "TCP retransmission")
        try write(options.backlog, ZMQ_BACKLOG, "backlog", allowed: 1...65_535)
        try write(options.isIPv6Enabled ? 1 : 0, ZMQ_IPV6, "IPv6")
        try apply(options.tcpKeepalive)
        if role == ZMQ_ROUTER {
            try write(options.isRouterMandatory ? 1 : 0, ZMQ_ROUTER_MANDATORY, "router mandatory")
        }
        try apply(options.security)
    }

    private func apply(_ keepalive: TCPKeepalive) throws(ZeroMQError) {
        try write(1, ZMQ_TCP_KEEPALIVE, "TCP keepalive")
        try write(
            Int(keepalive.idle.components.seconds), ZMQ_TCP_KEEPALIVE_IDLE, "keepalive idle",
            allowed: 1...32_767)
        try write(
            Int(keepalive.interval.components.seconds), ZMQ_TCP_KEEPALIVE_INTVL,
            "keepalive interval", allowed: 1...32_767)
        try write(
            keepalive.count, ZMQ_TCP_KEEPALIVE_CNT, "keepalive count", allowed: 1...127)
    }

    private func apply(_ security: SocketSecurity) throws(ZeroMQError) {
        switch security {
        case .unprotected:
            return
        case .curveServer(let keys, let domain):
            try write(1, ZMQ_CURVE_SERVER, "CURVE server")
            try write(keys.exposedSecretBytes, ZMQ_CURVE_SECRETKEY, "the CURVE secret key")
            try write(Array(domain.description.utf8), ZMQ_ZAP_DOMAIN, "the ZAP domain")
            try write(1, Self.enforceDomain, "ZAP domain enforcement")
        case .curveClient(let keys, let serverKey):
            try write(serverKey.bytes, ZMQ_CURVE_SERVERKEY, "the CURVE server key")
            try write(keys.publicKey.bytes, ZMQ_CURVE_PUBLICKEY, "the CURVE public key")
            try write(keys.exposedSecretBytes, ZMQ_CURVE_SECRETKEY, "the CURVE secret key")
        }
    }

    private func write(
        _ mark: HighWaterMark, _ option: CInt, _ name: String
    ) throws(ZeroMQError) {
        switch mark {
        case .unlimited:
            try write(0, option, name)
        case .messages(let count):
            try write(count, option, name, allowed: 1...Int(CInt.max))
        }
    }

    private func write(
        milliseconds duration: Duration, _ option: CInt, _ name: String
    ) throws(ZeroMQError) {
        let (seconds, attoseconds) = duration.components
        guard (0...86_400).contains(seconds), attoseconds >= 0 else {
            throw refusal(name, expected: "0 to 86400 seconds", found: "\(duration)")
        }
        try write(Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000), option, name)
    }

    private func write(
        _ value: Int, _ option: CInt, _ name: String, allowed: ClosedRange<Int> = 0...Int(CInt.max)
    ) throws(ZeroMQError) {
        guard allowed.contains(value) else {
            throw refusal(
                name, expected: "\(allowed.lowerBound) to \(allowed.upperBound)", found: "\(value)")
        }
        var number = CInt(value)
        try check(zmq_setsockopt(handle, option, &number, MemoryLayout<CInt>.size), name)
    }

    private func write(
        _ value: Int64, _ option: CInt, _ name: String, allowed: ClosedRange<Int64>
    ) throws(ZeroMQError) {
        guard allowed.contains(value) else {
            throw refusal(
                name, expected: "\(allowed.lowerBound) to \(allowed.upperBound)", found: "\(value)")
        }
        var number = value
        try check(zmq_setsockopt(handle, option, &number, MemoryLayout<Int64>.size), name)
    }

    func write(_ bytes: [UInt8], _ option: CInt, _ name: String) throws(ZeroMQError) {
        try check(zmq_setsockopt(handle, option, bytes, bytes.count), name)
    }

    private func check(_ status: CInt, _ name: String) throws(ZeroMQError) {
        guard status == 0 else { throw .last("set \(name)") }
    }

    private func refusal(_ name: String, expected: String, found: String) -> ZeroMQError {
        ZeroMQError(.invalidArgument, "set \(name)", expected: expected, found: found)
    }
}
