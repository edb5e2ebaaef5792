// SPDX-License-Identifier: Apache-2.0
internal import CZeroMQLibrary
internal import Glibc

/// One set of libzmq I/O threads, and the only thing that sockets share.
///
/// Every socket holds its context, so the context ends after its last socket by construction and
/// never blocks: sockets linger for no longer than their options say, and the default is not at
/// all. Keep a context for the life of the process where possible; ending one of several races
/// inside libsodium in libzmq 4.3.4.
///
/// The checked claim behind `@unchecked`: a libzmq context is thread-safe (zmq_ctx_new(3)), and
/// the pointer is never written after `init`.
public final class Context: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer

    /// Starts a context.
    ///
    /// - Parameters:
    ///   - ioThreads: Unit: threads. One moves about a gigabyte a second. Limit: 1 to 16.
    ///   - maximumSockets: Unit: sockets, monitors and in-process pairs included. Creating one more
    ///     throws ``ZeroMQError/Code/outOfResources``. Limit: 1 to 65,535.
    /// - Throws: `invalidArgument` outside the limits, `outOfResources` without memory.
    ///   Source: zmq_ctx_set(3).
    public init(ioThreads: Int = 1, maximumSockets: Int = 1_024) throws(ZeroMQError) {
        guard (1...16).contains(ioThreads), (1...65_535).contains(maximumSockets) else {
            throw ZeroMQError(
                .invalidArgument, "start a context",
                expected: "1 to 16 I/O threads and 1 to 65535 sockets",
                found: "\(ioThreads) and \(maximumSockets)")
        }
        guard let handle = zmq_ctx_new() else { throw .last("start a context") }
        self.handle = handle
        // Closing then never waits for the default, infinite linger.
        try set(ZMQ_BLOCKY, 0)
        try set(ZMQ_IO_THREADS, CInt(ioThreads))
        try set(ZMQ_MAX_SOCKETS, CInt(maximumSockets))
    }

    private func set(_ option: CInt, _ value: CInt) throws(ZeroMQError) {
        guard zmq_ctx_set(handle, option, value) == 0 else { throw .last("configure a context") }
    }

    deinit {
        // EINTR leaves the context alive, every other outcome ends it.
        while zmq_ctx_term(handle) != 0, zmq_errno() == EINTR {}
    }
}
