// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning

// What people and applications do with the cluster.
extension Simulation {
    /// Begins to publish.
    func beginWork() {
        schedule.add(at: now + random.span(.milliseconds(10), knobs.publishInterval * 2)) {
            simulation in
            guard !simulation.isHealed else { return }
            simulation.publishSomewhere()
            simulation.beginWork()
        }
    }

    private func publishSomewhere() {
        let running = hosts.filter { $0.process != nil && $0.process?.isPaused != true }
        guard let host = random.pick(running), let process = host.process else { return }
        let count = random.chance(perMille: 100) ? random.number(in: 2...12) : 1
        for _ in 0..<count where host.process === process { publish(at: process) }
    }

    /// Something that is state, and something that is not, by whoever is not away.
    func publishWhileAway(_ host: Host) {
        let present = members.filter { $0 !== host && $0.process?.isPaused == false }
        guard let process = random.pick(present)?.process else { return }
        publish([application()], at: process)
        // A clock that has jumped leaves stamps which nobody voids so late.
        if !knobs.has(.clockJumps) { publish([revision(after: process)], at: process) }
    }

    private func publish(at process: NodeProcess) {
        switch random.below(20) {
        case 0...10: publish([application()], at: process)
        case 11: publish((0..<random.number(in: 2...6)).map { _ in application() }, at: process)
        case 12...14: publish([.invalidation(invalidation())], at: process)
        case 15...17: publish([revision(after: process)], at: process)
        case 18: publish([.unknown(kind: 900, bytes: random.bytes(8))], at: process)
        default: publishBlob(at: process)
        }
    }

    private func application() -> EventContent {
        let topic = random.pick(["order.paid", "order.sent", "mail.sent", "news"])
        return .application(
            ApplicationEvent(
                topic: topic ?? "news",
                payload: .inline(random.bytes(random.number(in: 1...60)))))
    }

    private func invalidation() -> Invalidation {
        if random.chance(perMille: 500) { return .plain }
        var order = Invalidation()
        switch random.below(4) {
        case 0: order.paths = ["index\(random.below(5)).php"]
        case 1: order.keys = ["key\(random.below(5))"]
        case 2: order.tags = ["tag\(random.below(5))"]
        default: order.everything = true
        }
        return order
    }

    private func revision(after process: NodeProcess) -> EventContent {
        let current = process.core.replicator.status.revision
        var generation: UInt64 = 0
        if let current, case .revision(let proposal) = ledger.event(current)?.content {
            generation = proposal.generation
        }
        let commit = Hexadecimal.encode(random.bytes(20))
        return .revision(
            RevisionProposal(
                generation: generation + 1, parent: current,
                commits: [RepositoryCommit(path: ".", commit: commit)]))
    }

    /// A small stand-in for what is too large for an event: the way of a blob is the same.
    private func publishBlob(at process: NodeProcess) {
        let bytes = random.bytes(random.number(in: 100...900))
        let blob = BlobReference(digest: Digest(hashing: bytes), byteCount: bytes.count)
        process.write([.blob(blob, bytes)]) { [weak self] process, failure in
            guard let self, failure == nil else { return }
            self.publish(
                [.application(ApplicationEvent(topic: "order.scan", payload: .blob(blob)))],
                at: process)
        }
    }

    private func publish(_ contents: [EventContent], at process: NodeProcess) {
        lastTicket += 1
        process.feed(
            .publishRequested(
                PublishRequest(
                    ticket: PublishTicket(lastTicket), contents: contents,
                    level: random.pick(ConfirmationLevel.allCases) ?? .local,
                    timeout: .seconds(random.number(in: 1...6)))))
    }

    /// What comes of a task on a host.
    func outcome(of task: ApplyTask, on host: Host) -> (ApplyOutcome, [StepReceipt]) {
        switch task.work {
        case .clear(_, sparing: let spared):
            let steps = Host.caches.filter { !spared.contains($0) }.map { cache in
                let fails =
                    knobs.has(.failingCaches) && !isHealed && random.chance(perMille: 200)
                return StepReceipt(
                    target: cache, action: "clear",
                    failure: fails ? "the cache does not answer" : nil, proof: [],
                    microseconds: 1_000)
            }
            let failed = steps.first { $0.failure != nil }
            return (failed.map { .failed(reason: $0.failure ?? "") } ?? .applied, steps)
        case .handle(_, _, let event):
            let fails =
                knobs.has(.failingHandlers)
                && (event.isPoison || !isHealed && random.chance(perMille: 300))
            return (fails ? .failed(reason: "exit status 1") : .applied, [])
        }
    }
}

extension ApplicationEvent {
    /// Whether every handler fails for it.
    fileprivate var isPoison: Bool {
        guard topic == "order.sent", case .inline(let bytes) = payload else { return false }
        return bytes[0] < 24
    }
}
