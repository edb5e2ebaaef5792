// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// Looks up hosts' names, with a deadline which getaddrinfo(3) itself does not have.
///
/// Each look-up has a thread of its own, which is left behind when it takes too long.
/// Limit: 8 such threads; beyond that a look-up counts as one that took too long.
enum HostLookup {
    private static let maximum = 8
    private static let running = Mutex(0)

    private final class Answer: Sendable {
        let places = Mutex<[RawAddress]>([])
        let isThere = DispatchSemaphore(value: 0)
    }

    /// The addresses of `host`, none where the name has none, nothing where it took too long.
    static func places(of host: String, port: UInt16, until limit: Deadline) -> [RawAddress]? {
        let isAllowed = running.withLock { count in
            guard count < maximum else { return false }
            count += 1
            return true
        }
        guard isAllowed else { return nil }
        let answer = Answer()
        let thread = Thread {
            let found = ask(host, port)
            answer.places.withLock { $0 = found }
            running.withLock { $0 -= 1 }
            answer.isThere.signal()
        }
        thread.name = "host-lookup"
        thread.start()
        let patience = DispatchTime.now() + .milliseconds(Int(limit.pollMilliseconds))
        guard answer.isThere.wait(timeout: patience) == .success else { return nil }
        return answer.places.withLock { $0 }
    }

    private static func ask(_ host: String, _ port: UInt16) -> [RawAddress] {
        var wish = addrinfo()
        wish.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &wish, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var places: [RawAddress] = []
        var next = first
        while let answer = next, places.count < 16 {
            if let place = RawAddress(answer.pointee) { places.append(place) }
            next = answer.pointee.ai_next
        }
        return places
    }
}
