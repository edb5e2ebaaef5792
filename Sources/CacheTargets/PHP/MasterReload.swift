// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// Reloads a PHP-FPM master: all its workers are replaced, and with them their realpath and stat
/// caches, which nothing else reaches from outside.
///
/// The master keeps its process ID and its sockets; it ends the workers, begins anew with empty
/// caches, and starts others. What is running gets `process_control_timeout` to end, which is 0 by
/// default. The master is found by its own worker, as the parent of the clear script.
/// Law: success means that every worker was born after the signal, and that one of them answered.
/// Source: php-fpm(8), proc(5). Runs on one blocking thread.
struct MasterReload: Sendable {
    let exchange: ClearExchange

    /// The counters of both lives of the master.
    struct Result: Sendable {
        let before: ClearReply
        let after: ClearReply

        /// The master may still be starting workers; none of them can be an old one.
        var note: String { "reloaded: all workers are new, with empty realpath caches" }
    }

    /// Reloads, and waits until the master's new workers answer.
    ///
    /// - Throws: `forbidden` where the master cannot be told or signalled from here, `unproven`
    ///   where old workers were left at the deadline; else what the first question met.
    func perform(
        at address: SocketAddress, until limit: Deadline
    ) throws(CacheTargetError) -> Result {
        let before = try exchange.status(at: address, until: limit)
        let master = try Self.master(of: before, address)
        let signalled = Self.tick(after: Self.children(of: master), until: limit)
        guard kill(master, SIGUSR2) == 0 else {
            throw Self.refusal(
                address, expected: "the right to signal process \(master)",
                found: String(cString: strerror(errno)),
                hint: "Run the daemon as root or as the master's user, or drop reload: true.")
        }
        var last = "no answer"
        while !limit.hasPassed {
            _ = poll(nil, 0, min(10, limit.pollMilliseconds))
            do throws(CacheTargetError) {
                let after = try exchange.status(at: address, until: limit)
                let workers = Self.children(of: master)
                if !workers.isEmpty, workers.allSatisfy({ $0 >= signalled }) {
                    return Result(before: before, after: after)
                }
                last = "\(workers.count { $0 < signalled }) old workers"
            } catch {
                guard Self.passing.contains(error.code) else { throw error }
                // The last question is cut short by the limit, and so tells the least.
                if !limit.hasPassed { last = error.found }
            }
        }
        throw CacheTargetError(
            .unproven, target: address.description, operation: "reload",
            expected: "nothing but new workers within \(exchange.deadlines.total)", found: last,
            hint: "Look into PHP-FPM's log; set process_control_timeout below the timeout.")
    }

    /// What is normal while a master begins anew.
    private static let passing: Set<CacheTargetError.Code> = [
        .replyCut, .refused, .socketMissing, .timedOut,
    ]

    /// The master's process ID, if it is one of this host's and a PHP-FPM.
    private static func master(
        of reply: ClearReply, _ address: SocketAddress
    ) throws(CacheTargetError) -> pid_t {
        guard reply.parent > 1, let number = pid_t(exactly: reply.parent) else {
            throw refusal(
                address, expected: "a worker that knows its master", found: "none",
                hint: "Load PHP's posix extension, or let open_basedir include /proc.")
        }
        let own = namespace()
        guard reply.namespace == own else {
            throw refusal(
                address, expected: "a master among this host's processes (\(own))",
                found: reply.namespace.isEmpty ? "an unknown namespace" : reply.namespace,
                hint: "It runs in a container: reload it from there, and drop reload: true.")
        }
        guard let status = text("/proc/\(number)/stat"), status.contains("(php-fpm") else {
            throw refusal(
                address, expected: "PHP-FPM as process \(number)", found: "another program",
                hint: "Drop reload: true if workers are started by something else.")
        }
        return number
    }

    private static func refusal(
        _ address: SocketAddress, expected: String, found: String, hint: String
    ) -> CacheTargetError {
        CacheTargetError(
            .forbidden, target: address.description, operation: "reload", expected: expected,
            found: found, hint: hint)
    }

    /// When each child was born.
    ///
    /// Unit: clock ticks since boot.
    private static func children(of master: pid_t) -> [Int] {
        (text("/proc/\(master)/task/\(master)/children") ?? "").split(separator: " ")
            .compactMap { child in
                // The program's name may hold anything, so fields count from its closing bracket.
                guard let status = text("/proc/\(child)/stat"),
                    let bracket = status.lastIndex(of: ")")
                else { return nil }
                let fields = status[bracket...].split(separator: " ")
                return fields.count > 20 ? Int(fields[20]) : nil
            }
    }

    /// The present tick, once it is later than every birth: a worker of the same tick as the signal
    /// is a new one then.
    private static func tick(after births: [Int], until limit: Deadline) -> Int {
        let latest = births.max() ?? 0
        while ticksSinceBoot() <= latest, !limit.hasPassed { _ = poll(nil, 0, 1) }
        return ticksSinceBoot()
    }

    private static func ticksSinceBoot() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        let ticks = sysconf(Int32(_SC_CLK_TCK))
        return now.tv_sec * ticks + now.tv_nsec * ticks / 1_000_000_000
    }

    private static func namespace() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        let count = readlink("/proc/self/ns/pid", &bytes, bytes.count)
        return String(
            decoding: bytes.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
