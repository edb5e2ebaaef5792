// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing
import WireFormat

@Suite struct EventBodyCodecTests {
    private func code(_ bytes: [UInt8], count: Int) -> WireError.Code? {
        refusal { () throws(WireError) in _ = try EventBodyCodec.decode(bytes, count: count) }
    }

    private func encodingCode(_ content: EventContent) -> WireError.Code? {
        refusal { () throws(WireError) in
            _ = try EventBodyCodec.encode([Event(timestamp: Samples.stamp, content: content)])
        }
    }

    private func body(_ event: RawMessage) -> [UInt8] {
        RawMessage().bytes(1, event.bytes).bytes
    }

    private let application = RawMessage().fixed(1, 5).varint(2, 1).bytes(3, [0x61]).bytes(4, [1])

    @Test("Every kind of content decodes to itself", arguments: Samples.contents)
    func roundTrip(content: EventContent) throws {
        let events = [Event(timestamp: Samples.stamp, content: content)]
        let bytes = try EventBodyCodec.encode(events)
        #expect(try EventBodyCodec.decode(bytes, count: 1) == events)
    }

    @Test("A body keeps the order of its events")
    func wholeBody() throws {
        let events = Samples.events()
        let bytes = try EventBodyCodec.encode(events)
        #expect(try EventBodyCodec.decode(bytes, count: events.count) == events)
    }

    @Test("A body of 1,024 events round trips; 1,025 are refused")
    func fullBody() throws {
        let content = EventContent.application(ApplicationEvent(topic: "t", payload: .inline([1])))
        var events = [Event](
            repeating: Event(timestamp: Samples.stamp, content: content), count: 1_024)
        let bytes = try EventBodyCodec.encode(events)
        #expect(try EventBodyCodec.decode(bytes, count: 1_024) == events)
        events.append(events[0])
        #expect(
            refusal { () throws(WireError) in _ = try EventBodyCodec.encode(events) } == .aboveLimit
        )
        #expect(refusal { () throws(WireError) in _ = try EventBodyCodec.encode([]) } == .missing)
    }

    @Test("The bytes are those of the schema")
    func schema() throws {
        let event = Event(
            timestamp: HybridTimestamp(raw: 5),
            content: .application(ApplicationEvent(topic: "a", payload: .inline([1]))))
        #expect(try EventBodyCodec.encode([event]) == body(application))
        #expect(try EventBodyCodec.byteCount(of: event.content) == body(application).count)
    }

    @Test("Another count than the header's is refused", arguments: [0, 1, 3, 1_024, -1])
    func count(claimed: Int) throws {
        let bytes = try EventBodyCodec.encode(Samples.events(Array(Samples.contents.prefix(2))))
        #expect(code(bytes, count: claimed) == .wrongCount)
    }

    @Test("Other bytes than an encoder's are refused")
    func refusesBytes() {
        let good = body(application)
        let changed: [(name: String, bytes: [UInt8])] = [
            ("trailing zero", good + [0]),
            ("trailing tag", good + [0x08]),
            ("cut", good.dropLast()),
            ("unknown field in the body", good + [0x10, 0x01]),
            ("unknown field before the events", [0x10, 0x01] + good),
            ("group", good + [0x0B, 0x0C]),
            ("length beyond the end", [0x0A, 0x7F] + good.dropFirst(2)),
            ("length of 2^28", [0x0A, 0x80, 0x80, 0x80, 0x80, 0x01] + good.dropFirst(2)),
            ("long varint", [0x0A, good[1] | 0x80, 0x00] + good.dropFirst(2)),
        ]
        for (name, bytes) in changed { #expect(code(bytes, count: 1) != nil, "\(name)") }
    }

    @Test(
        "Events in another form than the canonical one are refused",
        arguments: [
            ("no kind", RawMessage().fixed(1, 5).bytes(3, [0x61]).bytes(4, [1])),
            ("empty", RawMessage()),
            ("no topic", RawMessage().fixed(1, 5).varint(2, 1).bytes(4, [1])),
            ("wrong order", RawMessage().varint(2, 1).fixed(1, 5).bytes(3, [0x61]).bytes(4, [1])),
            ("explicit zero", RawMessage().fixed(1, 0).varint(2, 1).bytes(3, [0x61])),
            (
                "field twice",
                RawMessage().fixed(1, 5).varint(2, 1).bytes(3, [0x62]).bytes(3, [0x61])
            ),
            ("unknown field", RawMessage().fixed(1, 5).varint(2, 1).bytes(3, [0x61]).varint(5, 1)),
            ("kind of 33 bits", RawMessage().fixed(1, 5).varint(2, 0x1_0000_0001).bytes(3, [0x61])),
            ("topic for a kind without", RawMessage().fixed(1, 5).varint(2, 3).bytes(3, [0x61])),
            ("topic for an unknown kind", RawMessage().varint(2, 99).bytes(3, [0x61])),
            ("empty topic written out", RawMessage().fixed(1, 5).varint(2, 99).bytes(3, [])),
            (
                "empty content written out",
                RawMessage().fixed(1, 5).varint(2, 1).bytes(3, [0x61]).bytes(4, [])
            ),
            ("kind 0 written out", RawMessage().fixed(1, 5).varint(2, 0).bytes(3, [0x61])),
            ("empty invalidation", RawMessage().fixed(1, 5).varint(2, 3)),
            ("empty revision", RawMessage().fixed(1, 5).varint(2, 4)),
            ("empty lock change", RawMessage().fixed(1, 5).varint(2, 7)),
            ("empty receipt", RawMessage().fixed(1, 5).varint(2, 5)),
            ("empty blob", RawMessage().fixed(1, 5).varint(2, 2).bytes(3, [0x61])),
        ])
    func refusesEvents(name: String, event: RawMessage) {
        #expect(code(body(event), count: 1) != nil, "\(name)")
    }

    @Test(
        "Topics are UTF-8 without control characters",
        arguments: [
            [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xFF], [0x80], [0xC3], [0x00], [0x61, 0x00], [0x0A], [0x1B],
            [0x7F], [0xC2, 0x85], [0xC2, 0x9F], [UInt8](repeating: 0x61, count: 201),
        ] as [[UInt8]])
    func refusesTopics(topic: [UInt8]) {
        let event = RawMessage().fixed(1, 5).varint(2, 1).bytes(3, topic)
        #expect(code(body(event), count: 1) != nil)
    }

    @Test("Topics of 200 bytes and beyond ASCII are accepted")
    func acceptsTopics() {
        for topic in [[UInt8](repeating: 0x61, count: 200), [0xC2, 0xA0], Array("ключ.😀".utf8)] {
            let event = RawMessage().fixed(1, 5).varint(2, 1).bytes(3, topic)
            #expect(code(body(event), count: 1) == nil)
        }
    }

    @Test("A kind of the future keeps its bytes")
    func unknownKind() throws {
        let bytes = body(RawMessage().fixed(1, 5).varint(2, 4_000).bytes(4, [0xFF, 0x00]))
        let events = try EventBodyCodec.decode(bytes, count: 1)
        #expect(events[0].content == .unknown(kind: 4_000, bytes: [0xFF, 0x00]))
        #expect(try EventBodyCodec.encode(events) == bytes)
    }

    @Test("A known kind cannot pose as unknown", arguments: 0...7 as ClosedRange<UInt32>)
    func poses(kind: UInt32) {
        #expect(encodingCode(.unknown(kind: kind, bytes: [])) == .outOfRange)
    }

    @Test("A payload fills what is allowed and no more")
    func payloadLimit() {
        for (count, expected) in [(196_608, nil), (196_609, WireError.Code.aboveLimit)] {
            let payload = Payload.inline([UInt8](repeating: 1, count: count))
            #expect(
                encodingCode(.application(ApplicationEvent(topic: "t", payload: payload)))
                    == expected)
        }
    }

    @Test("Two events that together exceed a body are refused")
    func bodyLimit() {
        let payload = Payload.inline([UInt8](repeating: 1, count: 131_072))
        let event = Event(
            timestamp: Samples.stamp,
            content: .application(ApplicationEvent(topic: "t", payload: payload)))
        #expect(
            refusal { () throws(WireError) in _ = try EventBodyCodec.encode([event, event]) }
                == .aboveLimit)
    }

    @Test("A million empty events cost nothing")
    func manyEmpty() {
        let bytes = [UInt8](repeating: 0, count: 262_144).enumerated().map {
            $0.offset.isMultiple(of: 2) ? UInt8(0x0A) : 0
        }
        #expect(code(bytes, count: 1_024) == .missing)
    }
}
