// SPDX-License-Identifier: Apache-2.0

@_spi(Verification) import ClusterModel
import Testing

@testable import ClusterCore

/// Each part of the core by itself.
@Suite struct PieceTests {
    private static let moment = Instant(nanoseconds: 1_000_000_000)
    private static let log = EpochID(origin: Forge.node(0), epoch: LogEpoch(counter: 1, nonce: 1))
    private var empty: OriginTracker {
        OriginTracker(head: EpochHead(log: Self.log, last: 0, chain: .none))
    }

    /// All orders of a few things.
    private static func orders(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return orders(count - 1).flatMap { order in
            (0...order.count).map { index in
                var next = order
                next.insert(count - 1, at: index)
                return next
            }
        }
    }

    @Test func `another content is shown beside a batch, not what lies before both`() {
        let chain = Forge.chain(Self.log, counts: [1, 1])
        let other = Forge.chain(
            Self.log, counts: [1], topic: "other",
            after: EpochHead(log: Self.log, last: 1, chain: chain[0].hash))
        var tracker = empty
        for batch in [chain[0], other[0]] { #expect(tracker.receive(batch) == .accepted) }
        #expect(tracker.counterpart(of: chain[1])?.hash == other[0].hash)
        var broken = empty
        #expect(broken.receive(chain[0]) == .accepted)
        #expect(broken.counterpart(of: other[0])?.hash == chain[0].hash)
    }

    @Test(arguments: PieceTests.orders(4))
    func `batches in any order, each twice, make the same log`(order: [Int]) {
        let chain = Forge.chain(Self.log, counts: [1, 3, 2, 5])
        var tracker = empty
        for index in order + order {
            _ = tracker.receive(chain[index])
            while let next = tracker.nextHeld() { _ = tracker.receive(next) }
        }
        #expect(tracker.tail.last == 11)
        #expect(tracker.durable.last == 0)
        let ticket = AppendTicket(1)
        #expect(tracker.beginAppend(ticket).map(\.header.first) == [1, 2, 5, 7])
        #expect(tracker.completeAppend(ticket).count == 4)
        #expect(tracker.durable.last == 11)
        #expect(!tracker.isBehind)
    }

    @Test func `a batch that does not continue the chain is a fork`() {
        let chain = Forge.chain(Self.log, counts: [1, 1])
        let other = Forge.chain(Self.log, counts: [1, 1], topic: "other")
        var tracker = empty
        #expect(tracker.receive(chain[0]) == .accepted)
        #expect(tracker.receive(other[0]) == .forked(chain[0].id(at: 0), known: chain[0].hash))
        #expect(tracker.receive(other[1]) == .forked(chain[1].id(at: 0), known: chain[0].hash))
        #expect(tracker.receive(chain[0]) == .duplicate)
        #expect(tracker.receive(chain[1]) == .accepted)
    }

    @Test func `what was held and waited for in vain still shows that there are two contents`() {
        let chain = Forge.chain(Self.log, counts: [1, 1, 1])
        let other = Forge.chain(Self.log, counts: [1, 1, 1], topic: "other")
        var tracker = empty
        #expect(tracker.receive(other[1]) == .held)
        #expect(tracker.giveUp() == true)
        #expect(!tracker.isBehind && tracker.known == 0)
        for batch in chain { #expect(tracker.receive(batch) == .accepted) }
        let held = tracker.nextHeld()
        #expect(held == other[1])
        let found = held.map { tracker.receive($0) }
        #expect(found == .forked(chain[1].id(at: 0), known: chain[1].hash))
    }

    @Test func `what was waited for in vain is waited for again when it comes again`() {
        let chain = Forge.chain(Self.log, counts: [1, 1, 1])
        var tracker = empty
        _ = tracker.receive(chain[1])
        #expect(tracker.giveUp() == true)
        #expect(tracker.receive(chain[1]) == .duplicate)
        #expect(tracker.isBehind && tracker.known == 2)
        #expect(tracker.giveUp() == false)
        #expect(tracker.receive(chain[0]) == .accepted)
        #expect(tracker.nextHeld() == chain[1])
    }

    @Test func `a failed append forgets it and all that follows`() {
        let chain = Forge.chain(Self.log, counts: [1, 1, 1])
        var tracker = empty
        for (index, batch) in chain.enumerated() {
            _ = tracker.receive(batch)
            _ = tracker.beginAppend(AppendTicket(UInt64(index)))
        }
        #expect(tracker.completeAppend(AppendTicket(0)).count == 1)
        #expect(tracker.failAppend(AppendTicket(1)) == true)
        #expect(tracker.completeAppend(AppendTicket(2)).isEmpty)
        #expect(tracker.tail == tracker.durable && tracker.durable.last == 1)
        #expect(tracker.receive(chain[1]) == .accepted)
    }

    @Test func `what is held is bounded, and the farthest goes first`() {
        let chain = Forge.chain(Self.log, counts: Array(repeating: 1, count: 300))
        var tracker = empty
        for batch in chain.dropFirst().reversed() { _ = tracker.receive(batch) }
        #expect(tracker.heldCount == Limits.heldBatches)
        #expect(tracker.receive(chain[299]) == .dropped)
        _ = tracker.receive(chain[0])
        while let next = tracker.nextHeld() { _ = tracker.receive(next) }
        #expect(tracker.tail.last == 256)
        #expect(tracker.isBehind)
    }

    @Test func `what is on its way to disk is bounded in bytes, and what waits for room is kept`() {
        let topic = String(repeating: "t", count: Limits.pendingBytes / 8)
        let chain = Forge.chain(Self.log, counts: Array(repeating: 1, count: 10), topic: topic)
        var tracker = empty
        for batch in chain { _ = tracker.receive(batch) }
        #expect(tracker.pendingCount == 8)
        #expect(!tracker.wantsMore)
        #expect(tracker.heldCount == 2)
        #expect(tracker.nextHeld() == nil)
        #expect(tracker.beginAppend(AppendTicket(1)).count == 8)
        #expect(tracker.completeAppend(AppendTicket(1)).count == 8)
        #expect(tracker.wantsMore)
        while let next = tracker.nextHeld() { #expect(tracker.receive(next) == .accepted) }
        #expect(tracker.pendingCount == 2)
    }

    @Test func `what was taken out of a queue is not kept in memory for those behind it`() {
        final class Token: Sendable {}
        var queue = Queue<Token>()
        for _ in 0..<10 { queue.append(Token()) }
        weak let taken = queue.popFirst()
        #expect(taken == nil)
        #expect(queue.count == 9)
        #expect(queue.all.map { _ in 1 }.count == 9)
    }

    @Test func `a batch waits for its blobs, and those behind it wait with it`() {
        let chain = Forge.chain(Self.log, counts: [1, 1])
        let blob = BlobReference(digest: Forge.digest("b"), byteCount: 1)
        var tracker = empty
        _ = tracker.receive(chain[0])
        tracker.awaitBlobs([blob])
        _ = tracker.receive(chain[1])
        #expect(tracker.beginAppend(AppendTicket(1)).isEmpty)
        tracker.release(blob)
        #expect(tracker.beginAppend(AppendTicket(1)).count == 2)
    }

    @Test func `a jump goes on behind the floor, but never back`() {
        let chain = Forge.chain(Self.log, counts: [2, 2, 2])
        var tracker = empty
        #expect(tracker.receive(chain[2]) == .held)
        let floor = EpochHead(log: Self.log, last: 4, chain: chain[1].hash)
        #expect(tracker.jump(to: floor) == true)
        #expect(tracker.jump(to: EpochHead(log: Self.log, last: 2, chain: chain[0].hash)) == false)
        let next = tracker.nextHeld()
        #expect(next == chain[2])
        #expect(tracker.receive(chain[2]) == .accepted)
    }

    @Test(arguments: [(1, 1.0), (2, 2), (3, 4), (6, 30), (200, 30), (0, 1)])
    func `waits double up to the longest`(failures: Int, seconds: Double) {
        let backoff = Backoff(first: .seconds(1), longest: .seconds(30))
        #expect(backoff.wait(afterFailures: failures) == .seconds(seconds))
    }

    @Test func `jitter stays within its bounds`() {
        var jitter = Jitter(seed: 1)
        for _ in 0..<1_000 {
            let around = jitter.around(.seconds(1))
            #expect(around >= .milliseconds(800) && around <= .milliseconds(1_200))
            let full = jitter.full(.seconds(1))
            #expect(full >= .milliseconds(100) && full <= .seconds(1))
        }
    }

    @Test func `the hybrid clock never goes back and is not raised by the far future`() {
        var clock = HybridClock(newest: HybridTimestamp(milliseconds: 5_000, counter: 0))
        var last = clock.newest
        for wall: UInt64 in [4_000, 5_000, 5_000, 6_000, 1, 6_000] {
            let stamp = clock.stamp(at: WallTime(milliseconds: wall))
            #expect(stamp > last)
            last = stamp
        }
        let reference = WallTime(milliseconds: 6_000)
        clock.observe(HybridTimestamp(milliseconds: 66_001, counter: 0), reference: reference)
        #expect(clock.newest == last)
        clock.observe(HybridTimestamp(milliseconds: 66_000, counter: 0), reference: reference)
        #expect(clock.newest.milliseconds == 66_000)
    }

    // The register.

    private static func entry(
        _ node: Int, _ sequence: UInt64, _ generation: UInt64, parent: RevisionEntry?, at: UInt64
    ) -> RevisionEntry {
        RevisionEntry(
            id: EventID(
                log: EpochID(origin: Forge.node(node), epoch: LogEpoch(counter: 1, nonce: 1)),
                sequence: SequenceNumber(sequence)),
            timestamp: HybridTimestamp(milliseconds: at, counter: 0),
            proposal: RevisionProposal(generation: generation, parent: parent?.id, commits: []))
    }

    private static let tree: [RevisionEntry] = {
        let first = entry(0, 1, 1, parent: nil, at: 10)
        let rival = entry(1, 1, 1, parent: nil, at: 99)
        let second = entry(1, 2, 2, parent: first, at: 20)
        let late = entry(0, 2, 2, parent: rival, at: 15)
        let wrong = entry(2, 1, 9, parent: first, at: 500)
        return [first, rival, second, late, wrong]
    }()

    @Test(arguments: PieceTests.orders(5))
    func `the register picks the same in every order, also merged and repeated`(order: [Int]) {
        var register = RevisionRegister()
        var left = RevisionRegister()
        var right = RevisionRegister()
        for (position, index) in order.enumerated() {
            _ = register.add(Self.tree[index])
            if position < 3 {
                _ = left.add(Self.tree[index])
            } else {
                _ = right.add(Self.tree[index])
            }
        }
        var merged = left
        merged.merge(right)
        merged.merge(left)
        var other = right
        other.merge(left)
        // Generation decides before the stamp; a generation that its parent does not bear out
        // counts for nothing.
        for result in [register, merged, other] {
            #expect(result.current == Self.tree[2])
            #expect(result.standing(of: Self.tree[4].id) == .orphaned)
            #expect(result.standing(of: Self.tree[1].id) == .superseded)
        }
    }

    @Test func `a proposal with an unknown parent waits for it`() {
        var register = RevisionRegister()
        #expect(register.add(Self.tree[2]) == [Self.tree[2].id])
        #expect(register.current == nil)
        #expect(register.add(Self.tree[0]) == [Self.tree[0].id, Self.tree[2].id])
        #expect(register.current == Self.tree[2])
        #expect(register.add(Self.tree[0]).isEmpty)
    }

    // The queue of wishes.

    private func item(_ ticket: UInt64, bytes: Int = 10, since: UInt64 = 0) -> PublishQueue.Item {
        PublishQueue.Item(
            ticket: PublishTicket(ticket), contents: [Forge.application("a")], level: .local,
            byteCount: bytes, since: Instant(nanoseconds: since))
    }

    @Test func `what waits is sealed at once when idle, else when full or after five milliseconds`()
    {
        var queue = PublishQueue()
        let tail = EpochHead(log: Self.log, last: 0, chain: .none)
        let start = Instant(nanoseconds: 0)
        #expect(queue.add(item(1)) == true)
        #expect(queue.isDue(now: start))
        #expect(queue.seal(after: tail, grant: .none) { .zero }.events.count == 1)
        #expect(queue.add(item(2)) == true)
        #expect(!queue.isDue(now: start + .seconds(1)), "one is being sealed")
        #expect(queue.sealed().count == 1)
        #expect(!queue.isDue(now: start))
        #expect(queue.nextDeadline == start + Limits.batchDelay)
        #expect(queue.isDue(now: start + Limits.batchDelay))
        for ticket in 0..<UInt64(Limits.batchEvents) {
            #expect(queue.add(item(10 + ticket)) == true)
        }
        #expect(queue.isDue(now: start))
        #expect(queue.seal(after: tail, grant: .none) { .zero }.events.count == Limits.batchEvents)
        _ = queue.sealed()
        #expect(!queue.isDue(now: start + .seconds(1)), "two are in flight")
        queue.landed(2)
        #expect(queue.isDue(now: start))
    }

    @Test func `wishes are bounded in number and bytes, and can be withdrawn`() {
        var queue = PublishQueue()
        #expect(queue.add(item(1, bytes: Limits.waitingBytes)) == true)
        #expect(queue.add(item(2, bytes: 1)) == false)
        #expect(queue.withdraw(PublishTicket(1)) == true)
        #expect(queue.withdraw(PublishTicket(1)) == false)
        for ticket in 0..<UInt64(Limits.waitingRequests) {
            #expect(queue.add(item(ticket, bytes: 0)) == true)
        }
        #expect(queue.add(item(9_999_999, bytes: 0)) == false)
    }

    @Test func `an old beacon, or one of an earlier run, is refused`() {
        var monitor = PeerMonitor()
        func beacon(_ instance: UInt64, _ number: UInt64) -> Beacon {
            Beacon(
                sender: Forge.node(1), instance: InstanceID(high: 0, low: instance),
                number: number, wall: WallTime(milliseconds: 0), heads: [], allHeads: .none,
                records: .none, allowed: .none, applied: VersionVector(), isReady: true)
        }
        let now = Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
        func isFresh(_ instance: UInt64, _ number: UInt64) -> Bool {
            if case .fresh = monitor.hear(beacon(instance, number), at: now) { true } else { false }
        }
        #expect(isFresh(1, 1) == true)
        #expect(isFresh(1, 1) == false)
        #expect(isFresh(1, 5) == true)
        #expect(isFresh(1, 4) == false)
        #expect(isFresh(2, 1) == true)
        #expect(isFresh(1, 6) == false)
    }

    @Test func `joined orders do what each of them does, and too many names clear everything`() {
        var first = Invalidation()
        first.opcodeCache = true
        first.paths = ["a", "b"]
        var second = Invalidation()
        second.paths = ["b", "c"]
        second.tags = ["t"]
        let joined = Invalidation.joined([first, second])
        #expect(joined.opcodeCache && !joined.userCache && !joined.everything)
        #expect(joined.paths == ["a", "b", "c"] && joined.tags == ["t"])
        var many = Invalidation()
        many.keys = (0...Limits.namesInClear).map { "\($0)" }
        #expect(Invalidation.joined([many]).everything)
    }

    @Test func `adjoining receipts that say the same become one`() {
        var book = ReceiptBook()
        for sequence: UInt64 in [1, 2, 3, 5] {
            let id = EventID(log: Self.log, sequence: SequenceNumber(sequence))
            _ = book.add(Receipt(subject: id.alone, outcome: .applied), now: Self.moment)
        }
        #expect(book.takeAll().map(\.subject.last) == [3, 5])
        #expect(book.takeAll().isEmpty && book.due == nil)
    }

    @Test func `success waits for others a moment, and everything else takes it along at once`() {
        var book = ReceiptBook()
        func add(_ sequence: UInt64, _ outcome: ApplyOutcome, after wait: Duration) {
            let id = EventID(log: Self.log, sequence: SequenceNumber(sequence))
            _ = book.add(Receipt(subject: id.alone, outcome: outcome), now: Self.moment + wait)
        }
        add(1, .applied, after: .zero)
        add(3, .applied, after: .milliseconds(5))
        #expect(book.due == Self.moment + Limits.receiptDelay)
        add(5, .failed(reason: "down"), after: .milliseconds(6))
        #expect(book.due == Self.moment + .milliseconds(6))
        #expect(book.takeAll().count == 3)
        add(7, .applied, after: .milliseconds(8))
        #expect(book.due == Self.moment + .milliseconds(8) + Limits.receiptDelay)
    }
}
