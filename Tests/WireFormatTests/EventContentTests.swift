// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing
import WireFormat

/// Contents which no receiver would accept are not encoded either; the checks are the same code.
@Suite struct EventContentTests {
    private func code(_ content: EventContent) -> WireError.Code? {
        refusal { () throws(WireError) in
            _ = try EventBodyCodec.encode([Event(timestamp: Samples.stamp, content: content)])
        }
    }

    private func receipt(
        first: SequenceNumber = 1, last: SequenceNumber = 1,
        outcome: ApplyOutcome = .applied, steps: [StepReceipt] = [], attempt: Int = 1
    ) -> EventContent {
        .receipt(
            Receipt(
                subject: EventRange(log: Samples.log, first: first, last: last),
                outcome: outcome, steps: steps, attempt: attempt))
    }

    private func step(target: String = "t", proofs: Int = 0) -> StepReceipt {
        StepReceipt(
            target: target, action: "a", failure: nil,
            proof: .init(repeating: Proof(counter: "c", before: 0, after: 0), count: proofs),
            microseconds: 0)
    }

    @Test("Receipts are bounded in all directions")
    func receipts() {
        #expect(code(receipt()) == nil)
        #expect(code(receipt(first: 2, last: 1)) == .outOfRange)
        #expect(code(receipt(first: 0)) == .outOfRange)
        #expect(code(receipt(last: SequenceNumber(1 << 63))) == .outOfRange)
        #expect(code(receipt(attempt: 0)) == .outOfRange)
        #expect(code(receipt(attempt: .max)) == .outOfRange)
        let long = String(repeating: "x", count: 4_097)
        #expect(code(receipt(outcome: .failed(reason: long))) == .aboveLimit)
        #expect(code(receipt(outcome: .failed(reason: WireLimits.clip(long)))) == nil)
        #expect(code(receipt(steps: .init(repeating: step(), count: 256))) == nil)
        #expect(code(receipt(steps: .init(repeating: step(), count: 257))) == .aboveLimit)
        #expect(code(receipt(steps: [step(target: "")])) == nil)
        let longest = String(repeating: "x", count: 255)
        #expect(code(receipt(steps: [step(target: longest)])) == nil)
        #expect(code(receipt(steps: [step(target: longest + "x")])) == .aboveLimit)
        #expect(code(receipt(steps: [step(proofs: 64)])) == nil)
        #expect(code(receipt(steps: [step(proofs: 65)])) == .aboveLimit)
    }

    @Test("Whatever appliers report is made to fit", arguments: [0, 1, 254, 255, 256, 10_000])
    func fitted(count: Int) {
        let long = String(repeating: "ä", count: 5_000)
        let step = StepReceipt(
            target: long, action: long, failure: long,
            proof: .init(repeating: Proof(counter: long, before: 0, after: 0), count: 100),
            microseconds: .max)
        for step in [step, self.step()] {
            let steps = [StepReceipt](repeating: step, count: count).fitted()
            #expect(steps.isEmpty == (count == 0))
            let outcome = ApplyOutcome.parked(reason: long).fitted()
            #expect(code(receipt(outcome: outcome, steps: steps)) == nil)
        }
        // A step that worked is listed only with every step that failed.
        let good = self.step()
        let bad = StepReceipt(
            target: "bad", action: "clear", failure: "down", proof: [], microseconds: 1)
        let mixed =
            ([good] + .init(repeating: bad, count: count) + .init(repeating: good, count: 300))
            .fitted()
        #expect(code(receipt(steps: mixed)) == nil)
        #expect(mixed.contains(good) == (count < 255))
        #expect(mixed.count { $0 == bad } == min(count, 255))
        let listed = [StepReceipt](repeating: self.step(), count: count).fitted()
        #expect(count >= 256 || listed.count == count)
        #expect(count < 256 || listed.last?.target == "\(count - 255) more steps")
    }

    @Test("Invalidations name something, and not too much")
    func invalidations() {
        var order = Invalidation()
        #expect(code(.invalidation(order)) == .missing)
        order.tags = [""]
        #expect(code(.invalidation(order)) == .missing)
        order.tags = [String(repeating: "x", count: 4_096)]
        #expect(code(.invalidation(order)) == nil)
        order.tags = [String(repeating: "x", count: 4_097)]
        #expect(code(.invalidation(order)) == .aboveLimit)
        order.tags = .init(repeating: "x", count: 4_096)
        #expect(code(.invalidation(order)) == nil)
        order.tags.append("x")
        #expect(code(.invalidation(order)) == .aboveLimit)
    }

    @Test("A version vector has at most 1,024 entries")
    func vectors() {
        var order = Invalidation.plain
        let logs = (1...1_025).map {
            EpochID(origin: Samples.node, epoch: LogEpoch(counter: UInt64($0), nonce: 0))
        }
        order.seen = VersionVector(logs.dropLast().map { ($0, 1) })
        #expect(code(.invalidation(order)) == nil)
        order.seen = VersionVector(logs.map { ($0, 1) })
        #expect(code(.invalidation(order)) == .aboveLimit)
    }

    @Test(
        "A commit is a whole hash in lower case",
        arguments: [
            "", "abc", String(repeating: "A", count: 40), String(repeating: "g", count: 40),
            String(repeating: "a", count: 41), String(repeating: "é", count: 20),
        ])
    func commits(commit: String) {
        let proposal = RevisionProposal(
            generation: 1, parent: nil, commits: [RepositoryCommit(path: ".", commit: commit)])
        #expect(code(.revision(proposal)) == .forbiddenText)
    }

    @Test("Revisions are ordered, numbered and not empty")
    func revisions() {
        let commit = String(repeating: "a", count: 40)
        func proposal(_ generation: UInt64, _ paths: [String]) -> EventContent {
            .revision(
                RevisionProposal(
                    generation: generation, parent: nil,
                    commits: paths.map { RepositoryCommit(path: $0, commit: commit) }))
        }
        #expect(code(proposal(1, [".", "a"])) == nil)
        #expect(code(proposal(0, ["."])) == .outOfRange)
        #expect(code(proposal(1, [])) == .missing)
        #expect(code(proposal(1, ["a", "."])) == .notAscending)
        #expect(code(proposal(1, ["a", "a"])) == .notAscending)
        #expect(code(proposal(1, [""])) == .missing)
        #expect(code(proposal(1, ["a\u{0}b"])) == .forbiddenText)
    }

    @Test("A lock has a generation, a short reason and an end")
    func locks() {
        func lock(
            _ generation: UInt64 = 1, since: UInt64? = nil, reason: String = "", ttl: UInt64 = 1_000
        ) -> EventContent {
            .lock(
                LockChange(
                    generation: generation,
                    claim: LockClaim(
                        since: since.map { WallTime(milliseconds: $0) }, reason: reason, ttl: ttl)))
        }
        #expect(code(lock()) == nil)
        #expect(code(lock(0)) == .outOfRange)
        #expect(code(lock(1 << 63)) == .outOfRange)
        #expect(code(.lock(LockChange(generation: 0, claim: nil))) == .outOfRange)
        #expect(code(lock(since: (1 << 48) - 1)) == nil)
        #expect(code(lock(since: 1 << 48)) == .outOfRange)
        #expect(code(lock(reason: String(repeating: "ä", count: 256))) == nil)
        #expect(code(lock(reason: String(repeating: "ä", count: 256) + "x")) == .aboveLimit)
        #expect(code(lock(reason: "a\u{1B}[2J")) == .forbiddenText)
        #expect(code(lock(ttl: 999)) == .outOfRange)
        #expect(code(lock(ttl: 2_592_000_000)) == nil)
        #expect(code(lock(ttl: 2_592_000_001)) == .outOfRange)
    }

    @Test("The bytes of a lock change are those of the specification")
    func lockBytes() throws {
        // Since (08) 5, reason (12) "go", ttl (18) 10,000; around it generation (08) 2, claim (12).
        let claim: [UInt8] = [0x08, 0x05, 0x12, 0x02, 0x67, 0x6F, 0x18, 0x90, 0x4E]
        let content: [UInt8] = [0x08, 0x02, 0x12, UInt8(claim.count)] + claim
        let stamp: [UInt8] = [0x09, 1, 0, 0, 0, 0, 0, 0, 0]
        let event = stamp + [0x10, 0x07, 0x22, UInt8(content.count)] + content
        let events = [
            Event(
                timestamp: HybridTimestamp(raw: 1),
                content: .lock(
                    LockChange(
                        generation: 2,
                        claim: LockClaim(
                            since: WallTime(milliseconds: 5), reason: "go", ttl: 10_000))))
        ]
        let body = [0x0A, UInt8(event.count)] + event
        #expect(try EventBodyCodec.encode(events) == body)
        #expect(try EventBodyCodec.decode(body, count: 1) == events)
        let end: [UInt8] = stamp + [0x10, 0x07, 0x22, 0x02, 0x08, 0x03]
        #expect(
            try EventBodyCodec.decode([0x0A, UInt8(end.count)] + end, count: 1).first?.content
                == .lock(LockChange(generation: 3, claim: nil)))
    }

    @Test("Checkpoints are ordered and dated")
    func checkpoints() {
        func checkpoint(_ heads: [EpochHead], _ wall: UInt64) -> EventContent {
            .checkpoint(Checkpoint(heads: heads, wall: WallTime(milliseconds: wall)))
        }
        #expect(code(checkpoint([Samples.otherHead, Samples.head], 0)) == .notAscending)
        #expect(code(checkpoint([Samples.head, Samples.head], 0)) == .notAscending)
        #expect(code(checkpoint([], (1 << 48) - 1)) == nil)
        #expect(code(checkpoint([], 1 << 48)) == .outOfRange)
        let zero = EpochHead(log: Samples.log, last: 0, chain: .none)
        #expect(code(checkpoint([zero], 0)) == nil)
        let beyond = EpochHead(log: Samples.log, last: SequenceNumber(1 << 63), chain: .none)
        #expect(code(checkpoint([beyond], 0)) == .outOfRange)
    }

    @Test("A blob has a size from 1 to 1 MiB", arguments: [0, -1, 1_048_577])
    func blobs(size: Int) {
        let payload = Payload.blob(BlobReference(digest: .none, byteCount: size))
        #expect(code(.application(ApplicationEvent(topic: "t", payload: payload))) == .outOfRange)
    }
}
