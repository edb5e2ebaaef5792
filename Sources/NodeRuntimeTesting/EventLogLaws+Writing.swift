// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import NodeRuntime
internal import Synchronization
internal import Testing

/// Notes in which order completions come.
private final class CompletionRecorder: Sendable {
    private let numbers = Mutex<[Int]>([])
    func note(_ number: Int) { numbers.withLock { $0.append(number) } }
    var noted: [Int] { numbers.withLock { $0 } }
}

extension EventLogConformance {
    static let writing = [
        EventLogLaw("completions come once, in the order of submission") { fixture in
            let log = try await fixture.open()
            let recorder = CompletionRecorder()
            for (index, batch) in Sample.batches(of: Sample.log(1), count: 300).enumerated() {
                log.submit([.append(batch, .accepted)]) { error in
                    recorder.note(error == nil ? index : -1)
                }
            }
            try await log.perform()
            #expect(recorder.noted == Array(0..<300))
            await log.close()
        },
        EventLogLaw("appending a batch that is there changes nothing") { fixture in
            let log = try await fixture.open()
            let batches = Sample.batches(of: Sample.log(1), count: 3, size: 2)
            try await log.append(batches)
            try await log.perform(.append(batches[1], .withheld))
            let stored = try await log.batches(afterPosition: 0, limit: 10)
            #expect(stored.map(\.sealed) == batches.map(\.sealed))
            #expect(stored.map(\.disposition) == [.accepted, .accepted, .accepted])
            #expect(try await log.heads() == [Sample.head(batches[2])])
            await log.close()
        },
        EventLogLaw("another content for a position is a conflict, and leaves nothing") { fixture in
            let log = try await fixture.open()
            let name = Sample.log(1)
            let batches = Sample.batches(of: name, count: 2, size: 2)
            try await log.append(batches)
            let others = [
                Sample.batch(of: name, first: 1, [Sample.event(), Sample.event()], variant: 1),
                Sample.batch(of: name, first: 2, [Sample.event()]),
                Sample.batch(of: name, first: 3, [Sample.event()]),
                Sample.batch(of: name, first: 6, [Sample.event()]),
                Sample.batch(of: Sample.log(2), first: 2, [Sample.event()]),
            ]
            for other in others {
                await expectFailure(.conflict) { () throws(EventLogError) in
                    try await log.perform(
                        .value(name: "before", bytes: [1]), .append(other, .accepted))
                }
            }
            #expect(try await log.recover().values.isEmpty)
            #expect(try await log.heads() == [Sample.head(batches[1])])
            await log.close()
        },
        EventLogLaw("a submission that conflicts does not harm its neighbours") { fixture in
            let log = try await fixture.open()
            let batches = Sample.batches(of: Sample.log(1), count: 40)
            let gap = Sample.batch(of: Sample.log(2), first: 9, [Sample.event()])
            let recorder = CompletionRecorder()
            for (index, batch) in batches.enumerated() {
                log.submit([.append(batch, .accepted)]) { _ in recorder.note(index) }
                log.submit([.append(gap, .accepted)]) { error in
                    if error?.code == .conflict { recorder.note(-index) }
                }
            }
            try await log.perform()
            #expect(recorder.noted == batches.indices.flatMap { [$0, -$0] })
            #expect(try await log.statistics().eventCount == 40)
            await log.close()
        },
        EventLogLaw("a closed log refuses, in the order of submission") { fixture in
            let log = try await fixture.open()
            try await log.append(Sample.batches(of: Sample.log(1), count: 1))
            await log.close()
            await log.close()
            await expectFailure(.closed) { () throws(EventLogError) in try await log.perform() }
            await expectFailure(.closed) { () throws(EventLogError) in _ = try await log.heads() }
        },
    ]
}
