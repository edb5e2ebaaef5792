// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary

/// One libzmq socket, owned by one variable, with only the calls that its role allows.
///
/// Laws, all checked by the compiler: a socket cannot be copied, cannot leave the actor or thread
/// that made it, and is closed when its owner goes. Store it in an actor whose executor is a
/// ``PollingExecutor``: then actor isolation is the proof that libzmq's rule of one thread per
/// socket holds. `NegativeCompileTests` lists what does not compile.
///
/// No call here blocks or suspends: what cannot be done at once is a value that says so.
public struct Socket<Role: SocketRole>: ~Copyable {
    let core: SocketCore

    /// Opens a socket; nothing is on the network before ``bind(to:)`` or ``connect(to:)``.
    ///
    /// - Throws: `invalidArgument` for an option outside its limits, `outOfResources` when the
    ///   context's sockets or the process's descriptors are used up, `unsupported` if this libzmq
    ///   has no CURVE or does not enforce ZAP domains.
    public init(in context: Context, options: SocketOptions) throws(ZeroMQError) {
        core = try SocketCore.open(in: context, role: Role.rawType, options: options)
    }

    /// Accepts connections at the endpoint.
    ///
    /// - Throws: `addressInUse`, `addressNotAvailable`, `outOfResources`.
    public borrowing func bind(to endpoint: Endpoint) throws(ZeroMQError) {
        try core.call("bind", endpoint, zmq_bind)
    }

    /// Stops accepting connections at the endpoint, and ends those accepted there.
    ///
    /// - Throws: `noSuchEndpoint` if it is not bound there. The endpoint must be the one that
    ///   ``lastEndpoint()`` told if any port was asked for.
    public borrowing func unbind(from endpoint: Endpoint) throws(ZeroMQError) {
        try core.call("unbind", endpoint, zmq_unbind)
    }

    /// Starts connecting in the background, and connects again after most failures.
    ///
    /// Law: after a *protocol* failure libzmq gives up for ever, says so only to the monitor, and
    /// ignores a second connect; ``disconnect(from:)`` first, then connect again.
    /// - Throws: `invalidEndpoint`, `outOfResources`.
    public borrowing func connect(to endpoint: Endpoint) throws(ZeroMQError) {
        try core.call("connect", endpoint, zmq_connect)
    }

    /// Ends a connection, with what waits on it.
    ///
    /// On a SUB one message that waits is lost, from whomever it came: to see whether it matches,
    /// a look for what is readable takes its first frame. Were its connection to end then, the
    /// other frames would end with it, and libzmq would abort at the next receive.
    /// Source: `xsub_t::xhas_in`, and the assertion in `fq_t::recvpipe`.
    /// - Throws: `noSuchEndpoint` if it was never connected there.
    public borrowing func disconnect(from endpoint: Endpoint) throws(ZeroMQError) {
        if Role.rawType == Subscribe.rawType {
            _ = try core.tryReceive(limit: ReceiveLimit(frames: 1, bytes: 1))
        }
        try core.call("disconnect", endpoint, zmq_disconnect)
    }

    /// Where the last bind or connect went, with the port that the system chose.
    ///
    /// - Throws: `noSuchEndpoint` before the first bind or connect.
    public borrowing func lastEndpoint() throws(ZeroMQError) -> Endpoint {
        try core.lastEndpoint()
    }

    /// Closes the socket now; the end of its owner does the same.
    public consuming func close() {}

    deinit { core.close() }
}

extension Socket where Role == Subscribe {
    /// Asks publishers for messages whose first frame begins with the prefix.
    ///
    /// - Throws: `invalidArgument` for prefixes over 32 bytes: publishers pay for each in memory,
    ///   and libzmq 4.3.4 encodes those of 246 to 255 bytes so that they match nothing.
    public borrowing func subscribe(prefix: [UInt8]) throws(ZeroMQError) {
        try core.write(prefix, ZMQ_SUBSCRIBE, "subscribe")
    }

    /// Takes back one ``subscribe(prefix:)`` of the same prefix.
    ///
    /// - Throws: `invalidArgument` as above, and if there is no such subscription.
    public borrowing func unsubscribe(prefix: [UInt8]) throws(ZeroMQError) {
        try core.write(prefix, ZMQ_UNSUBSCRIBE, "unsubscribe")
    }
}

extension Subscribe {
    /// The longest prefix; topics are a few short classes.
    ///
    /// Unit: bytes.
    public static var maximumPrefixByteCount: Int { 32 }
}

/// What a socket holds; a class only because a noncopyable value with a `deinit` needs its parts
/// to outlive a move to the polling thread.
final class SocketCore {
    let handle: UnsafeMutableRawPointer
    let context: Context
    /// The registration and its loop while an executor polls the socket.
    var registration: (entry: Registration, loop: PollingLoop)?
    /// Keeps the reader of a monitor alive until this socket has stopped the monitor.
    var monitoringExecutor: PollingExecutor?

    init(handle: UnsafeMutableRawPointer, context: Context) {
        self.handle = handle
        self.context = context
    }

    static func open(
        in context: Context, role: CInt, options: SocketOptions
    ) throws(ZeroMQError) -> SocketCore {
        guard let handle = zmq_socket(context.handle, role) else { throw .last("open a socket") }
        do {
            try OptionWriter(handle: handle).apply(options, role: role)
        } catch {
            zmq_close(handle)
            throw error
        }
        return SocketCore(handle: handle, context: context)
    }

    func call(
        _ operation: String, _ endpoint: Endpoint,
        _ function: (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> CInt
    ) throws(ZeroMQError) {
        guard function(handle, endpoint.description) == 0 else {
            throw .last(operation, endpoint: endpoint.description)
        }
    }

    func write(_ prefix: [UInt8], _ option: CInt, _ operation: String) throws(ZeroMQError) {
        guard prefix.count <= Subscribe.maximumPrefixByteCount else {
            throw ZeroMQError(
                .invalidArgument, operation, expected: "a prefix of at most 32 bytes",
                found: "\(prefix.count)")
        }
        guard zmq_setsockopt(handle, option, prefix, prefix.count) == 0 else {
            throw .last(operation)
        }
    }

    func lastEndpoint() throws(ZeroMQError) -> Endpoint {
        // libzmq's own limit for an endpoint is 256 bytes.
        var text = [CChar](repeating: 0, count: 512)
        var size = text.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &size) == 0 else {
            throw .last("read the last endpoint")
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        guard !bytes.isEmpty else {
            throw ZeroMQError(
                .noSuchEndpoint, "read the last endpoint", expected: "a bind or connect before",
                found: "none")
        }
        return Endpoint(reported: String(decoding: bytes, as: UTF8.self))
    }

    /// Closes the handle on the thread that polls it, or here if none does.
    func close() {
        let closing = ClosingSocket(
            handle: handle, context: context, entry: registration?.entry,
            monitoringExecutor: monitoringExecutor)
        guard let loop = registration?.loop else {
            closing.finish()
            return
        }
        registration = nil
        loop.close(closing)
    }
}

/// A socket on its way to being closed, which nobody else uses any more.
///
/// The checked claim behind `@unchecked`: it is made from a socket whose only owner has just gone,
/// and libzmq allows a socket to change threads across a full fence, which the mailbox's lock is.
struct ClosingSocket: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
    let context: Context
    let entry: Registration?
    let monitoringExecutor: PollingExecutor?

    func finish() {
        if monitoringExecutor != nil {
            // Before the close, and before the reader goes: zeromq/libzmq#3575.
            zmq_socket_monitor(handle, nil, 0)
        }
        zmq_close(handle)
        withExtendedLifetime(context) {}
    }
}
