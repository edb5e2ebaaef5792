// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// Beacons, acknowledgements, links and members.
extension Replicator {
    mutating func receive(_ beacon: Beacon, from peer: NodeID) {
        guard beacon.sender != node else {
            // From another peer it may be an old one of this node's own, sent again.
            guard peer == node else {
                return report(.beaconRejected(from: peer, reason: "an own one, by another"))
            }
            if beacon.instance != instance { heardClone(beacon.instance) }
            return
        }
        guard beacon.sender == peer, others.contains(peer) else {
            return report(.beaconRejected(from: peer, reason: "sender is no member, or another"))
        }
        guard case .fresh(let isFirst) = peers.hear(beacon, at: now) else {
            return report(.beaconRejected(from: peer, reason: "not newer than the last"))
        }
        links.heard(peer, now: now.instant)
        if let offset = peers.checkSkew(of: peer) {
            report(.clockSkewed(peer, milliseconds: offset.magnitude, behind: offset < 0))
        }
        for head in beacon.heads.prefix(Limits.headsInMessage) {
            // What the origin itself shows came after what it sent: it is lost, not late.
            note(head, from: peer, isCertain: head.log.origin == peer)
        }
        noteClosedLogs(of: beacon, from: peer)
        if isFirst {
            readiness.hear(beacon)
            if !start.answered.contains(peer) { emit(.requestOwnHeads(of: peer)) }
        }
        inquire(about: beacon, from: peer)
    }

    /// Notes what a beacon tells of closed logs: they are level where all heads are, and applied
    /// where it names the newest one of their origin as applied.
    private mutating func noteClosedLogs(of beacon: Beacon, from peer: NodeID) {
        guard beacon.allHeads == book.allHeads(), let closed = book.closedDigest,
            peers[peer]?.closedNoted != closed
        else { return }
        var isComplete = true
        for head in book.heads(of: nil) {
            guard let newest = book.newest(of: head.log.origin), newest != head.log else {
                continue
            }
            peers.note(head.log, durable: head.last, by: peer)
            if beacon.applied[newest] > 0 {
                peers.note(head.log, applied: head.last, by: peer)
            } else {
                isComplete = false
            }
        }
        if isComplete { peers[peer]?.closedNoted = closed }
    }

    /// What a beacon says is applied.
    ///
    /// Law: it names the newest log of an origin only where all older logs of that origin which
    /// this node holds are applied, so that nothing need be said of them.
    private var toldVector: VersionVector {
        var late: Set<NodeID> = []
        for log in book.logs where book.newest(of: log.origin) != log {
            guard let tracker = book[log], !tracker.isQuarantined,
                appliers[log]?.applied ?? 0 < tracker.durable.last
            else { continue }
            late.insert(log.origin)
        }
        return VersionVector(
            appliedVector.entries.filter { !late.contains($0.log.origin) }
                .map { ($0.log, $0.position) })
    }

    /// Asks for what the beacon only gives a digest of, where it differs.
    private mutating func inquire(about beacon: Beacon, from peer: NodeID) {
        if beacon.records != authority.digest,
            isInquiryDue(peers[peer]?.recordsAskedAt)
        {
            peers[peer]?.recordsAskedAt = now.instant
            emit(.requestRecords(of: peer))
        }
        guard beacon.allHeads != book.allHeads() else {
            peers[peer]?.differsSince = nil
            return
        }
        let since = peers[peer]?.differsSince ?? now.instant
        peers[peer]?.differsSince = since
        // While newest heads differ, it is mostly by them that all heads differ.
        let isVague = beacon.heads != book.newestHeads
        let pause = isVague ? Limits.vagueInquiryPause : Limits.inquiryPause
        guard !isVague || now.instant.since(since) >= pause,
            isInquiryDue(peers[peer]?.headsAskedAt, pause: pause)
        else { return }
        peers[peer]?.headsAskedAt = now.instant
        emit(.requestHeads(of: peer))
    }

    private func isInquiryDue(
        _ last: Instant?, pause: Duration = Limits.inquiryPause
    ) -> Bool {
        last.map { now.instant.since($0) >= pause } ?? true
    }

    mutating func receive(_ word: Acknowledgement, from peer: NodeID) {
        guard others.contains(peer) else {
            return report(.requestRejected(from: peer, reason: "acknowledgement of a stranger"))
        }
        peers.meet(peer)
        peers.note(word.log, durable: word.durable, by: peer)
        peers.note(word.log, applied: word.applied, by: peer)
    }

    mutating func supervisePeers() {
        for (peer, status) in peers.update(now: now.instant) {
            report(.peerStatusChanged(peer, status))
        }
        for (peer, attempt, isFresh) in links.due(now: now.instant, jitter: &jitter) {
            report(.relinked(peer, attempt: attempt))
            emit(.relink(peer, attempt: attempt, freshSocket: isFresh))
        }
        schedule.nextTick = earlier(peers.nextDeadline, links.nextDeadline)
    }

    mutating func takeAuthority(_ input: AuthorityInput) {
        switch input {
        case .recordsReceived(let records): follow(authority.add(records))
        case .clusterPinned(let pin): follow(authority.setClusterPin(pin))
        case .usersChanged(let users): follow(authority.setUsers(users))
        case .userPinned(let identifier, let key):
            follow(authority.pinUser(identifier, key: key))
        }
    }

    mutating func follow(_ changes: [AuthorityChange]) {
        for change in changes {
            switch change {
            case .store(let records):
                emit(.authority(change))
                recordWrites.add(records, now: now.instant)
            case .pin, .dropped: emit(.authority(change))
            case .members:
                others = authority.members.map(\.node).filter { $0 != node }
                links.follow(others, now: now.instant)
                emit(.authority(change))
                for peer in others where !start.answered.contains(peer) {
                    emit(.requestOwnHeads(of: peer))
                }
            case .standing:
                rejudgeState()
                shelf.revisit([.refused, .unfinished])
                emit(.authority(change))
            }
        }
    }

    /// The disk may have been full when records came: nothing waits for what is written of them.
    mutating func rewriteRecords() {
        let records = recordWrites.takeDue(now: now.instant)
        if !records.isEmpty { emit(.authority(.store(records))) }
    }

    /// Writes down how far logs are applied, and notes whom to tell.
    ///
    /// Not while receipts wait: what is written down as applied is never told again after a crash,
    /// so it is written with the receipts or after them.
    mutating func recordAdvances() {
        for log in advanced.keys {
            if log.origin != node, untold[log] == nil { untold[log] = false }
            unrecorded[log] = true
        }
        advanced.removeAll()
        guard !unrecorded.isEmpty, receipts.due == nil || !canSign else { return }
        for log in unrecorded.keys {
            if let record = appliers[log]?.takeRecord() { emit(.recordApplied(record)) }
        }
        unrecorded.removeAll()
    }

    /// When receipts that wait for others are published; `nil` where none waits for time.
    var receiptDeadline: Instant? {
        guard let due = receipts.due, due > now.instant, canSign else { return nil }
        return due
    }

    /// Tells origins what is durable and applied here: at once where somebody waits for that, else
    /// a little later, together.
    mutating func acknowledgeAdvances() {
        guard !untold.isEmpty else { return }
        let due = schedule.nextAcknowledgements ?? now.instant + Limits.acknowledgementPause
        let isDue = now.instant >= due
        for log in untold.keys where isDue || untold[log] == true {
            untold[log] = nil
            let durable = book.durable(log).last
            guard log.origin != node, others.contains(log.origin), durable > 0 else { continue }
            let applied = appliers[log]?.applied ?? 0
            emit(
                .acknowledge(
                    Acknowledgement(log: log, durable: durable, applied: applied),
                    to: log.origin))
        }
        schedule.nextAcknowledgements = untold.isEmpty ? nil : due
    }

    mutating func sendBeaconIfDue() {
        let isBurst = schedule.burstBeacon.map { now.instant >= $0 } ?? false
        guard isBurst || now.instant >= schedule.nextBeacon, authority.ownGrant != nil,
            !start.isCloned
        else { return }
        schedule.unshown = nil
        schedule.nextBeacon = now.instant + jitter.around(Limits.beaconInterval)
        schedule.beacons += 1
        emit(
            .broadcastBeacon(
                Beacon(
                    sender: node, instance: instance, number: schedule.beacons, wall: now.wall,
                    heads: Array(book.newestHeads.prefix(Limits.headsInMessage)),
                    allHeads: book.allHeads(), records: authority.digest,
                    allowed: authority.allowedDigest, applied: toldVector,
                    isReady: readiness.isReady)))
    }

    /// When beacons, acknowledgements, cuts and checkpoints are due.
    var scheduleDeadline: Instant? {
        var next: Instant? = schedule.nextCut
        if authority.ownGrant != nil, !start.isCloned {
            next = earlier(earlier(next, schedule.nextBeacon), schedule.burstBeacon)
        }
        next = earlier(next, receiptDeadline)
        if canSign, schedule.hasNews { next = earlier(next, schedule.nextCheckpoint) }
        next = earlier(next, schedule.nextAcknowledgements)
        if !shelf.isIdle || !restless.isEmpty, schedule.nextLoad > now.instant {
            next = earlier(next, schedule.nextLoad)
        }
        return next
    }
}
