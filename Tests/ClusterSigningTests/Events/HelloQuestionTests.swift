// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import Testing
import WireFormat

@Suite("A question to a door")
struct HelloQuestionTests {
    private let samples: SigningSamples
    private let question = HelloQuestion(
        nonce: SigningSamples.nonce, cluster: SigningSamples.cluster)

    init() throws { samples = try SigningSamples() }

    private var introduction: Introduction {
        Introduction(
            identity: samples.identity, instance: samples.hello.instance,
            endpoints: samples.hello.endpoints, version: samples.hello.version)
    }

    /// What the door answers to a question.
    private func answer(_ question: HelloQuestion) throws -> [UInt8] {
        let request = try HelloCodec.decodeRequest(question.encoded())
        let sealed = try introduction.answer(
            request, cluster: SigningSamples.cluster, grant: nil, isReady: false,
            wall: samples.hello.wall)
        return try HelloCodec.encode(sealed)
    }

    @Test("An introduction to this question is believed, at the address that answered")
    func introduced() throws {
        let hello = try question.read(answer(question)).get()
        #expect(hello == samples.hello)
        let facts = HelloFacts(hello, address: "10.0.0.7")
        #expect(facts.host == "10.0.0.7")
        #expect(facts.node == samples.identity.node)
        var elsewhere = hello
        elsewhere.endpoints = Endpoints(host: "10.0.0.8", publishPort: 1, requestPort: 2)
        #expect(HelloFacts(elsewhere, address: "10.0.0.7").host == "10.0.0.8")
    }

    @Test("An introduction to another question is refused, and counted as a contradiction")
    func oldAnswer() throws {
        let other = HelloQuestion(nonce: SigningSamples.filled(1), cluster: nil)
        let found = question.read(try answer(other))
        #expect(throws: HelloRefusal.self) { try found.get() }
        guard case .failure(let refusal) = found else { return }
        #expect(refusal.name == "hello.contradiction")
        #expect(refusal.answer == .refused(status: 200, refusal.description))
    }

    @Test(
        "What is no hello is refused as no door",
        arguments: [[], Array("<html>".utf8), [UInt8](repeating: 0xff, count: 5_000)] as [[UInt8]])
    func stranger(_ body: [UInt8]) {
        guard case .failure(let refusal) = question.read(body) else {
            Issue.record("\(body.count) bytes introduced somebody")
            return
        }
        #expect(refusal.name == "hello.malformed")
        #expect(refusal.description.hasPrefix("not a sitestacker door: "))
    }
}
