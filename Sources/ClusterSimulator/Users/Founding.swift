// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning

extension Simulation {
    /// The cluster as it stands before anything happens: everybody logged in, nobody started.
    func found() throws {
        try addStrangers()
        var records = registry.accounts
        for number in 0..<knobs.nodeCount {
            let host = try makeHost(number, user: registry.users[random.below(3)])
            records.append(try registry.grant(for: host, randomScopes()))
        }
        for host in hosts {
            host.list = rightList(of: host)
            host.disk.replace(by: LogImage().with(records))
        }
        for host in hosts {
            schedule.add(at: random.span(0, .milliseconds(300))) { simulation in
                simulation.start(host)
            }
        }
    }

    private func makeHost(_ number: Int, user: SimulatedUser) throws -> Host {
        let host = Host(
            number: number, identity: try Registry.identity(&random), user: user,
            clock: makeClock(), users: everybody,
            listsItselfFirst: random.chance(perMille: 500))
        directory[host.name] = .host(number)
        directory[host.alias] = .host(number)
        if knobs.has(.usersFiles), random.chance(perMille: 400) { host.users.removeLast() }
        if knobs.has(.slowDisk), random.chance(perMille: 400) {
            host.disk.latency = (.milliseconds(5), .milliseconds(random.number(in: 20...900)))
        }
        hosts.append(host)
        network.addHost()
        return host
    }

    private func makeClock() -> HostClock {
        var clock = HostClock(zero: random.next() >> 20)
        if knobs.has(.clockOffsets) { clock.offset = Int64(random.number(in: -5_000...5_000)) }
        if knobs.has(.clockDrift) { clock.rate = UInt64(random.number(in: 900...1_100)) }
        return clock
    }

    /// A users file that lists everybody.
    var everybody: [AllowedUser] {
        registry.users.map { AllowedUser(identifier: $0.name, scopes: .all) }
    }

    /// Mostly everything; now and then one thing less.
    func randomScopes() -> Scopes {
        guard knobs.has(.usersFiles), random.chance(perMille: 350) else { return .all }
        return Scopes.all.subtracting(random.pick([.publish, .invalidate, .update]) ?? [])
    }

    /// One more node: its user logs it in at another one, which then knows its grant.
    func addMember() throws {
        let running = members.filter { $0.process != nil }
        guard hosts.count < knobs.nodeCount + 2, let door = random.pick(running),
            let process = door.process
        else { return }
        let host = try makeHost(hosts.count, user: registry.users[random.below(3)])
        let grant = try registry.grant(for: host, randomScopes())
        issued.append(grant)
        process.feed(.authority(.recordsReceived([grant])))
        host.disk.replace(
            by: LogImage().with(door.disk.image.recordList).with(registry.accounts)
                .with([grant]))
        count("members.added")
        write(host, "**", "added at host \(door.number)")
        host.list = rightList(of: host)
        let new = Directory.address(host.name)
        changeLists { $0.contains(new) ? $0 : $0 + [new] }
        start(host)
    }

    /// A node is taken out of the cluster: what others hold of it stays valid.
    func removeMember() throws {
        let running = members.filter { $0.process != nil }
        guard running.count > 2, let host = random.pick(running),
            let witness = random.pick(running.filter { $0 !== host }),
            let process = witness.process
        else { return }
        let covers = witness.disk.image.heads.filter { $0.log.origin == host.node }
        let record = try registry.removal(of: host, covers: covers)
        issued.append(record)
        count("members.removed")
        write(host, "**", "removed at host \(witness.number)")
        host.isRemoved = true
        // Who is removed need not know of it, and goes on speaking.
        if random.chance(perMille: 500) { crash(host, why: "removed") }
        process.feed(.authority(.recordsReceived([record])))
        let gone = [host.name, host.alias].map(Directory.address)
        changeLists { list in list.filter { !gone.contains($0) } }
    }
}

extension LogImage {
    /// The same with further records of authority.
    func with(_ records: [VerifiedRecord]) -> LogImage {
        switch performing([.records(records)]) {
        case .success(let image): image
        case .failure: self
        }
    }
}
