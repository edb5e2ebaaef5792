// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// What people do to lists of URLs, and to what the names in them stand for.
enum ListChange: String, CaseIterable {
    // To one list.
    case added, removed, reordered, wrong, selfTwice, selfMissing, mended
    // To names and machines: everybody's list changes after it, or nobody's.
    case renamed, moved, taken, namesSwapped, addressesSwapped
}

extension Simulation {
    /// The list that a host should have: every member, itself too.
    func rightList(of host: Host) -> [NodeAddress] {
        let others = members.filter { $0 !== host }
        let all = host.listsItselfFirst ? [host] + others : members
        return all.map { Directory.address($0.name) }
    }

    /// Writes a list of URLs; the daemon reads it at once.
    ///
    /// The configuration refuses two entries with one door.
    func setList(_ list: [NodeAddress], on host: Host) {
        host.list = list.enumerated().filter { !list[..<$0.offset].contains($0.element) }
            .map(\.element)
        guard let process = host.process else { return }
        process.take { process.readList() }
    }

    /// Something about a list changes that need not be for the better.
    func changeList() {
        guard let host = random.pick(members), let change = random.pick(ListChange.allCases) else {
            return
        }
        count("list.\(change.rawValue)")
        write(host, "**", "list: \(change.rawValue)")
        switch change {
        case .added, .removed, .reordered, .wrong, .selfTwice, .selfMissing, .mended:
            setList(list(of: host, after: change), on: host)
        case .renamed: rename(host)
        case .moved:
            host.move()
            breakConnections(of: host.number)
        case .taken, .namesSwapped, .addressesSwapped:
            guard let other = random.pick(members.filter { $0 !== host }) else { return }
            exchange(host, other, change)
        }
    }

    private func list(of host: Host, after change: ListChange) -> [NodeAddress] {
        var list = host.list
        let own = Directory.address(host.name)
        switch change {
        case .added:
            // Where none is missing, one of the others comes a second time.
            let missing = rightList(of: host).filter { !list.contains($0) }
            let aliases = members.filter { $0 !== host }.map { Directory.address($0.alias) }
            list.append(random.pick(missing) ?? random.pick(aliases) ?? own)
        case .removed: if !list.isEmpty { list.remove(at: random.below(list.count)) }
        case .reordered:
            for index in list.indices.reversed() { list.swapAt(index, random.below(index + 1)) }
        case .wrong:
            let name = random.pick(Self.wrongNames) ?? "typo"
            list.insert(Directory.address(name), at: random.below(list.count + 1))
        case .selfTwice: list.append(Directory.address(host.alias))
        case .selfMissing: list.removeAll { $0 == own }
        case .mended, .renamed, .moved, .taken, .namesSwapped, .addressesSwapped:
            list = rightList(of: host)
        }
        return list
    }

    /// A machine gets another URL; the old one may go on leading to it.
    private func rename(_ host: Host) {
        let old = Directory.address(host.name)
        host.name += "-b"
        let new = Directory.address(host.name)
        directory[new.host] = .host(host.number)
        if random.chance(perMille: 500) { directory[old.host] = nil }
        changeLists { list in list.map { $0 == old ? new : $0 } }
    }

    private func exchange(_ one: Host, _ other: Host, _ change: ListChange) {
        switch change {
        case .taken: directory[one.name] = .host(other.number)
        case .namesSwapped:
            (one.name, other.name) = (other.name, one.name)
            directory[one.name] = .host(one.number)
            directory[other.name] = .host(other.number)
        case .addressesSwapped:
            (one.address, other.address) = (other.address, one.address)
            breakConnections(of: one.number)
            breakConnections(of: other.number)
        case .added, .removed, .reordered, .wrong, .selfTwice, .selfMissing, .mended, .renamed,
            .moved:
            return
        }
    }

    /// Everybody changes his list when he finds the time; some only after the trouble.
    func changeLists(_ change: @escaping ([NodeAddress]) -> [NodeAddress]) {
        for host in members {
            schedule.add(at: now + random.span(0, .seconds(4))) { simulation in
                guard !simulation.isHealed, !host.isRemoved else { return }
                simulation.setList(change(host.list), on: host)
            }
        }
    }

    // MARK: After the trouble

    /// Names lead again where they belong.
    func mendNames() {
        for host in hosts where host.isClone || host.isRemoved { directory[host.name] = nil }
        for host in members { directory[host.name] = .host(host.number) }
    }

    /// Somebody writes a wrong list once more, when nothing else is wrong: the node must say so.
    func tryWrongList() {
        schedule.add(at: now + random.span(.seconds(1), .seconds(12))) { simulation in
            let running = simulation.members.filter { $0.process?.isPaused == false }
            // A URL that led here once, and is silent, may lead here still.
            guard !simulation.hosts.contains(where: { $0.awayUntil != nil }) else {
                return simulation.tryWrongList()
            }
            guard let host = simulation.random.pick(running), let process = host.process else {
                return simulation.tryWrongList()
            }
            let change: ListChange =
                simulation.random.chance(perMille: 500) ? .selfTwice : .selfMissing
            simulation.write(host, "**", "list, on trial: \(change.rawValue)")
            let list = simulation.list(of: host, after: change)
            simulation.setList(list, on: host)
            // A door may take ten seconds.
            simulation.schedule.add(at: simulation.now + .seconds(16)) { simulation in
                simulation.setList(simulation.rightList(of: host), on: host)
                // Who was started anew meanwhile had less time.
                guard host.process === process else { return simulation.tryWrongList() }
                simulation.errands -= 1
            }
            simulation.schedule.add(at: simulation.now + .seconds(15)) { simulation in
                guard host.process === process else { return }
                simulation.expectReport(of: change, by: process, list)
            }
        }
    }

    private func expectReport(of change: ListChange, by process: NodeProcess, _ list: [NodeAddress])
    {
        let problems = process.roster.roster.problems
        let mine = [process.host.name, process.host.alias].map { Directory.address($0).url }
        let isTold = problems.contains { problem in
            change == .selfTwice
                ? problem.code == .selfTwice && problem.urls.sorted() == mine.sorted()
                : problem.code == .selfMissing && problem.urls == list.map(\.url)
        }
        // Alone, without itself, it lists nobody: then there is nothing to tell of.
        guard !isTold, !list.isEmpty else { return count("roster.wrong-list-told") }
        fail(
            .liveness, "roster",
            "host \(process.host.number) does not say that its list is wrong: \(change.rawValue)")
    }
}
