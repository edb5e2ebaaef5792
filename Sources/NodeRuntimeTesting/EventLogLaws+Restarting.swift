// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import NodeRuntime
internal import Testing

extension EventLogConformance {
    static let restarting = [
        EventLogLaw("an empty log recovers empty") { fixture in
            let log = try await fixture.open()
            let recovered = try await log.recover()
            #expect(recovered.epochs.isEmpty)
            #expect(recovered.ownEpoch == nil)
            #expect(recovered.newestTimestamp == .zero)
            #expect(try await log.statistics().eventCount == 0)
            await log.close()
        },
        EventLogLaw("heads, watermarks, pins, records and values survive a restart") { fixture in
            let log = try await fixture.open()
            let names = [Sample.log(2), Sample.log(1, epoch: .max), Sample.log(1, epoch: 3)]
            for name in names { try await log.append(Sample.batches(of: name, count: 2)) }
            let records = [Sample.record(2), Sample.record(1)]
            let pins = ["bob", "alice"].map {
                PinnedUser(identifier: $0, key: UserKey(Sample.digest(UInt64($0.count)).raw))
            }
            let repinned = PinnedUser(identifier: "bob", key: UserKey(Sample.digest(9).raw))
            let own = LogEpoch(counter: .max, nonce: .max)
            try await log.perform(
                .epoch(LogEpoch(counter: 1, nonce: 2)), .epoch(own),
                .records(records), .records([records[1]]),
                .pin(pins[0]), .pin(pins[1]), .pin(repinned),
                .value(name: "a", bytes: [1]), .value(name: "b", bytes: [2]),
                .value(name: "a", bytes: []), .value(name: "b", bytes: [3]),
                .applied(names[0], through: 2, []), .applied(names[0], through: 1, []))
            await log.close()

            let again = try await fixture.open()
            let recovered = try await again.recover()
            #expect(recovered.epochs.map(\.head.log) == names.sorted())
            #expect(recovered.epochs.map(\.head.last) == [2, 2, 2])
            #expect(
                recovered.epochs.map(\.applied) == names.sorted().map { $0 == names[0] ? 2 : 0 })
            #expect(recovered.epochs.allSatisfy { $0.floor == nil })
            #expect(recovered.ownEpoch == own)
            #expect(recovered.records == records.map(\.sealed))
            #expect(recovered.pins == [pins[1], repinned])
            #expect(recovered.values == ["b": [3]])
            #expect(try await again.heads() == recovered.epochs.map(\.head))
            let next = Sample.batch(of: names[0], first: 3, [Sample.event()])
            try await again.perform(.append(next, .accepted))
            await again.close()
        },
        EventLogLaw("a credential completes its record once, and is never taken away") { fixture in
            let log = try await fixture.open()
            try await log.perform(
                .records([Sample.record(1), Sample.record(2, credential: [2])]))
            try await log.perform(
                .records([Sample.record(1, credential: [1]), Sample.record(2)]))
            try await log.perform(.records([Sample.record(1, credential: [9]), Sample.record(3)]))
            await log.close()

            let again = try await fixture.open()
            let recovered = try await again.recover()
            #expect(recovered.records.map(\.credential) == [[1], [2], nil])
            #expect(recovered.records.map(\.body) == [[1], [2], [3]])
            await again.close()
        },
        EventLogLaw("accepted state and missing blobs are recovered, in order") { fixture in
            let log = try await fixture.open()
            let here = BlobReference(digest: Sample.digest(1), byteCount: 1)
            let missing = BlobReference(digest: Sample.digest(2), byteCount: 70_000)
            let name = Sample.log(1)
            let batches = [
                Sample.batch(of: name, first: 1, [Sample.stateEvent(at: 5)]),
                Sample.batch(
                    of: name, first: 2,
                    [Sample.event(.blob(here), at: 6), Sample.event(.blob(missing), at: 40)]),
                Sample.batch(of: name, first: 4, [Sample.stateEvent(at: 8)]),
                Sample.batch(of: name, first: 5, [Sample.stateEvent(at: .max)]),
            ]
            try await log.perform(
                .append(batches[0], .withheld), .append(batches[1], .accepted),
                .append(batches[2], .accepted), .append(batches[3], .held), .blob(here, [1]))
            var recovered = try await log.recover()
            #expect(recovered.stateBatches.map(\.sealed) == [batches[2].sealed])
            let gap = UnstoredBlob(
                event: EventID(log: name, sequence: 3), reference: missing)
            #expect(recovered.unstoredBlobs == [gap])
            #expect(recovered.newestTimestamp.raw == 40)
            #expect(recovered.epochs.map(\.newestTimestamp.raw) == [40])
            #expect(recovered.epochs.map(\.isQuarantined) == [false])
            try await log.perform(
                .dispose(name, holding: 1, .accepted), .dispose(name, holding: 5, .quarantined),
                .dispose(name, holding: 99, .accepted), .blob(missing, [2]))
            await log.close()

            let again = try await fixture.open()
            recovered = try await again.recover()
            #expect(
                recovered.stateBatches.map(\.sealed) == [batches[0].sealed, batches[2].sealed])
            #expect(recovered.unstoredBlobs.isEmpty)
            #expect(recovered.newestTimestamp.raw == .max)
            #expect(recovered.epochs.map(\.newestTimestamp.raw) == [.max])
            #expect(recovered.epochs.map(\.isQuarantined) == [true])
            await again.close()
        },
        EventLogLaw("an outcome replaces what was said of its events, and no more") { fixture in
            let log = try await fixture.open()
            let name = Sample.log(1)
            try await log.append(Sample.batches(of: name, count: 2, size: 10))
            func outcome(
                _ first: SequenceNumber, _ last: SequenceNumber, _ outcome: ApplyOutcome,
                attempt: Int = 1
            ) -> RecordedOutcome {
                RecordedOutcome(
                    subject: EventRange(log: name, first: first, last: last), outcome: outcome,
                    attempt: attempt)
            }
            let parked = ApplyOutcome.parked(reason: "poison")
            try await log.perform(
                .applied(name, through: 12, [outcome(2, 9, parked, attempt: 3)]),
                .applied(name, through: 12, [outcome(12, 12, .superseded)]),
                .applied(name, through: 12, [outcome(5, 6, .failed(reason: "x"), attempt: 4)]),
                .applied(name, through: 15, [outcome(9, 12, .applied)]))
            await log.close()
            let again = try await fixture.open()
            let epoch = try #require(try await again.recover().epochs.first)
            #expect(epoch.applied == 15)
            #expect(
                epoch.outcomes == [
                    outcome(2, 4, parked, attempt: 3),
                    outcome(5, 6, .failed(reason: "x"), attempt: 4),
                    outcome(7, 8, parked, attempt: 3),
                ])
            await again.close()
        },
    ]
}
