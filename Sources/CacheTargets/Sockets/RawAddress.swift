// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An address in the operating system's form.
struct RawAddress: Sendable {
    private(set) var storage = sockaddr_storage()
    let length: socklen_t

    /// The addresses behind `address`: one, or several of a host's name.
    ///
    /// - Throws: `system` for a path that is too long; `invalidAddress` for a name without an
    ///   address; `timedOut` where the name cannot be looked up in time.
    static func all(
        of address: SocketAddress, target: String, kind: ServerKind, until limit: Deadline
    ) throws(CacheTargetError) -> [RawAddress] {
        switch address {
        case .unix(let path):
            guard let place = RawAddress(path: path) else {
                throw SocketFailure.of(ENAMETOOLONG, target, kind, operation: "connect")
            }
            return [place]
        case .tcp(let host, let port):
            if let place = RawAddress(number: host, port: port) { return [place] }
            guard let places = HostLookup.places(of: host, port: port, until: limit) else {
                throw SocketFailure.timeout(target, kind, operation: "look up \(host)")
            }
            guard !places.isEmpty else {
                throw CacheTargetError(
                    .invalidAddress, target: target, operation: "look up the host",
                    expected: "a numeric address, or a name that has one", found: host,
                    hint: "Write the number, or mend /etc/hosts or the DNS.")
            }
            return places
        }
    }

    private init?(path: String) {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count <= SocketAddress.maximumPath else { return nil }
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        self.init(name)
    }

    private init?(number host: String, port: UInt16) {
        var four = sockaddr_in()
        if inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            self.init(four)
            return
        }
        var six = sockaddr_in6()
        guard inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else { return nil }
        six.sin6_family = sa_family_t(AF_INET6)
        six.sin6_port = port.bigEndian
        self.init(six)
    }

    private init<Name>(_ name: Name) {
        length = socklen_t(MemoryLayout<Name>.size)
        withUnsafeMutableBytes(of: &storage) { target in
            withUnsafeBytes(of: name) { target.copyMemory(from: $0) }
        }
    }

    /// One answer of getaddrinfo(3).
    init?(_ answer: addrinfo) {
        guard let bytes = UnsafeRawPointer(answer.ai_addr),
            Int(answer.ai_addrlen) <= MemoryLayout<sockaddr_storage>.size
        else { return nil }
        length = answer.ai_addrlen
        withUnsafeMutableBytes(of: &storage) { target in
            target.copyMemory(
                from: UnsafeRawBufferPointer(start: bytes, count: Int(answer.ai_addrlen)))
        }
    }
}
