// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing
import WireFormat

@Suite struct ProtocolTests {
    @Test("A beacon decodes to itself; unknown fields are skipped")
    func beacon() throws {
        let bytes = try BeaconCodec.encode(Samples.beacon)
        #expect(try BeaconCodec.decode(bytes) == Samples.beacon)
        #expect(try BeaconCodec.decode(bytes + RawMessage().varint(99, 1).bytes) == Samples.beacon)
    }

    @Test("Beacons out of form are refused")
    func refusedBeacons() {
        func code(_ change: (inout Beacon) -> Void) -> WireError.Code? {
            var beacon = Samples.beacon
            change(&beacon)
            return refusal { () throws(WireError) in _ = try BeaconCodec.encode(beacon) }
        }
        #expect(code { $0.number = 0 } == .outOfRange)
        #expect(code { $0.heads.reverse() } == .notAscending)
        #expect(code { $0.wall = WallTime(milliseconds: .max) } == .outOfRange)
        let heads = (1...1_024).map {
            EpochHead(
                log: EpochID(
                    origin: Samples.node,
                    epoch: LogEpoch(counter: UInt64(Int64.max) - 1_025 + UInt64($0), nonce: 1)),
                last: SequenceNumber(UInt64(Int64.max)), chain: .none)
        }
        #expect(code { $0.heads = heads + [Samples.otherHead] } == .aboveLimit)
        let applied = heads.map { ($0.log, $0.last) }
        #expect(
            code {
                $0.heads = heads
                $0.applied = VersionVector(applied)
            } == nil)
    }

    @Test("A beacon's frames are four")
    func beaconFrames() throws {
        let sealed = SealedBeacon(
            sender: Samples.node, signature: [UInt8](repeating: 0, count: 64), body: [1])
        let frames = sealed.frames
        #expect(frames[0] == [0x48])
        #expect(try SealedBeacon(frames: frames) == sealed)
        for changed in [
            [], Array(frames.dropLast()), frames + [[]], [[0x49]] + frames.dropFirst(),
            [frames[0], [1], frames[2], frames[3]], [frames[0], frames[1], [], frames[3]],
            [frames[0], frames[1], frames[2], []],
            [frames[0], frames[1], frames[2], [UInt8](repeating: 0, count: 196_609)],
        ] {
            #expect(
                refusal { () throws(WireError) in _ = try SealedBeacon(frames: changed) } != nil)
        }
    }

    @Test("Each class has its topic, and every topic reads back", arguments: WireTopic.allCases)
    func topics(topic: WireTopic) throws {
        #expect(try WireTopic(frame: topic.frame) == topic)
        #expect(topic.frame.count <= 32)
    }

    @Test("The words of the topics are these")
    func topicWords() {
        let words = EventClass.allCases.map { String(decoding: WireTopic($0).frame, as: UTF8.self) }
        #expect(words == ["E/code", "E/cache", "E/data", "E/app", "E/rec"])
    }

    @Test(
        "Anything else is no topic",
        arguments: ["", "E", "E/", "E/cod", "E/codes", "e/code", "h", "H "])
    func notTopics(word: String) {
        #expect(
            refusal { () throws(WireError) in _ = try WireTopic(frame: Array(word.utf8)) }
                == .unknownWord)
    }

    @Test("Only four frames of the right lengths are a batch")
    func batchFrames() throws {
        let parts = BatchFrames.parts(Samples.batch)
        let frames = [WireTopic.cache.frame] + parts
        let decoded = try BatchFrames.decode(frames)
        #expect(decoded.topic == .cache)
        #expect(decoded.batch == Samples.batch)
        let wrong: [[[UInt8]]] = [
            [], [[]], parts, Array(frames.dropLast()), frames + [[]],
            .init(repeating: [], count: 4), .init(repeating: [], count: 100_000),
            [WireTopic.head.frame] + parts,
            [frames[0], Array(frames[1].dropLast()), frames[2], frames[3]],
            [frames[0], frames[1], frames[2] + [0], frames[3]],
            [frames[0], frames[1], frames[2], []],
            [frames[0], frames[1], frames[2], [UInt8](repeating: 0, count: 262_145)],
        ]
        for frames in wrong {
            #expect(refusal { () throws(WireError) in _ = try BatchFrames.decode(frames) } != nil)
        }
    }

    @Test("Every record decodes to itself", arguments: Samples.records)
    func records(record: AuthorityRecord) throws {
        let bytes = try RecordCodec.encode(record)
        #expect(try RecordCodec.decode(bytes) == record)
        #expect(
            refusal { () throws(WireError) in
                _ = try RecordCodec.decode(bytes + RawMessage().varint(99, 1).bytes)
            } == .notCanonical)
    }

    @Test(
        "A sealed record decodes to itself",
        arguments: [Samples.sealedRecord, Samples.recordWithCredential])
    func sealedRecord(_ record: SealedRecord) throws {
        let bytes = try RecordCodec.encodeSealed(record)
        #expect(try RecordCodec.decodeSealed(bytes) == record)
        #expect(bytes.count <= RecordsPage.byteCount(of: record))
        #expect(refusal { () throws(WireError) in _ = try RecordCodec.decodeSealed([]) } != nil)
    }

    @Test(
        "User names are one word without control characters",
        arguments: [
            "", "a b", "a@b", "a\n", "\u{1B}[31m", "a\u{0}", String(repeating: "a", count: 65),
        ])
    func userNames(name: String) {
        var account = Samples.account
        account.name = name
        #expect(
            refusal { () throws(WireError) in _ = try RecordCodec.encode(.account(account)) } != nil
        )
    }

    @Test("Records out of form are refused")
    func refusedRecords() {
        func code(_ change: (inout Account) -> Void) -> WireError.Code? {
            var account = Samples.account
            change(&account)
            return refusal { () throws(WireError) in _ = try RecordCodec.encode(.account(account)) }
        }
        #expect(code { _ in } == nil)
        #expect(code { $0.serial = 0 } == .outOfRange)
        #expect(code { $0.scopes = Scopes(rawValue: 64) } == .outOfRange)
        #expect(code { $0.fullName = "\u{7}" } == .forbiddenText)
        #expect(refusal { () throws(WireError) in _ = try RecordCodec.decode([]) } == .missing)
        guard case .grant(var grant) = Samples.records[2] else { return }
        grant.notBefore = WallTime(milliseconds: 3)
        #expect(
            refusal { () throws(WireError) in _ = try RecordCodec.encode(.grant(grant)) }
                == .outOfRange)
    }

    @Test("A hello decodes to itself", arguments: [Samples.hello, Samples.loggedOutHello])
    func hello(hello: Hello) throws {
        #expect(try HelloCodec.decodeBody(HelloCodec.encodeBody(hello)) == hello)
        #expect(
            try HelloCodec.decodeSealed(HelloCodec.encode(Samples.sealedHello))
                == Samples.sealedHello)
    }

    @Test(
        "The host of a hello is a numeric address",
        arguments: ["web1", "*", "127.0.0.1%eth0", "a-b", "[::1]", "1.2.3.4:5 "])
    func helloHosts(host: String) {
        var hello = Samples.hello
        hello.endpoints = Endpoints(host: host, publishPort: 1, requestPort: 1)
        #expect(
            refusal { () throws(WireError) in _ = try HelloCodec.encodeBody(hello) }
                == .forbiddenText)
    }

    @Test("Port 0 is none")
    func helloPorts() {
        var hello = Samples.hello
        hello.endpoints = Endpoints(host: nil, publishPort: 0, requestPort: 1)
        #expect(
            refusal { () throws(WireError) in _ = try HelloCodec.encodeBody(hello) } == .outOfRange)
    }
}
