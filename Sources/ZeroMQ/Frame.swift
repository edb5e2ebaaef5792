// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary
internal import Glibc
internal import Synchronization

/// The immutable bytes of one part of a message, as libzmq holds them.
///
/// Receiving copies nothing: the bytes stay where libzmq put them. Sending a frame, also again and
/// to many, shares them by reference count, except below libzmq's inline size (33 bytes), where a
/// copy is cheaper than a count. Source: zmq_msg_init_data(3), zmq_msg_copy(3).
public struct Frame: Sendable {
    let storage: FrameStorage

    init(_ storage: FrameStorage) { self.storage = storage }

    /// Copies the bytes into a new frame.
    public init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Frame(copying: $0) }
    }

    /// Copies the bytes into a new frame, from wherever they are.
    public init(copying bytes: UnsafeRawBufferPointer) {
        let storage = FrameStorage(byteCount: bytes.count)
        UnsafeMutableRawBufferPointer(start: storage.start, count: storage.count)
            .copyMemory(from: bytes)
        self.init(storage)
    }

    /// Copies the UTF-8 of the text into a new frame.
    public init(_ text: String) { self.init(Array(text.utf8)) }

    /// Makes a frame whose bytes are written in place, for instance by `read(2)`.
    ///
    /// The buffer starts as zeros, so that a body which writes less leaks no old memory.
    ///
    /// - Parameters:
    ///   - byteCount: Unit: bytes. A negative count is a programmer error and traps.
    ///   - initialize: Fills the buffer, which must not be kept.
    /// - Throws: What `initialize` throws; the frame is then gone.
    public init<Failure: Error>(
        byteCount: Int,
        initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(byteCount >= 0, "a frame of \(byteCount) bytes")
        let storage = FrameStorage(byteCount: byteCount)
        let target = UnsafeMutableRawBufferPointer(
            start: storage.start, count: storage.count)
        target.initializeMemory(as: UInt8.self, repeating: 0)
        try initialize(target)
        self.init(storage)
    }

    /// Unit: bytes.
    public var count: Int { storage.count }

    /// Whether there are no bytes, as in the delimiter of a request.
    public var isEmpty: Bool { storage.count == 0 }

    /// Lends the bytes to the body, which must not keep the pointer.
    public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.start, count: storage.count))
    }

    /// Lends the bytes as a span, which the compiler does not let the body keep.
    public func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        let buffer = UnsafeRawBufferPointer(start: storage.start, count: storage.count)
        return try body(buffer.bytes)
    }

    /// A copy of the bytes, for small frames and tests.
    public var copiedBytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The User-Id which the ZAP authenticator gave the connection this frame came by.
    ///
    /// Nil for frames of our own and for connections without authentication. Read it from a
    /// *payload* frame: libzmq 4.3.4 loses it on a ROUTER's first frame once the socket was polled.
    /// Source: zmq_msg_gets(3).
    public var userID: String? {
        storage.metadata("User-Id")
    }

    /// The numeric address of the peer this frame came from, nil for frames of our own.
    ///
    /// For showing and counting only; an address is a claim of the network, not an identity.
    public var peerAddress: String? {
        storage.metadata("Peer-Address")
    }

    /// The descriptor of the connection this frame came by, nil for frames of our own.
    ///
    /// It may be closed, and even be another one's by now. Read it from a payload frame, as above.
    /// Source: zmq_msg_get(3), `ZMQ_SRCFD`.
    public var descriptor: CInt? { storage.metadata("__fd").flatMap { CInt($0) } }
}

extension Frame: Equatable {
    /// Frames are equal if their bytes are, wherever they came from.
    public static func == (left: Frame, right: Frame) -> Bool {
        if left.storage === right.storage { return true }
        return left.withUnsafeBytes { first in
            right.withUnsafeBytes { second in
                guard first.count == second.count else { return false }
                guard let one = first.baseAddress, let other = second.baseAddress else {
                    return true
                }
                return memcmp(one, other, first.count) == 0
            }
        }
    }
}

extension Frame: CustomStringConvertible {
    /// The size, never the content: frames carry secrets and hostile text into logs otherwise.
    public var description: String { "frame of \(count) bytes" }
}

/// Owns one `zmq_msg_t` on the heap, where libzmq requires it to stay.
///
/// The checked claim behind `@unchecked`: after `init` or ``received(from:)`` the bytes, their
/// address and their count never change, and ``share(into:)``, the only call that writes to the
/// message's header, holds `sharing`.
final class FrameStorage: @unchecked Sendable {
    private let message: UnsafeMutablePointer<zmq_msg_t>
    let start: UnsafeMutableRawPointer?
    let count: Int
    /// The first share of a message sets a flag in its header without an atomic operation, so two
    /// threads that send one frame at once need a lock between them.
    private let sharing = Mutex<Void>(())

    /// Takes over an initialised message that nobody else will touch.
    init(adopting message: UnsafeMutablePointer<zmq_msg_t>) {
        self.message = message
        start = zmq_msg_data(message)
        count = zmq_msg_size(message)
    }

    convenience init(byteCount: Int) {
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        guard zmq_msg_init_size(message, byteCount) == 0 else {
            fatalError("no memory for a frame of \(byteCount) bytes")
        }
        self.init(adopting: message)
    }

    /// Initialises `target` as a second reference to the same bytes.
    func share(into target: inout zmq_msg_t) {
        sharing.withLock { _ in
            zmq_msg_init(&target)
            let status = zmq_msg_copy(&target, message)
            precondition(status == 0, "a frame's message is always valid")
        }
    }

    func metadata(_ name: String) -> String? {
        zmq_msg_gets(message, name).map { String(cString: $0) }
    }

    deinit {
        zmq_msg_close(message)
        message.deallocate()
    }
}
