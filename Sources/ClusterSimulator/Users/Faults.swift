// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

// Trouble: what is switched on happens again and again until the cluster is healed.
extension Simulation {
    /// Lets every fault of the run begin.
    func beginFaults() {
        setWeather()
        for fault in knobs.faults { repeatFault(fault) }
    }

    private func setWeather() {
        var weather = Weather()
        if knobs.has(.loss) { weather.loss = random.number(in: 10...300) }
        if knobs.has(.duplication) { weather.duplication = random.number(in: 10...300) }
        if knobs.has(.reordering) { weather.reordering = random.number(in: 50...500) }
        if knobs.has(.corruption) { weather.corruption = random.number(in: 5...60) }
        if knobs.has(.smallQueues) { weather.highWaterMark = random.number(in: 2...6) }
        if random.chance(perMille: 200) {
            weather.delay = (.milliseconds(1), .milliseconds(random.number(in: 20...400)))
        }
        network.weather = weather
    }

    private func repeatFault(_ fault: Fault) {
        let pause: VirtualTime = random.span(.milliseconds(300), .seconds(4))
        schedule.add(at: now + pause) { simulation in
            guard !simulation.isHealed else { return }
            do {
                try simulation.strike(fault)
            } catch {
                simulation.fail(.crash, "people", "\(error)")
            }
            simulation.repeatFault(fault)
        }
    }

    private func strike(_ fault: Fault) throws {
        switch fault {
        case .loss, .duplication, .reordering, .corruption, .smallQueues, .clockOffsets,
            .clockDrift, .replayedHistory, .failingHandlers, .failingCaches, .slowDisk:
            return  // Always there.
        case .partitions, .oneWayPartitions, .isolatedOrigin, .clogging, .linkResets,
            .stuckLinks:
            strikeNetwork(fault)
        case .fullDisk, .backups, .lostLog, .crashes, .pauses, .clones, .longAbsence:
            try strikeHost(fault)
        case .clockJumps, .frozenClocks: strikeClock(fault)
        case .forgedSigners: try forge()
        case .equivocation: try equivocate()
        case .usersFiles: changeUsersFile()
        case .lists: changeList()
        case .revocations: if random.chance(perMille: 300) { try removeMember() }
        case .newMembers: if random.chance(perMille: 300) { try addMember() }
        }
        count("fault.\(fault.rawValue)")
    }

    // MARK: Network

    private func strikeNetwork(_ fault: Fault) {
        let (one, other) = (random.below(hosts.count), random.below(hosts.count))
        switch fault {
        case .partitions:
            let isLeft = hosts.map { _ in random.chance(perMille: 500) }
            cut { isLeft[$0] != isLeft[$1] }
        case .oneWayPartitions: cut { $0 == one && $1 == other }
        case .isolatedOrigin: cut { $0 == one || $1 == one }
        case .clogging:
            let until = now + random.span(.milliseconds(200), .seconds(3))
            network[path: one, to: other].cloggedUntil = until
        case .linkResets: if one != other { disconnect(one, from: other) }
        case .stuckLinks: if one != other { stick(one, to: other) }
        default: return
        }
    }

    /// Cuts paths for a while.
    private func cut(_ isCut: (Int, Int) -> Bool) {
        var paths: [(Int, Int)] = []
        for from in hosts.indices {
            for destination in hosts.indices where from != destination && isCut(from, destination) {
                paths.append((from, destination))
                network[path: from, to: destination].isCut = true
            }
        }
        schedule.add(at: now + random.span(.milliseconds(200), .seconds(5))) { simulation in
            for (from, destination) in paths {
                simulation.network[path: from, to: destination].isCut = false
            }
        }
    }

    // MARK: Hosts

    private func strikeHost(_ fault: Fault) throws {
        guard let host = random.pick(members) else { return }
        switch fault {
        case .crashes:
            if random.chance(perMille: 500) {
                crash(host, why: "killed")
            } else {
                host.process?.effectsLeft = random.number(in: 1...20)
            }
        case .pauses: pause(host)
        case .fullDisk:
            host.disk.isFull = true
            schedule.add(at: now + random.span(.milliseconds(50), .seconds(2))) { _ in
                host.disk.isFull = false
            }
        case .backups:
            let backup = host.disk.image
            schedule.add(at: now + random.span(.milliseconds(300), .seconds(4))) { simulation in
                guard !simulation.isHealed, !host.isRemoved else { return }
                simulation.replaceDisk(of: host, by: backup, why: "backup restored")
            }
        case .lostLog:
            guard random.chance(perMille: 300) else { return }
            host.hasLostHistory = true
            replaceDisk(
                of: host, by: LogImage().with(host.disk.image.recordList), why: "log lost")
        case .clones: if !hosts.contains(where: \.isClone) { clone(host) }
        case .longAbsence: beAway(host)
        default: return
        }
    }

    private func pause(_ host: Host) {
        guard let process = host.process, !process.isPaused else { return }
        let end = now + random.span(.milliseconds(100), .seconds(8))
        process.pause()
        write(host, "**", "paused")
        schedule.add(at: end) { _ in
            if host.process === process { process.resume() }
        }
    }

    /// The machine gets other contents of its disk while the daemon is down.
    func replaceDisk(of host: Host, by image: LogImage, why: String) {
        if host.process != nil { crash(host, why: why) }
        host.disk.replace(by: image)
        count("disk.replaced")
        checkers.forEach { $0.diskReplaced(on: host) }
    }

    /// A copy of the machine starts beside it, under its own URL.
    private func clone(_ host: Host) {
        let copy = Host(
            number: hosts.count, identity: host.identity, user: host.user, clock: host.clock,
            users: host.users, listsItselfFirst: host.listsItselfFirst, isClone: true)
        copy.disk.replace(by: host.disk.image)
        let url = Directory.address(copy.name)
        copy.list = host.list + (random.chance(perMille: 500) ? [url] : [])
        hosts.append(copy)
        network.addHost()
        directory[copy.name] = .host(copy.number)
        // Now and then the copy gets the name as well, and everybody's questions.
        if random.chance(perMille: 200) { directory[host.name] = .host(copy.number) }
        if random.chance(perMille: 700) { changeLists { $0 + [url] } }
        count("process.cloned")
        start(copy)
    }

    private func beAway(_ host: Host) {
        guard !hosts.contains(where: { $0.awayUntil != nil }) else { return }
        host.awayUntil = now + .seconds(200)
        crash(host, why: "away")
        // The others go on: what is proposed and cut meanwhile, nobody has whole any more.
        for second in stride(from: 10, to: 190, by: 20) {
            schedule.add(at: now + .seconds(second)) { $0.publishWhileAway(host) }
        }
    }

    // MARK: Clocks and files

    private func strikeClock(_ fault: Fault) {
        guard let host = random.pick(members) else { return }
        switch fault {
        case .clockJumps:
            let year: Int64 = 365 * 86_400_000
            host.clock.offset = random.pick([0, year, -year, 90_000, -90_000, 3_600_000]) ?? 0
        case .frozenClocks:
            if host.clock.frozen == nil {
                host.clock.freeze(at: now)
            } else {
                host.clock.frozen = nil
            }
        default: return
        }
    }

    private func changeUsersFile() {
        guard let host = random.pick(members) else { return }
        var users = everybody
        if random.chance(perMille: 700), let index = users.indices.randomElement(&random) {
            let user = users.remove(at: index)
            if random.chance(perMille: 400) {
                let lacking: Scopes = random.pick([.publish, .invalidate, .update]) ?? []
                users.append(
                    AllowedUser(
                        identifier: user.identifier, scopes: user.scopes.subtracting(lacking)))
            }
        }
        setUsers(users, on: host)
    }

    /// Writes a users file; the daemon reads it at once.
    func setUsers(_ users: [AllowedUser], on host: Host) {
        host.users = users
        host.process?.feed(.authority(.usersChanged(users)))
    }
}

extension Range<Int> {
    fileprivate func randomElement(_ random: inout SimulationRandom) -> Int? {
        isEmpty ? nil : lowerBound + random.below(count)
    }
}
