// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import NodeRuntime
internal import Testing

extension EventLogConformance {
    private static let name = Sample.log(1)
    private static let floor = EpochHead(log: name, last: 10, chain: Sample.digest(5))

    private static func state(_ first: SequenceNumber) -> VerifiedBatch {
        Sample.batch(of: name, first: first, [Sample.event(), Sample.stateEvent()])
    }

    private static func missing(_ first: SequenceNumber, _ last: SequenceNumber) -> EventRange {
        EventRange(log: name, first: first, last: last)
    }

    static let keeping = [
        EventLogLaw("state is missing after a jump, and stored below the floor") { fixture in
            let log = try await fixture.open()
            try await log.append(Sample.batches(of: name, count: 2))
            #expect(try await log.recover().epochs.map(\.missingState) == [nil])
            try await log.perform(.floor(floor))
            #expect(try await log.recover().epochs.map(\.missingState) == [missing(3, 10)])
            try await log.perform(
                .keepState(state(4), .accepted), .keepState(state(7), .withheld),
                .stateComplete(name, through: 8))
            #expect(try await log.heads() == [floor])
            let all = try await log.stateBatches(
                of: name, from: 1, through: 10, byteLimit: .max)
            #expect(all.map(\.sealed) == [state(4).sealed, state(7).sealed])
            #expect(all.map(\.disposition) == [.accepted, .withheld])
            #expect(try await log.recover().stateBatches.map(\.sealed) == [state(4).sealed])
            await log.close()
            let again = try await fixture.open()
            #expect(try await again.recover().epochs.map(\.missingState) == [missing(9, 10)])
            try await again.perform(.stateComplete(name, through: 10))
            #expect(try await again.recover().epochs.map(\.missingState) == [nil])
            // The log goes on behind the floor, as if nothing had been missing.
            let next = Sample.batch(of: name, first: 11, [Sample.event()])
            try await again.perform(.append(next, .accepted))
            #expect(try await again.heads() == [Sample.head(next)])
            await again.close()
        },
        EventLogLaw("only where state is missing is any stored out of chain") { fixture in
            let log = try await fixture.open()
            try await log.append(Sample.batches(of: name, count: 2))
            try await log.perform(.keepState(state(1), .accepted), .keepState(state(5), .accepted))
            try await log.perform(
                .floor(floor), .keepState(state(2), .accepted), .keepState(state(10), .accepted))
            #expect(
                try await log.stateBatches(of: name, from: 1, through: 20, byteLimit: .max)
                    .isEmpty)
            try await log.perform(.keepState(state(4), .accepted))
            try await log.perform(.keepState(state(4), .accepted))
            #expect(try await log.statistics().eventCount == 4)
            await expectFailure(.conflict) { () throws(EventLogError) in
                try await log.perform(.keepState(state(5), .accepted))
            }
            await log.close()
        },
        EventLogLaw("a second jump leaves all of both gaps missing") { fixture in
            let log = try await fixture.open()
            try await log.perform(.floor(floor), .stateComplete(name, through: 4))
            let second = EpochHead(log: name, last: 20, chain: Sample.digest(6))
            try await log.perform(.floor(second))
            #expect(try await log.recover().epochs.map(\.missingState) == [missing(5, 20)])
            await log.close()
        },
        EventLogLaw("a log's weight is that of its batches and the blobs they name") { fixture in
            let log = try await fixture.open()
            let blob = BlobReference(digest: Sample.digest(1), byteCount: 70_000)
            let batches = [
                Sample.batch(of: name, first: 1, [Sample.event(.blob(blob))]),
                Sample.batch(of: name, first: 2, [Sample.event(.blob(blob))]), state(3),
                Sample.batch(of: name, first: 5, [Sample.event()], bodyByteCount: 900),
            ]
            func weight(_ indices: [Int]) -> Int {
                indices.reduce(0) { $0 + batches[$1].storedByteCount }
            }
            try await log.append(batches)
            #expect(weight([0]) > 70_000)
            #expect(try await log.recover().epochs.map(\.byteCount) == [weight([0, 1, 2, 3])])
            try await log.perform(.truncate(Sample.head(batches[0])))
            #expect(try await log.recover().epochs.map(\.byteCount) == [weight([1, 2, 3])])
            // State stays, and goes on to weigh.
            try await log.perform(.truncate(Sample.head(batches[3])))
            #expect(try await log.recover().epochs.map(\.byteCount) == [weight([2])])
            await log.close()
            let again = try await fixture.open()
            #expect(try await again.recover().epochs.map(\.byteCount) == [weight([2])])
            await again.close()
        },
        EventLogLaw("any position of a batch names it where it is disposed of") { fixture in
            let log = try await fixture.open()
            try await log.append([state(1), state(3)])
            try await log.perform(.dispose(name, holding: 4, .quarantined))
            #expect(try await log.recover().stateBatches.map(\.sealed) == [state(1).sealed])
            try await log.perform(
                .dispose(name, holding: 5, .quarantined), .dispose(name, holding: 2, .held))
            #expect(try await log.recover().stateBatches.isEmpty)
            #expect(try await log.recover().epochs.map(\.isQuarantined) == [true])
            await log.close()
        },
        EventLogLaw("state is read in portions, and nothing else with it") { fixture in
            let log = try await fixture.open()
            let batches = [
                Sample.batch(of: name, first: 1, [Sample.event()]), state(2),
                Sample.batch(of: name, first: 4, [Sample.event()]), state(5), state(7),
            ]
            try await log.append(batches)
            let one = try await log.stateBatches(of: name, from: 1, through: 8, byteLimit: 1)
            #expect(one.map(\.sealed) == [batches[1].sealed])
            let rest = try await log.stateBatches(of: name, from: 4, through: 6, byteLimit: .max)
            #expect(rest.map(\.sealed) == [batches[3].sealed])
            await log.close()
        },
    ]
}
