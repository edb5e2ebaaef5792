// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

extension Simulation {
    /// Trouble ends: everything that people and machines can mend is mended.
    ///
    /// What only the daemon can mend (links given up, gaps, receipts) is left to it.
    func heal() {
        write("heal")
        isHealed = true
        network.heal()
        for host in hosts {
            host.disk.isFull = false
            host.disk.latency = (.microseconds(200), .milliseconds(4))
            host.clock.heal()
            host.process?.effectsLeft = nil
            if host.isClone { stopClone(host) } else if host.isRemoved { shutDown(host) }
        }
        mendNames()
        for host in members {
            host.process?.resume()
            setList(rightList(of: host), on: host)
            setUsers(everybody, on: host)
            if host.awayUntil == nil { start(host) }
        }
        errands = [!issued.isEmpty, knobs.has(.clockJumps), knobs.has(.lists)].count { $0 }
        if knobs.has(.lists) { tryWrongList() }
        if !issued.isEmpty { issueAgain() }
        if knobs.has(.clockJumps) { voidFarFuture() }
        schedule.add(at: now + .seconds(10)) { simulation in simulation.restartSilenced() }
    }

    /// Whose key was stolen, signs no more until somebody does something about it.
    private func restartSilenced() {
        for host in members where host.process?.core.replicator.status.isCloned == true {
            guard ledger.forkedLogs.contains(where: { $0.origin == host.node }) else { continue }
            crash(host, why: "started anew, as its key was stolen")
        }
        schedule.add(at: now + .seconds(10)) { simulation in simulation.restartSilenced() }
    }

    /// Whoever gave a record to a node that could not write it down gives it again.
    private func issueAgain() {
        schedule.add(at: now + .seconds(5)) { simulation in
            guard let process = simulation.members.compactMap(\.process).first else {
                return simulation.issueAgain()
            }
            simulation.errands -= 1
            process.feed(.authority(.recordsReceived(simulation.issued)))
        }
    }

    private func shutDown(_ host: Host) {
        host.process?.end()
        host.process = nil
        host.isRemoved = true
        host.disk.cutPower(keepsGroup: false)
        for other in hosts where other !== host {
            disconnect(other.number, from: host.number)
            disconnect(host.number, from: other.number)
        }
    }

    private func stopClone(_ host: Host) {
        shutDown(host)
        // Whoever heard its clone signs no more in this run.
        for original in members where original.node == host.node {
            crash(original, why: "started anew, as its clone is gone")
        }
    }

    /// An administrator voids proposals whose stamps are bad, as soon as he can.
    private func voidFarFuture() {
        let limit = HostClock(zero: 0).moment(at: now).wall.milliseconds + 60_000
        schedule.add(at: now + .seconds(4)) { simulation in
            guard let process = simulation.members.compactMap(\.process).first else {
                return simulation.voidFarFuture()
            }
            simulation.errands -= 1
            for id in simulation.ledger.ids {
                guard let event = simulation.ledger.event(id), event.content.isState,
                    event.timestamp.milliseconds > limit, !simulation.voided.contains(id)
                else { continue }
                do {
                    let record = try simulation.registry.void(id)
                    simulation.voided.insert(id)
                    simulation.count("members.voided")
                    process.feed(.authority(.recordsReceived([record])))
                } catch {
                    simulation.fail(.crash, "people", "\(error)")
                }
            }
        }
    }
}
