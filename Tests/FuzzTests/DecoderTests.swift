// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import sitestacker_fuzz

@Suite("No bytes break a decoder")
struct DecoderTests {
    static let corpora = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Corpus").path

    @Test(
        "The corpus is judged as its names say, and 2,000 mutants of it keep every law",
        arguments: FuzzTarget.all.map(\.name))
    func mutants(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let corpus = try Corpus(of: name, in: Self.corpora)
        var last: [UInt8] = []
        var run = FuzzRun(target, corpus: corpus, seed: 2_026)
        do {
            try run.run(upTo: 2_000) { last = $0 }
        } catch {
            Issue.record("\(name): \(error); input: \(Data(last).base64EncodedString())")
        }
        #expect(run.tried == 2_000 + corpus.entries.count)
        let accepted = corpus.entries.filter { $0.expected == .accepted }.count
        #expect(run.accepted > accepted, "mutants must reach what lies behind the first check")
    }

    @Test("Every target has inputs that are accepted and inputs that are refused")
    func corporaAreWhole() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpora)
        #expect(folders.sorted() == FuzzTarget.all.map(\.name))
        for name in folders {
            let expected = try Corpus(of: name, in: Self.corpora).entries.map(\.expected)
            #expect(expected.contains(.accepted), "\(name) has no input that is accepted")
            #expect(expected.contains(.refused), "\(name) has no input that is refused")
        }
    }
}
