// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// One target, tried with its corpus and with mutants of it.
struct FuzzRun {
    /// How long one input may take before the process is ended.
    ///
    /// Unit: seconds.
    static let patience: UInt32 = 10

    let target: FuzzTarget
    let corpus: Corpus
    let seed: UInt64
    private(set) var tried = 0
    private(set) var accepted = 0
    /// The input that took the processor the longest.
    private(set) var slowest = (nanoseconds: UInt64(0), byteCount: 0)

    init(_ target: FuzzTarget, corpus: Corpus, seed: UInt64) {
        self.target = target
        self.corpus = corpus
        self.seed = seed
    }

    /// Tries the corpus, and mutants until the time is over or their number is reached.
    ///
    /// - Parameter before: called with each input before it is tried.
    /// - Throws: ``Flaw`` for a broken law.
    mutating func run(
        upTo count: Int = .max, for duration: Duration? = nil,
        before: ([UInt8]) throws -> Void = { _ in }
    ) throws {
        for entry in corpus.entries {
            let verdict = try attempt(entry.bytes, before)
            if let expected = entry.expected, verdict != expected {
                throw Flaw(description: "\(entry.name) was \(verdict)")
            }
        }
        var mutator = Mutator(
            seed: seed, shape: target.shape, corpus: corpus.entries.map(\.bytes))
        let end = duration.map { ContinuousClock.now + $0 }
        for _ in 0..<count {
            if let end, ContinuousClock.now >= end { return }
            _ = try attempt(mutator.next(), before)
        }
    }

    private mutating func attempt(
        _ input: [UInt8], _ before: ([UInt8]) throws -> Void
    ) throws -> Verdict {
        try before(input)
        let began = Self.processorTime()
        let verdict = try target.check(input)
        let took = Self.processorTime() - began
        if took > slowest.nanoseconds { slowest = (took, input.count) }
        tried += 1
        if verdict == .accepted { accepted += 1 }
        return verdict
    }

    /// What this process has used of the processor, which other programs do not lengthen.
    ///
    /// Unit: nanoseconds. Source: clock(3).
    private static func processorTime() -> UInt64 { UInt64(max(0, clock())) * 1_000 }
}
