// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("The update lock")
    struct LockTests {}
}

extension BlackBox.LockTests {
    @Test(
        "A lock is shown on every server, keeps another user out, survives kill -9, and is ended",
        .timeLimit(.minutes(4)))
    func lifetime() async throws {
        try await Cluster.founded { cluster in
            try await cluster.logInBob()
            let taken = try await cluster[2].done(
                "lock", "--reason", "release 7", "--ttl", "2h", "--json")
            let lock = try #require(try taken.document(LockReport.self).lock)
            #expect(lock.holder == "alice" && lock.reason == "release 7")
            #expect(lock.expires == lock.since + 7_200_000)
            try await cluster.show(lock)
            let shown = try await cluster[1].run("status")
            #expect(
                shown.text.components(separatedBy: "\n").count { $0 == lock.line } == 3,
                "\(shown)")

            for command in ["lock", "unlock"] {
                let refused = try await cluster[3].run(command, "--json")
                #expect(refused.status == 75 && refused.output.isEmpty, "\(refused)")
                let error = try refused.failure()
                #expect(error.code == "locked" && error.exitStatus == 75)
                let words = lock.line.dropFirst("Is Locked: true (".count).dropLast()
                #expect(error.message == "\(command): updates are locked \(words)")
                #expect(error.hint?.contains("sitestacker unlock --force") == true)
            }

            let renewed = try await cluster[1].done("lock", "--ttl", "3d", "--json")
                .document(LockReport.self)
            #expect(renewed.previous == lock)
            let longer = try #require(renewed.lock)
            #expect(longer.since == lock.since && longer.reason == lock.reason)
            #expect(longer.expires > lock.expires + 2 * 86_400_000)
            try await cluster.show(longer)

            try await cluster[2].crash()
            try await cluster[2].start()
            try await cluster[2].becomeAbleToPublish()
            #expect(try await cluster[2].status().own.lock == longer)

            let forced = try await cluster[3].done("unlock", "--force")
            #expect(forced.text == "Is Locked: false")
            #expect(forced.errors.contains("by alice since"))
            try await cluster.show(nil)
            let idle = try await cluster[1].done("unlock")
            #expect(idle.text == "Is Locked: false")
            #expect(idle.errors.contains("no lock"))
            #expect(try await cluster[3].done("lock", "--ttl", "1m").text.contains("by bob since"))
        }
    }

    @Test("A lock ends by itself", .timeLimit(.minutes(3)))
    func expiry() async throws {
        try await Cluster.founded { cluster in
            let taken = try await cluster[1].done("lock", "--ttl", "8s", "--confirm", "all")
            #expect(taken.text.hasPrefix("Is Locked: true (by alice since "))
            #expect(try await cluster[2].status().own.isLocked == true)
            try await cluster.show(nil)
            let events = try await cluster[3].done("events", "--json").documents(EventReport.self)
            #expect(events.filter { $0.kind == "lock" }.map(\.summary) == ["locked for 8 s"])
        }
    }

    @Test("Short of its level a lock is kept, and who lacks it is named", .timeLimit(.minutes(3)))
    func unconfirmed() async throws {
        try await Cluster.founded { cluster in
            cluster[3].freeze()
            let taken = try await cluster[1].run(
                "lock", "--confirm", "all", "--timeout", "1s")
            #expect(taken.status == 3 && taken.text.contains("by alice since"), "\(taken)")
            #expect(taken.errors.contains(cluster[3].url))
            cluster[3].resume()
            try await eventually("the lock on server 3") {
                try await cluster[3].status().own.isLocked == true
            }
        }
    }

    @Test(
        "What cannot be a lock is refused", .timeLimit(.minutes(2)),
        arguments: [
            (["lock", "--ttl", "0s"], 64), (["lock", "--ttl", "31d"], 64),
            (["lock", "--ttl", "5"], 64), (["lock", "--reason", "a\u{1B}[2Jb"], 64),
            (["lock", "--reason", "a\u{202E}b"], 64),
            (["lock", "--reason", String(repeating: "x", count: 513)], 64),
            (["lock", "release"], 64), (["unlock", "--confirm", "two"], 64),
        ] as [([String], Int32)])
    func refused(arguments: [String], status: Int32) async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let outcome = try await cluster[1].begin(arguments).end()
            #expect(outcome.status == status, "\(outcome)")
            #expect(try await cluster[1].status().own.isLocked == false)
        }
    }
}

extension LockReport.Lock {
    /// The line of `status`, by the documentation.
    fileprivate var line: String {
        "Is Locked: true (by \(holder) since \(Self.text(since)): \(reason), "
            + "expires \(Self.text(expires)))"
    }

    /// Rounded down to the second.
    private static func text(_ milliseconds: UInt64) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "yyyy-MM-dd HH:mm:ss'Z'"
        return format.string(from: Date(timeIntervalSince1970: Double(milliseconds / 1_000)))
    }
}

extension Cluster {
    /// Makes bob a user who counts everywhere, and logs server 3 in as him.
    fileprivate func logInBob() async throws {
        try await self[1].addBob()
        for server in servers { try server.write("alice\nbob\n", to: server.usersFile) }
        try await self[3].done(
            "logout", "--yes", "--password-stdin", input: Cluster.password + "\n")
        try await eventually("server 1 to see server 3 leave") {
            try await self[1].run("status").status == 3
        }
        try await self[3].logIn(as: "bob", password: "bob's own password")
        for server in servers { try await server.becomeReady() }
    }

    /// Waits until every server says so of itself and of all others.
    fileprivate func show(_ lock: LockReport.Lock?) async throws {
        for server in servers {
            try await eventually("the lock on server \(server.number)") {
                let status = try await server.status()
                return ([status.own] + status.servers).allSatisfy {
                    $0.isLocked == (lock != nil) && $0.lock == lock
                }
            }
        }
    }
}
