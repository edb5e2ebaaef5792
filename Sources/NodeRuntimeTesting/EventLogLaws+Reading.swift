// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import NodeRuntime
internal import Testing

extension EventLogConformance {
    static let reading = [
        EventLogLaw("batches of a log come whole, in order, within the byte limit") { fixture in
            let log = try await fixture.open()
            let name = Sample.log(1)
            let batches = Sample.batches(of: name, count: 10, size: 5)
            try await log.append(batches)
            try await log.append(Sample.batches(of: Sample.log(2), count: 3))
            func read(
                _ first: SequenceNumber, _ last: SequenceNumber, _ limit: Int
            ) async throws -> [SealedBatch] {
                try await log.batches(of: name, from: first, through: last, byteLimit: limit)
                    .map(\.sealed)
            }
            let sealed = batches.map(\.sealed)
            let each = sealed[0].byteCount
            let end = SequenceNumber(.max)
            #expect(try await read(1, end, .max) == sealed)
            #expect(try await read(0, end, .max) == sealed)
            #expect(try await read(7, 11, .max) == Array(sealed[1...2]))
            #expect(try await read(5, 5, .max) == [sealed[0]])
            #expect(try await read(6, end, 3 * each) == Array(sealed[1...3]))
            #expect(try await read(6, end, 3 * each - 1) == Array(sealed[1...2]))
            #expect(try await read(6, end, 0) == [sealed[1]])
            #expect(try await read(51, end, .max).isEmpty)
            let unknown = Sample.log(3)
            let none = try await log.batches(of: unknown, from: 1, through: end, byteLimit: .max)
            #expect(none.isEmpty)
            await log.close()
        },
        EventLogLaw("the log order is the order of appending, and its positions rise") { fixture in
            let log = try await fixture.open()
            let one = Sample.batches(of: Sample.log(1), count: 3)
            let two = Sample.batches(of: Sample.log(2), count: 3)
            let mixed = zip(two, one).flatMap { [$0, $1] }
            try await log.append(mixed)
            let all = try await log.batches(afterPosition: 0, limit: 100)
            #expect(all.map(\.sealed) == mixed.map(\.sealed))
            #expect(all.map(\.position) == all.map(\.position).sorted())
            #expect(Set(all.map(\.position)).count == 6)
            let some = try await log.batches(afterPosition: all[1].position, limit: 3)
            #expect(some == Array(all[2...4]))
            #expect(try await log.statistics().lastPosition == all[5].position)
            await log.close()
        },
        EventLogLaw("an event is found by what people write") { fixture in
            let log = try await fixture.open()
            let name = Sample.log(1)
            let batches = Sample.batches(of: name, count: 3, size: 4)
            try await log.append(batches)
            func find(_ text: String) async throws -> SealedBatch? {
                guard let reference = EventReference(text) else {
                    Issue.record("\(text) names no event")
                    return nil
                }
                let found: StoredBatch? = try await log.batch(holding: reference)
                return found?.sealed
            }
            for sequence in 5...8 {
                #expect(try await find("\(name)-\(sequence)") == batches[1].sealed)
            }
            #expect(try await find("\(name)-13") == nil)
            #expect(try await find("\(name)-\(UInt64.max)") == nil)
            #expect(try await find("\(Sample.log(2))-1") == nil)
            #expect(try await find("\(Sample.log(1, epoch: 2))-1") == nil)
            await log.close()
        },
        EventLogLaw("receipts come back whole, in order, once, by what they touch") { fixture in
            let log = try await fixture.open()
            let name = Sample.log(1)
            func range(_ first: SequenceNumber, _ last: SequenceNumber) -> EventRange {
                EventRange(log: name, first: first, last: last)
            }
            let step = StepReceipt(
                target: "php-fpm \"a\"", action: "opcode cache", failure: "no answer",
                proof: [Proof(counter: "scripts", before: .max, after: 0)], microseconds: 810)
            let said = [
                Sample.receipt(3, about: range(4, 6), .parked(reason: "poison"), at: 9),
                Sample.receipt(2, about: range(1, 5), .applied, steps: [step], at: .max),
                Sample.receipt(2, about: range(6, 6), .refused(reason: "not listed"), at: 2),
                Sample.receipt(2, about: range(9, 9), .failed(reason: ""), at: 3),
                Sample.receipt(2, about: range(9, 9), .superseded, at: 4),
            ]
            for receipt in said + [said[0]] { try await log.perform(.receipt(receipt)) }
            #expect(try await log.receipts(about: range(1, 9)) == said)
            #expect(try await log.receipts(about: range(5, 5)) == Array(said[0...1]))
            #expect(try await log.receipts(about: range(6, 8)) == [said[0], said[2]])
            #expect(try await log.receipts(about: range(7, 8)).isEmpty)
            #expect(try await log.heads().isEmpty)
            await log.close()
        },
        EventLogLaw("parts of a blob are read, and none of an unknown one") { fixture in
            let log = try await fixture.open()
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let reference = BlobReference(digest: Sample.digest(1), byteCount: bytes.count)
            try await log.perform(.blob(reference, bytes), .blob(reference, bytes))
            func read(_ offset: Int, _ count: Int) async throws -> [UInt8]? {
                try await log.blob(reference.digest, offset: offset, count: count)
            }
            #expect(try await read(0, 1 << 20) == bytes)
            #expect(try await read(99_990, 4) == Array(bytes[99_990..<99_994]))
            #expect(try await read(100_000, 4) == [])
            #expect(try await log.blob(Sample.digest(2), offset: 0, count: 1) == nil)
            await log.close()
        },
    ]
}
