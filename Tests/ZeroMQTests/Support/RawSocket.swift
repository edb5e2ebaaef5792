// SPDX-License-Identifier: Apache-2.0
import CZeroMQLibrary

@testable import ZeroMQ

/// libzmq without the binding's guard rails, for measuring what it does by itself.
final class RawSocket {
    let handle: UnsafeMutableRawPointer
    private let context: Context
    private var isOpen = true

    init(_ context: Context, _ type: CInt) {
        guard let handle = zmq_socket(context.handle, type) else {
            preconditionFailure("no socket for a measurement")
        }
        self.handle = handle
        self.context = context
        set(ZMQ_LINGER, 0)
    }

    deinit { close() }

    func close() {
        if isOpen { zmq_close(handle) }
        isOpen = false
    }

    @discardableResult
    func set(_ option: CInt, _ value: CInt) -> Bool {
        var number = value
        return zmq_setsockopt(handle, option, &number, MemoryLayout<CInt>.size) == 0
    }

    @discardableResult
    func set(_ option: CInt, size value: Int64) -> Bool {
        var number = value
        return zmq_setsockopt(handle, option, &number, MemoryLayout<Int64>.size) == 0
    }

    @discardableResult
    func set(_ option: CInt, _ bytes: [UInt8]) -> Bool {
        zmq_setsockopt(handle, option, bytes, bytes.count) == 0
    }

    func setServer(_ keys: CurveKeyPair) {
        set(ZMQ_CURVE_SERVER, 1)
        set(ZMQ_CURVE_SECRETKEY, keys.exposedSecretBytes)
    }

    func setClient(of server: CurveKeyPair) throws {
        let keys = try CurveKeyPair()
        set(ZMQ_CURVE_SERVERKEY, server.publicKey.bytes)
        set(ZMQ_CURVE_PUBLICKEY, keys.publicKey.bytes)
        set(ZMQ_CURVE_SECRETKEY, keys.exposedSecretBytes)
    }

    /// Binds to the port, 0 for any, and returns the port.
    @discardableResult
    func bind(port: UInt16 = 0) -> UInt16? {
        let wanted = port == 0 ? "*" : String(port)
        guard zmq_bind(handle, "tcp://127.0.0.1:\(wanted)") == 0 else { return nil }
        var text = [CChar](repeating: 0, count: 256)
        var size = text.count
        zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &size)
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return Endpoint(reported: String(decoding: bytes, as: UTF8.self)).port
    }

    @discardableResult
    func connect(port: UInt16) -> Bool { zmq_connect(handle, "tcp://127.0.0.1:\(port)") == 0 }

    @discardableResult
    func disconnect(port: UInt16) -> Bool {
        zmq_disconnect(handle, "tcp://127.0.0.1:\(port)") == 0
    }

    /// Sends one frame without waiting.
    @discardableResult
    func send(_ bytes: [UInt8], more: Bool = false) -> Bool {
        zmq_send(handle, bytes, bytes.count, more ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT) >= 0
    }

    @discardableResult
    func send(_ text: String, more: Bool = false) -> Bool { send(Array(text.utf8), more: more) }

    /// Receives one frame; nil if none comes in time.
    ///
    /// Unit: milliseconds.
    func receive(within milliseconds: Int = 0) -> [UInt8]? {
        var item = zmq_pollitem_t(socket: handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        if milliseconds > 0 { zmq_poll(&item, 1, milliseconds) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = zmq_recv(handle, &buffer, buffer.count, ZMQ_DONTWAIT)
        return count < 0 ? nil : Array(buffer.prefix(min(Int(count), buffer.count)))
    }

    func receiveText(within milliseconds: Int = 0) -> String? {
        receive(within: milliseconds).map { String(decoding: $0, as: UTF8.self) }
    }

    /// How many frames are there, once nothing more came for a while.
    func drain(patience milliseconds: Int = 200) -> Int {
        var count = 0
        while receive(within: milliseconds) != nil { count += 1 }
        return count
    }
}

/// Sends from one to the other until something arrives or the time is over.
///
/// Unit: milliseconds.
func isLinked(_ sender: RawSocket, _ receiver: RawSocket, within milliseconds: Int) -> Bool {
    let deadline = ContinuousClock.now + .milliseconds(milliseconds)
    while ContinuousClock.now < deadline {
        sender.send("probe")
        if receiver.receive(within: 5) != nil { return true }
    }
    return false
}
