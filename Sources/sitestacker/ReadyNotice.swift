// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// Tells systemd and the log that the daemon serves, once everything listens.
///
/// Source: sd_notify(3): a datagram to the socket that `NOTIFY_SOCKET` names, perhaps abstract.
final class ReadyNotice: Sendable {
    private let missing: Mutex<Int>
    private let onComplete: @Sendable () -> Void

    init(expecting count: Int, onComplete: @escaping @Sendable () -> Void) {
        missing = Mutex(count)
        self.onComplete = onComplete
    }

    /// One more listens.
    func note() {
        let isComplete = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        guard isComplete else { return }
        ReadyNotice.send("READY=1\nSTATUS=serving")
        onComplete()
    }

    /// Sends a state; does nothing where nobody asked for it.
    static func send(_ state: String) {
        guard let name = getenv("NOTIFY_SOCKET") else { return }
        let path = String(cString: name)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.isEmpty else {
            return
        }
        // A leading @ stands for the zero byte of an abstract name.
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                sendto(descriptor, state, state.utf8.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
    }
}
