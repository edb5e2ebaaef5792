// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import NodeRuntime
import NodeRuntimeTesting
import Testing

/// The update lock, as those who hold it and those who look at it see it.
@Suite("The update lock", .timeLimit(.minutes(2)))
struct LockTests {
    private func lock(
        _ reason: String? = nil, ttl: UInt64 = 3_600_000, confirm: String? = nil
    ) -> LockRequestDocument {
        LockRequestDocument(
            reason: reason, ttlMilliseconds: ttl, confirm: confirm, timeoutMilliseconds: 50_000)
    }

    private func unlock() -> UnlockRequestDocument {
        UnlockRequestDocument(force: false, confirm: nil, timeoutMilliseconds: 50_000)
    }

    @Test("It is taken, renewed and ended, told by every server, and noted where it was done")
    func lifetime() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let (here, there) = (cluster.servers[0], cluster.servers[1])
            let taken = try await here.installation.lock(lock("release 7"))
            let first = try #require(taken.lock)
            #expect(taken.isLocked && taken.previous == nil && taken.event?.isConfirmed == true)
            #expect(first.holder == "alice" && first.reason == "release 7")
            #expect(first.expires == first.since + 3_600_000)
            try await eventually("the lock there") {
                let status = try await there.installation.status()
                return status.own.lock == first && status.servers.first?.lock == first
            }
            let renewed = try await there.installation.lock(lock(ttl: 7_200_000))
            #expect(renewed.previous == first && renewed.lock?.since == first.since)
            #expect(renewed.lock?.reason == "release 7")
            #expect((renewed.lock?.expires ?? 0) > first.expires)
            let silent = try await there.installation.lock(lock(""))
            #expect(silent.lock?.reason == "")
            try await eventually("the end of the reason here") {
                try await here.installation.status().own.lock?.reason == ""
            }
            let ended = try await here.installation.unlock(unlock())
            #expect(!ended.isLocked && ended.previous?.reason == "" && ended.event != nil)
            let idle = try await here.installation.unlock(unlock())
            #expect(idle == LockAnswer(lock: nil, previous: nil, event: nil))
            #expect(here.trail.entries(of: .lock, .done).map(\.reason) == ["release 7"])
            #expect(here.trail.entries(of: .unlock, .done).map(\.subject) == [ended.event?.id])
            #expect(there.trail.entries(of: .lock, .done).allSatisfy { $0.user == "alice" })
            let event = try await here.installation.event(id: taken.event?.id ?? "")
            #expect(event.kind == "lock" && event.summary == "locked for 3600 s: release 7")
        }
    }

    @Test("Who is overtaken while he waits is told, and what counts instead")
    func overtaken() async throws {
        let cluster = try TestCluster(3)
        try await cluster.run {
            let (here, there) = (cluster.servers[0], cluster.servers[1])
            cluster.mesh.cut(cluster.servers[2].identity.node, true)
            cluster.mesh.cut(here.identity.node, true)
            async let mine = here.installation.lock(lock("mine", confirm: "all"))
            try await eventually("the lock here") {
                try await here.installation.status().own.lock?.reason == "mine"
            }
            _ = try await there.installation.lock(lock("theirs", confirm: "local"))
            cluster.mesh.cut(here.identity.node, false)
            try await eventually("the other lock here") {
                try await here.installation.status().own.lock?.reason == "theirs"
            }
            cluster.mesh.cut(cluster.servers[2].identity.node, false)
            do {
                _ = try await mine
                Issue.record("nobody was told")
            } catch let error as ErrorDocument {
                #expect(error.code == "lock-superseded" && error.exitStatus == 75)
                #expect(error.message.contains(": theirs, expires "))
            }
        }
    }

    @Test(
        "What no lock can be is refused before anything is published",
        arguments: [
            ("a\nb", 3_600_000), ("a\u{202E}b", 3_600_000),
            (String(repeating: "x", count: 513), 3_600_000), ("", 999), ("", 2_592_000_001),
        ] as [(String, UInt64)])
    func refused(reason: String, ttl: UInt64) async throws {
        let cluster = try TestCluster(1)
        try await cluster.run {
            let server = cluster.servers[0]
            let error = await #expect(throws: ErrorDocument.self) {
                try await server.installation.lock(lock(reason, ttl: ttl))
            }
            #expect(error?.code == "malformed" && error?.exitStatus == 64)
            let status = try await server.installation.status()
            #expect(status.own.isLocked == false)
            #expect(server.trail.entries(of: .lock, .done).isEmpty)
        }
    }

    @Test("Of many clients that lock at once each is answered, and all servers keep the same lock")
    func race() async throws {
        let cluster = try TestCluster(2)
        try await cluster.run {
            let reasons = (0..<16).map { "client \($0)" }
            let taken = await withTaskGroup(of: String?.self) { group in
                for (index, reason) in reasons.enumerated() {
                    let server = cluster.servers[index % 2].installation
                    group.addTask {
                        do throws(ErrorDocument) {
                            return try await server.lock(lock(reason)).lock?.reason
                        } catch {
                            // Overtaken, and told so.
                            #expect(error.exitStatus == 75, "\(error)")
                            return nil
                        }
                    }
                }
                var taken: [String] = []
                for await case let reason? in group { taken.append(reason) }
                return taken
            }
            #expect(!taken.isEmpty && Set(taken).count == taken.count)
            try await eventually("one lock everywhere") {
                let status = try await cluster.servers[0].installation.status()
                guard let lock = status.own.lock else { return false }
                return taken.contains(lock.reason) && status.servers.first?.lock == lock
            }
        }
    }
}
