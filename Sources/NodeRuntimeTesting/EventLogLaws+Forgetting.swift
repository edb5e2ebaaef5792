// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import NodeRuntime
internal import Testing

extension EventLogConformance {
    static let forgetting = [
        EventLogLaw("truncation keeps state, the floor, and what others still name") { fixture in
            let log = try await fixture.open()
            let name = Sample.log(1)
            let shared = BlobReference(digest: Sample.digest(1), byteCount: 1)
            let lonely = BlobReference(digest: Sample.digest(2), byteCount: 1)
            let batches = [
                Sample.batch(of: name, first: 1, [Sample.event(.blob(lonely))]),
                Sample.batch(of: name, first: 2, [Sample.event(.blob(shared))]),
                Sample.batch(of: name, first: 3, [Sample.event(), Sample.stateEvent()]),
                Sample.batch(of: name, first: 5, [Sample.event()]),
                Sample.batch(of: name, first: 6, [Sample.event(.blob(shared))]),
            ]
            try await log.append(batches)
            try await log.perform(.blob(shared, [1]), .blob(lonely, [2]))
            let about = (1...6).map { sequence in
                let position = SequenceNumber(UInt64(sequence))
                return Sample.receipt(
                    2, about: EventRange(log: name, first: position, last: position))
            }
            for receipt in about { try await log.perform(.receipt(receipt)) }
            let floor = Sample.head(batches[3])
            try await log.perform(.truncate(floor), .truncate(Sample.head(batches[0])))

            let left = try await log.batches(
                of: name, from: 1, through: SequenceNumber(.max), byteLimit: .max)
            #expect(left.map(\.sealed) == [batches[2].sealed, batches[4].sealed])
            let all = EventRange(log: name, first: 1, last: 6)
            #expect(
                try await log.receipts(about: all) == [about[2], about[3], about[5]])
            #expect(try await log.blob(shared.digest, offset: 0, count: 1) == [1])
            #expect(try await log.blob(lonely.digest, offset: 0, count: 1) == nil)
            #expect(try await log.statistics().eventCount == 3)
            #expect(try await log.recover().epochs.map(\.floor) == [floor])
            #expect(try await log.heads() == [Sample.head(batches[4])])
            // What is forgotten may come again, and changes nothing.
            try await log.perform(.append(batches[0], .accepted))
            #expect(try await log.statistics().eventCount == 3)
            await log.close()
        },
        EventLogLaw("a log cannot be truncated beyond its end") { fixture in
            let log = try await fixture.open()
            let batches = Sample.batches(of: Sample.log(1), count: 2)
            try await log.append([batches[0]])
            await expectFailure(.conflict) { () throws(EventLogError) in
                try await log.perform(.truncate(Sample.head(batches[1])))
            }
            #expect(try await log.statistics().eventCount == 1)
            await log.close()
        },
        EventLogLaw("positions never come again after truncation and restart") { fixture in
            let log = try await fixture.open()
            let batches = Sample.batches(of: Sample.log(1), count: 2)
            try await log.append(batches)
            let last = try await log.statistics().lastPosition
            try await log.perform(.truncate(Sample.head(batches[1])))
            #expect(try await log.statistics().lastPosition == last)
            await log.close()
            let again = try await fixture.open()
            try await again.append(Sample.batches(of: Sample.log(2), count: 1))
            #expect(try await again.statistics().lastPosition > last)
            await again.close()
        },
        EventLogLaw("the log goes on after a floor; a lower one changes nothing") { fixture in
            let log = try await fixture.open()
            let name = Sample.log(1)
            try await log.append(Sample.batches(of: name, count: 2))
            let floor = EpochHead(log: name, last: 10, chain: Sample.digest(5))
            try await log.perform(
                .floor(floor), .floor(EpochHead(log: name, last: 7, chain: .none)))
            #expect(try await log.heads() == [floor])
            let next = Sample.batch(of: name, first: 11, [Sample.event()])
            try await log.perform(.append(next, .accepted))
            let recovered = try await log.recover()
            #expect(recovered.epochs.map(\.head) == [Sample.head(next)])
            #expect(recovered.epochs.map(\.floor) == [floor])
            let late = Sample.batch(of: name, first: 3, [Sample.event()])
            try await log.perform(.append(late, .accepted))
            #expect(try await log.statistics().eventCount == 3)
            await log.close()
        },
    ]
}
