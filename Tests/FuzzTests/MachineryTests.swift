// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import sitestacker_fuzz

@Suite("The fuzzer itself")
struct MachineryTests {
    private static func corpus(_ name: String) throws -> Corpus {
        try Corpus(of: name, in: DecoderTests.corpora)
    }

    @Test("The same seed gives the same mutants, another seed others")
    func repeatable() throws {
        func mutants(_ seed: UInt64) throws -> [[UInt8]] {
            let inputs = try Self.corpus("record").entries.map(\.bytes)
            var mutator = Mutator(seed: seed, shape: .message, corpus: inputs)
            return (0..<50).map { _ in mutator.next() }
        }
        #expect(try mutants(1) == mutants(1))
        #expect(try mutants(1) != mutants(2))
    }

    @Test("A broken law ends the run and leaves its input")
    func flaw() throws {
        let broken = FuzzTarget(name: "record", shape: .message) { input throws(Flaw) in
            guard input.count.isMultiple(of: 2) else { throw Flaw(description: "odd") }
            return .refused
        }
        var last: [UInt8] = []
        var run = FuzzRun(
            broken, corpus: Corpus(entries: [.init(name: "some", bytes: [1, 2])]), seed: 1)
        #expect(throws: Flaw.self) { try run.run(upTo: 1_000) { last = $0 } }
        #expect(!last.count.isMultiple(of: 2))
    }

    @Test("A corpus file that is judged otherwise than its name says is a flaw")
    func misjudged() {
        let open = FuzzTarget(name: "open", shape: .bytes) { _ throws(Flaw) in .accepted }
        let corpus = Corpus(entries: [.init(name: "bad-input", bytes: [])])
        var run = FuzzRun(open, corpus: corpus, seed: 1)
        #expect(throws: Flaw.self) { try run.run(upTo: 0) }
    }

    @Test("The laws are not empty: a codec that changes a value breaks them")
    func laws() {
        let lossy = FuzzTarget.canonical("lossy", .bytes, decode: { $0.first }, encode: { _ in [] })
        #expect(throws: Flaw.self) { try lossy.check([1]) }
        let drifting = FuzzTarget.tolerant(
            "drifting", .bytes, decode: { $0.count },
            encode: { [UInt8](repeating: 0, count: $0 + 1) })
        #expect(throws: Flaw.self) { try drifting.check([1]) }
        #expect(throws: Flaw.self) { try checkWords("clears \u{1B}[2J the screen") }
    }

    @Test("Messages are read and written without their schema")
    func messages() throws {
        for entry in try Self.corpus("record").entries where entry.expected == .accepted {
            let fields = try #require(MessageField.parse(entry.bytes))
            #expect(MessageField.join(fields) == entry.bytes)
        }
        #expect(MessageField.parse([0x0A, 0xFF]) == nil)
    }

    @Test(
        "Frames are read and written", arguments: [[], [[]], [[1], [], [2, 3]]] as [[[UInt8]]])
    func frames(_ frames: [[UInt8]]) {
        #expect(Frames.split(Frames.join(frames)) == frames)
    }

    @Test("The evidence holds the input that is being tried, and no more")
    func evidence() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("fuzz-\(UInt64.random(in: 0...UInt64.max))").path
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
        let evidence = try Evidence(of: "record", in: folder)
        try evidence.record([1, 2, 3])
        try evidence.record([4])
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: evidence.path))) == [4])
        try evidence.remove()
        #expect(!FileManager.default.fileExists(atPath: evidence.path))
    }
}
