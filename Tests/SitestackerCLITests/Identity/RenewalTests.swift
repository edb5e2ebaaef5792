// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterCore
import ClusterModel
import ClusterSigning
import NodeConfiguration
import Testing

@testable import NodeRuntime
@testable import SitestackerCLI

/// Grants that are signed again whenever their user's key is open.
@Suite struct RenewalTests {
    /// The time at which the accounts of a test's daemon are looked at, and a year from it.
    private static let now: UInt64 = 1_800_000_000_000
    private static let year: UInt64 = 365 * 86_400_000

    private func grant(
        _ node: NodeIdentity, by user: UserKey, from start: UInt64, to end: UInt64,
        serial: UInt64 = 1
    ) -> Grant {
        Grant(
            user: user, nodeKey: node.nodeKey, node: node.node, curveKey: node.curveKey,
            scopes: .query, notBefore: WallTime(milliseconds: start),
            notAfter: WallTime(milliseconds: end), serial: serial)
    }

    @Test(
        "past the half of its time and not over: again for as long, from now on",
        arguments: [
            (start: now - year / 2 + 1, end: now + year / 2 + 1, isDue: false),
            (start: now - year / 2, end: now + year / 2, isDue: true),
            (start: now - year + 1, end: now + 1, isDue: true),
            (start: now - year, end: now, isDue: false),
            (start: now + 1, end: now + year, isDue: false),
            (start: now + 1, end: now - 1, isDue: false),
            (start: 0, end: UInt64.max, isDue: false),
        ])
    func due(start: UInt64, end: UInt64, isDue: Bool) throws {
        let (node, user) = (try NodeIdentity(), try SigningKey().user)
        let grant = grant(node, by: user, from: start, to: end, serial: 7)
        let renewed = Grant.due(among: [grant], at: WallTime(milliseconds: Self.now))
        #expect(renewed.count == (isDue ? 1 : 0))
        guard let one = renewed.first else { return }
        #expect(one.notBefore.milliseconds == Self.now)
        #expect(one.notAfter.milliseconds == Self.now + (end - start))
        #expect(one.serial == 8 && one.curveKey == node.curveKey && one.scopes == .query)
    }

    @Test("of each node the latest alone is looked at")
    func latest() throws {
        let (node, other) = (try NodeIdentity(), try NodeIdentity())
        let user = try SigningKey().user
        let (start, end) = (Self.now - Self.year / 2, Self.now + Self.year / 2)
        let grants = [
            grant(node, by: user, from: start, to: end),
            grant(node, by: user, from: Self.now, to: Self.now + Self.year, serial: 2),
            grant(other, by: user, from: start, to: end, serial: 3),
            grant(other, by: user, from: start, to: end, serial: 4),
        ]
        let renewed = Grant.due(among: grants, at: WallTime(milliseconds: Self.now))
        #expect(renewed.map(\.node) == [other.node] && renewed.map(\.serial) == [5])
    }

    // MARK: Commands

    /// A cluster whose alice has granted more nodes, and what a daemon of it knows.
    private struct Site {
        let cluster: TestCluster
        let records: [SealedRecord]
        /// Granted by alice: due, new, over, due but removed.
        let due: NodeIdentity
        let removed: NodeIdentity
        /// Granted by bob, and due.
        let bobs: NodeIdentity

        init(_ grant: (NodeIdentity, UserKey, UInt64, UInt64) -> Grant) throws {
            cluster = try TestCluster()
            let (fresh, over) = (try NodeIdentity(), try NodeIdentity())
            (due, removed, bobs) = (try NodeIdentity(), try NodeIdentity(), try NodeIdentity())
            let bob = try SigningKey()
            let alice = cluster.key
            let account = Account(
                name: "bob", email: "bob@example.com", fullName: "Bob", key: bob.user,
                scopes: .query, serial: 1, credential: nil)
            let sealer = RecordSealer(cluster: cluster.pin.cluster)
            let (now, year) = (RenewalTests.now, RenewalTests.year)
            var signed = [try sealer.seal(.account(account), with: alice)]
            for (node, key, start) in [
                (due, alice, now - year * 3 / 4), (fresh, alice, now - year / 4),
                (over, alice, now - year * 2), (removed, alice, now - year * 3 / 4),
                (bobs, bob, now - year * 3 / 4),
            ] {
                let record = AuthorityRecord.grant(grant(node, key.user, start, start + year))
                signed.append(try sealer.seal(record, with: key))
            }
            let end = Revocation(subject: .node(removed.node), covers: [])
            signed.append(try sealer.seal(.revocation(end), with: alice))
            records = cluster.records + signed.map(\.sealed)
        }

        /// Which nodes have a grant that ends a year from now, in the order of their making.
        func renewed(in daemon: TestDaemon) -> Set<NodeID> {
            let wall = WallTime(milliseconds: RenewalTests.now)
            let grants = daemon.authority.grants(at: wall).map(\.grant)
            return Set(grants.filter { $0.notBefore == wall }.map(\.node))
        }
    }

    private func site() throws -> Site {
        try Site { node, user, start, end in grant(node, by: user, from: start, to: end) }
    }

    @Test(
        "every change that alice signs renews hers that are due, and nobody else's",
        arguments: ["user add", "user remove", "node remove", "client add", "logout"])
    func changes(change: String) async throws {
        let site = try site()
        let own = site.cluster.node
        let daemon = try TestDaemon(node: own, pin: site.cluster.pin, records: site.records)
        let changes = try await AccountChanges(
            daemon, now: WallTime(milliseconds: Self.now))
        let alice = try changes.accounts.account("alice")
        let password = secret(TestCluster.password)
        // The own grant has run since 1970: it is due as well, but where it ends.
        var expected: Set = [own.node, site.due.node]
        let count: Int
        switch change {
        case "user add":
            let carol = try NewUser(name: "carol", email: "c@example.com", fullName: "Carol")
            count = try await changes.add(
                carol, scopes: .query, by: alice, password: password, new: secret("carols word"))
        case "user remove":
            count = try await changes.remove(
                changes.accounts.account("bob"), by: alice, password: password)
        case "node remove":
            expected.remove(site.due.node)
            count = try await changes.remove(site.due.node, by: alice, password: password)
        case "client add":
            count = try await changes.add(
                ClientKey(name: "probe", curveKey: site.bobs.curveKey, scopes: .query),
                by: alice, password: password)
        case "logout":
            expected.remove(own.node)
            count = try await changes.logOut(alice, password: password)
        case let other: throw Unknown(change: other)
        }
        #expect(count == expected.count)
        #expect(site.renewed(in: daemon) == expected)
    }

    private struct Unknown: Error { let change: String }

    @Test("a login renews the user's other grants that are due, but none that was ended")
    func login() async throws {
        let site = try site()
        let holder = TestHolder(site.cluster, records: site.records)
        let fresh = try NodeIdentity()
        let daemon = try TestDaemon(node: fresh)
        let doors = TestDoors(
            ["web1": { message throws(ErrorDocument) in try await holder.take(message) }],
            hellos: ["web1": site.cluster.node, "web2": fresh])
        let urls = try ["http://web1", "http://web2"].map { try SiteURL($0) }
        let flow = LoginFlow(
            daemon: daemon, doors: doors,
            servers: try ServerList("http://web2", SiteConfiguration(urls: urls)), user: "alice",
            fingerprint: nil, ttl: .standard, scopes: nil,
            now: { WallTime(milliseconds: Self.now) })
        let outcome = try await flow.logIn(
            try await flow.target(), password: secret(TestCluster.password))
        #expect(outcome.renewed == 2)
        let expected: Set = [fresh.node, site.cluster.node.node, site.due.node]
        #expect(site.renewed(in: daemon) == expected)
    }
}
