// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import WireFormat

/// The codec of event bodies is written by hand; the generated code says what it must do.
@Suite struct EventScannerTests {
    @Test("Both ways write the same bytes", arguments: Samples.contents)
    func writes(content: EventContent) throws {
        let event = Event(timestamp: Samples.stamp, content: content)
        let bytes = try EventBodyCodec.encode([event, event])
        let message = try self.message(bytes)
        #expect(message.events.count == 2)
        #expect(message.events.allSatisfy { $0.timestamp == Samples.stamp.raw })
        #expect(try Protobuf.encode(message, upTo: WireLimits.body, "body") == bytes)
    }

    @Test("Lengths on both sides of a varint's limits", arguments: [126, 127, 128, 16_383, 16_384])
    func lengths(count: Int) throws {
        let payload = [UInt8](repeating: 1, count: count)
        let event = Event(
            timestamp: .zero,
            content: .application(ApplicationEvent(topic: "t", payload: .inline(payload))))
        let bytes = try EventBodyCodec.encode([event])
        let message = try self.message(bytes)
        #expect(try Protobuf.encode(message, upTo: WireLimits.body, "body") == bytes)
        #expect(try EventBodyCodec.decode(bytes, count: 1) == [event])
    }

    @Test("Both ways accept the same bytes")
    func reads() throws {
        var (generator, seed) = SeededGenerator.fromEnvironment()
        let good = try EventBodyCodec.encode(Samples.events(Array(Samples.contents.suffix(2))))
        var (accepted, refused) = (0, 0)
        for _ in 0..<20_000 {
            var mutant = good
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let index = Int.random(in: 0..<mutant.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: mutant[index] = .random(in: 0...255, using: &generator)
                case 1: mutant.remove(at: index)
                default: mutant.insert(.random(in: 0...40, using: &generator), at: index)
                }
            }
            let byHand = scan(mutant)
            #expect(byHand == parse(mutant), "SEED=\(seed) \(mutant)")
            if byHand == nil { refused += 1 } else { accepted += 1 }
        }
        #expect(accepted > 1_000 && refused > 1_000, "\(accepted) \(refused)")
    }

    private func message(_ bytes: [UInt8]) throws(WireError) -> ProtoEventBody {
        try Protobuf.fact(ProtoEventBody.self, from: bytes, upTo: WireLimits.body, "body")
    }

    private func scan(_ bytes: [UInt8]) -> [String]? {
        var scanner = EventScanner(bytes)
        var events: [String] = []
        do {
            while !scanner.isAtEnd {
                let event = try scanner.next()
                events.append(
                    "\(event.timestamp) \(event.kind) \(event.topic) \(event.content)")
            }
            return events
        } catch {
            return nil
        }
    }

    private func parse(_ bytes: [UInt8]) -> [String]? {
        do {
            return try message(bytes).events.map {
                "\($0.timestamp) \($0.kind) \($0.topic) \([UInt8](wire: $0.content))"
            }
        } catch {
            return nil
        }
    }
}
