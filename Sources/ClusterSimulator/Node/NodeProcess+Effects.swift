// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import WireFormat

extension NodeProcess {
    /// Does what the core says; one line an effect, no decision.
    func perform(_ effect: Effect) {
        switch effect {
        case .authority(let change): perform(change)
        case .persistEpoch(let epoch):
            write([.epoch(epoch)]) { process, failure in
                process.feed(
                    failure.map { .epochNotPersisted(epoch, reason: $0) } ?? .epochPersisted(epoch))
            }
        case .seal(let draft): seal(draft)
        case .broadcast(let batch):
            simulation.broadcast(BatchFrames.encode(batch), from: host.number)
        case .resolve(_, let result): simulation.count("publish.\(result.name)")
        case .append(let entries, let ticket):
            write([.append(entries)]) { process, failure in
                process.feed(
                    failure.map { .appendFailed(ticket, reason: $0) } ?? .appended(ticket))
            }
        case .keepState(let entries, of: let log, through: let last, let ticket):
            write([.keepState(entries, of: log, through: last)]) { process, failure in
                process.feed(
                    failure.map { .appendFailed(ticket, reason: $0) } ?? .appended(ticket))
            }
        case .load(let range): load(range)
        case .recordApplied(let record): write([.applied(record)])
        case .recordClears(let record): write([.clears(record)])
        case .recordReceipt(let receipt, by: let node, at: _):
            write([.receipt(receipt, by: node)])
        case .dispose(let log, let first, let disposition):
            write([.dispose(log, first, disposition)])
        case .keepEvidence(let batch): write([.evidence(batch)])
        case .truncate(let floor): write([.truncate(floor)])
        case .jump(let floor): write([.jump(floor)])
        case .broadcastBeacon(let beacon): broadcast(beacon)
        case .acknowledge(let word, let peer): tell(.acknowledge([word]), peer)
        case .requestReplay(let request, let peer): ask(.replay(request), peer)
        case .serveReplay(let request, let ticket): serve(request, ticket)
        case .refuseReplay(_, let ticket, let end): answer(.replay(end, []), ticket)
        case .requestHeads(let peer): ask(.heads(after: nil), peer)
        case .requestOwnHeads(let peer): ask(.ownHead(host.node), peer)
        case .requestRecords(let peer): askForRecords(of: peer)
        case .answerHeads(let heads, let ticket): answer(heads, ticket)
        case .requestBlob(let blob, let peer): fetch(blob, from: peer)
        case .relink(let peer, _, freshSocket: _): simulation.relink(host.number, to: peer)
        case .readiness(let readiness):
            isReady = readiness.isReady
            update(where: readiness)
        case .deliver(let batch, let indices): host.journal.deliver(batch, indices)
        case .apply(let task): apply(task)
        case .report(let observation): simulation.count("core.\(observation.mark)")
        case .stop: simulation.crash(host, why: "the core said stop")
        }
    }

    /// Submits operations to the disk.
    func write(
        _ operations: [DiskOperation],
        completion: @escaping (NodeProcess, String?) -> Void = { _, _ in }
    ) {
        simulation.submit(operations, to: host) { [weak self] _, failure in
            guard let self else { return }
            self.take { completion(self, failure) }
        }
    }

    private func perform(_ change: AuthorityChange) {
        switch change {
        case .store(let records):
            learnKeys(of: records)
            write([.records(records)])
        case .pin(let user): write([.pin(user)])
        case .members:
            updateAdmission()
            feed(roster: .members(authority.members))
        case .standing, .dropped: break
        }
    }

    private func seal(_ draft: BatchDraft) {
        do {
            let batch = try simulation.seals.seal(draft, as: host.identity)
            simulation.checkers.forEach { $0.sealed(batch, by: self) }
            feedLater(.sealed(batch))
        } catch {
            feedLater(.sealingFailed(first: draft.first, reason: "\(error)"))
        }
    }

    private func broadcast(_ beacon: Beacon) {
        do {
            let sealed = try simulation.seals.seal(beacon, as: host.identity)
            simulation.broadcast(sealed.frames, from: host.number)
        } catch {
            simulation.fail(.crash, "codec", "a beacon cannot be encoded: \(error)")
        }
    }

    private func load(_ range: EventRange) {
        later(simulation.random.span(.microseconds(50), .milliseconds(2))) { [self] in
            let batches = host.disk.image.batches(
                of: range.log, from: range.first, through: range.last,
                byteLimit: Limits.queuedBytes)
            feed(.loaded(range, batches))
        }
    }

    /// Brings the code to the newest revision, as far as this node knows of it by then.
    private func update(where readiness: Readiness) {
        let isBehind = readiness.obstacles.contains {
            if case .behindRevision = $0 { true } else { false }
        }
        guard isBehind else { return }
        later(simulation.random.span(.milliseconds(5), .milliseconds(500))) { [self] in
            feed(.served(core.replicator.status.revisionCommits))
        }
    }

    private func apply(_ task: ApplyTask) {
        let began = simulation.now
        let duration = simulation.random.span(.milliseconds(1), .milliseconds(25))
        later(duration) { [self] in
            let (outcome, steps) = simulation.outcome(of: task, on: host)
            host.journal.note(task, outcome)
            simulation.checkers.forEach {
                $0.performed(task, outcome: outcome, steps: steps, began: began, by: self)
            }
            feed(.applied(task.ticket, outcome, steps))
        }
    }
}
