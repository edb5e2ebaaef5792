// SPDX-License-Identifier: Apache-2.0

/// A socket that an executor owns instead of an actor: authenticator and monitors.
///
/// The checked claim behind `@unchecked`: after ``adopt(by:onReadable:)`` the socket is touched
/// on the executor's thread alone, and before it by its maker alone.
final class AdoptedSocket<Role: ReceivingRole>: @unchecked Sendable {
    private var socket: Socket<Role>?
    private let core: SocketCore

    init(_ socket: consuming Socket<Role>) {
        core = socket.core
        self.socket = consume socket
    }

    /// Has the executor poll the socket, which lives until ``close()`` or the executor's end.
    func adopt(
        by executor: PollingExecutor, onReadable: @escaping @Sendable (SocketCore) -> Void
    ) {
        let loop = executor.loop
        executor.perform {
            // The callback holds the socket; closing it or ending the loop breaks the circle.
            let entry = Registration(handle: self.core.handle) { onReadable(self.core) }
            loop.register(entry)
            self.core.registration = (entry, loop)
        }
    }

    /// Closes the socket; on the executor's thread.
    func close() { socket.take()?.close() }
}
