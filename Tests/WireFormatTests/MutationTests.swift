// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing
import WireFormat

/// Decoders are total: whatever the bytes are, they answer with a value or a refusal.
@Suite struct MutationTests {
    /// A decoder, and what encodes its answer again where only one encoding is permitted.
    struct Decoder: Sendable, CustomTestStringConvertible {
        let name: String
        let samples: [[UInt8]]
        /// The bytes of what was decoded; empty where other encodings are permitted.
        let decode: @Sendable ([UInt8]) throws(WireError) -> [UInt8]
        var testDescription: String { name }
    }

    private static func encoded<Value>(
        _ values: [Value], _ encode: (Value) throws(WireError) -> [UInt8]
    ) -> [[UInt8]] {
        values.map { value in
            do {
                return try encode(value)
            } catch {
                preconditionFailure("\(error)")
            }
        }
    }

    static let decoders: [Decoder] = [
        Decoder(
            name: "event body",
            samples: encoded(Samples.contents) { content throws(WireError) in
                try EventBodyCodec.encode([Event(timestamp: Samples.stamp, content: content)])
            },
            decode: { bytes throws(WireError) in
                try EventBodyCodec.encode(EventBodyCodec.decode(bytes, count: 1))
            }),
        Decoder(
            name: "record",
            samples: encoded(Samples.records, RecordCodec.encode),
            decode: { bytes throws(WireError) in
                try RecordCodec.encode(RecordCodec.decode(bytes))
            }),
        Decoder(
            name: "sealed record",
            samples: encoded(
                [Samples.sealedRecord, Samples.recordWithCredential], RecordCodec.encodeSealed),
            decode: { bytes throws(WireError) in
                try RecordCodec.encodeSealed(RecordCodec.decodeSealed(bytes))
            }),
        Decoder(
            name: "beacon", samples: encoded([Samples.beacon], BeaconCodec.encode),
            decode: { bytes throws(WireError) in
                _ = try BeaconCodec.encode(BeaconCodec.decode(bytes))
                return []
            }),
        Decoder(
            name: "hello",
            samples: encoded([Samples.hello, Samples.loggedOutHello], HelloCodec.encodeBody),
            decode: { bytes throws(WireError) in
                _ = try HelloCodec.encodeBody(HelloCodec.decodeBody(bytes))
                return []
            }),
        Decoder(
            name: "status", samples: encoded([Samples.status], StatusCodec.encode),
            decode: { bytes throws(WireError) in
                _ = try StatusCodec.encode(StatusCodec.decode(bytes))
                return []
            }),
    ]

    @Test("Mutated bytes are refused or mean what they say", arguments: decoders)
    func mutants(decoder: Decoder) {
        var (generator, seed) = SeededGenerator.fromEnvironment()
        var accepted = 0
        for _ in 0..<4_000 {
            guard let sample = decoder.samples.randomElement(using: &generator) else { return }
            let mutant = mutate(sample, using: &generator)
            do {
                let again = try decoder.decode(mutant)
                accepted += 1
                #expect(again.isEmpty || again == mutant, "SEED=\(seed) \(mutant)")
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
        // A mutation may fall on a free byte, such as one of a hash; else the test shows nothing.
        #expect(accepted > 100, "SEED=\(seed)")
    }

    @Test("Mutated frames never trap")
    func frames() throws {
        var (generator, seed) = SeededGenerator.fromEnvironment()
        for round in 0..<4_000 {
            let request = Samples.requests[round % Samples.requests.count]
            var frames = try RequestCodec.encode(request, id: Samples.id)
            let index = Int.random(in: 0..<3, using: &generator)
            frames[index] = mutate(frames[index], using: &generator)
            do {
                let decoded = try RequestCodec.decode(frames)
                _ = try RequestCodec.encode(decoded.request, id: decoded.id)
            } catch let fault as RequestFault {
                #expect(fault.status != .done, "SEED=\(seed)")
            }
            let (verb, reply) = Samples.replies[round % Samples.replies.count]
            var answer = try ReplyCodec.encode(reply, id: Samples.id)
            let part = Int.random(in: 0..<answer.count, using: &generator)
            answer[part] = mutate(answer[part], using: &generator)
            _ = refusal { () throws(WireError) in _ = try ReplyCodec.decode(answer, to: verb) }
        }
    }

    private func mutate(
        _ bytes: [UInt8], using generator: inout SeededGenerator
    ) -> [UInt8] {
        var mutant = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let end = mutant.count
            switch Int.random(in: 0..<6, using: &generator) {
            case 0 where end > 0:
                mutant[Int.random(in: 0..<end, using: &generator)] ^=
                    1 << UInt8.random(in: 0..<8, using: &generator)
            case 1 where end > 0:
                mutant[Int.random(in: 0..<end, using: &generator)] =
                    .random(in: 0...255, using: &generator)
            case 2 where end > 0: mutant.remove(at: Int.random(in: 0..<end, using: &generator))
            case 3: mutant.removeLast(Int.random(in: 0...min(8, end), using: &generator))
            case 4:
                mutant.insert(
                    .random(in: 0...255, using: &generator),
                    at: Int.random(in: 0...end, using: &generator))
            default:
                let start = Int.random(in: 0...end, using: &generator)
                mutant += mutant[start..<min(end, start + 16)]
            }
        }
        return mutant
    }
}
