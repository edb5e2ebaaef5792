// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing
import WireFormat

@Suite struct RequestCodecTests {
    private func readingFault(_ frames: [[UInt8]]) -> RequestFault? {
        do {
            _ = try RequestCodec.decode(frames)
            return nil
        } catch {
            return error
        }
    }

    private func replyCode(_ frames: [[UInt8]], _ verb: RequestVerb) -> WireError.Code? {
        refusal { () throws(WireError) in _ = try ReplyCodec.decode(frames, to: verb) }
    }

    @Test("Every request decodes to itself", arguments: Samples.requests)
    func requests(request: Request) throws {
        let frames = try RequestCodec.encode(request, id: Samples.id)
        #expect(frames.count == 3)
        #expect(frames[0].isEmpty)
        #expect(frames[1].count == 32)
        let decoded = try RequestCodec.decode(frames)
        #expect(decoded.id == Samples.id)
        #expect(decoded.request == request)
    }

    @Test("Every verb has a sample")
    func allVerbs() {
        #expect(Set(Samples.requests.map(\.verb)) == Set(RequestVerb.allCases))
    }

    @Test("Every reply decodes to itself", arguments: Samples.replies)
    func replies(verb: RequestVerb, reply: Reply) throws {
        let frames = try ReplyCodec.encode(reply, id: Samples.id)
        #expect(try ReplyCodec.id(of: frames) == Samples.id)
        let decoded = try ReplyCodec.decode(frames, to: verb)
        #expect(decoded.id == Samples.id)
        #expect(decoded.reply == reply)
    }

    @Test("A verb outside the table is refused, whichever it is")
    func unknownVerbs() throws {
        let known = Set(RequestVerb.allCases.map(\.rawValue))
        for word in UInt8.min...UInt8.max where !known.contains(word) {
            var frames = try RequestCodec.encode(.ping, id: Samples.id)
            frames[1][24] = word
            let fault = try #require(readingFault(frames))
            #expect(fault.status == .unknownVerb)
            #expect(fault.id == Samples.id)
        }
    }

    @Test("A request whose header cannot be read gets no answer")
    func unreadableHeaders() throws {
        let frames = try RequestCodec.encode(.ping, id: Samples.id)
        let wrong: [[[UInt8]]] = [
            [], [[]], Array(frames.prefix(2)), Array(frames.dropFirst()),
            [[0], frames[1], frames[2]],
            [[], Array(frames[1].dropLast()), []],
            [[], frames[1] + [0], []],
            [[], Array("SSTKREQ2".utf8) + frames[1].dropFirst(8), []],
            [[], Array("sstkreq1".utf8) + frames[1].dropFirst(8), []],
            [[], frames[1].dropLast() + [1], []],
        ]
        for frames in wrong {
            let fault = try #require(readingFault(frames))
            #expect(fault.id == nil)
            #expect(fault.status == .malformed)
        }
    }

    @Test("A request with a wrong body is told so")
    func wrongBodies() throws {
        for request in Samples.requests {
            var frames = try RequestCodec.encode(request, id: Samples.id)
            frames[2] += [0x00]
            let fault = try #require(readingFault(frames))
            #expect(fault.id == Samples.id)
            #expect(fault.status == .malformed)
            #expect(fault.refusal.status == .malformed)
            let answer = try ReplyCodec.encode(.refused(fault.refusal), id: Samples.id)
            #expect(
                try ReplyCodec.decode(answer, to: request.verb).reply == .refused(fault.refusal))
        }
        let extra = try RequestCodec.encode(.ping, id: Samples.id) + [[]]
        #expect(readingFault(extra)?.error.code == .wrongCount)
    }

    @Test(
        "Numbers outside their ranges are refused",
        arguments: [
            (RequestVerb.replay, RawMessage().bytes(1, log).varint(2, 1).varint(3, 9)),
            (.replay, RawMessage().bytes(1, log).varint(2, 1).varint(3, 9).varint(4, 1 << 32)),
            (.replay, RawMessage().bytes(1, log).varint(2, 1).varint(3, 9).varint(4, 4_194_305)),
            (.replay, RawMessage().bytes(1, log).varint(2, 9).varint(3, 1).varint(4, 1)),
            (.replay, RawMessage().bytes(1, log).varint(3, 1).varint(4, 1)),
            (.replay, RawMessage().bytes(1, log).varint(2, 1).varint(3, .max).varint(4, 1)),
            (.replay, RawMessage().varint(2, 1).varint(3, 9).varint(4, 1)),
            (.replay, RawMessage()),
            (.blob, RawMessage().bytes(1, hash).varint(2, 0)),
            (.blob, RawMessage().bytes(1, hash).varint(3, 262_145)),
            (.blob, RawMessage().bytes(1, hash).varint(2, 1_048_576).varint(3, 1)),
            (.blob, RawMessage().bytes(1, hash).varint(2, .max).varint(3, 1)),
            (.blob, RawMessage().bytes(1, Array("../../etc/passwd".utf8)).varint(3, 1)),
            (.blob, RawMessage().varint(3, 1)),
            (.acknowledge, RawMessage()),
            (.acknowledge, RawMessage().bytes(1, RawMessage().bytes(1, log).bytes)),
            (
                .acknowledge,
                RawMessage().bytes(1, RawMessage().bytes(1, log).varint(2, 1).varint(3, 2).bytes)
            ),
            (.records, RawMessage()),
            (.records, RawMessage().bytes(1, hash).bytes(2, [1])),
            (.records, RawMessage().bytes(1, hash).bytes(2, hash).bytes(2, hash)),
            (.ownHead, RawMessage()),
            (.ownHead, RawMessage().bytes(1, hash + [0])),
            (.hello, RawMessage()),
            (.hello, RawMessage().bytes(1, hash).bytes(2, [1])),
            (.heads, RawMessage().bytes(1, [])),
        ])
    func ranges(verb: RequestVerb, body: RawMessage) throws {
        var frames = try RequestCodec.encode(.ping, id: Samples.id)
        frames[1][24] = verb.rawValue
        frames[2] = body.bytes
        #expect(readingFault(frames)?.status == .malformed)
    }

    private static let hash = [UInt8](repeating: 7, count: 32)
    private static let log = RawMessage().bytes(1, hash).varint(2, 1).bytes

    @Test("An oversize request is refused unparsed")
    func oversize() throws {
        var frames = try RequestCodec.encode(.ping, id: Samples.id)
        frames[2] = [UInt8](repeating: 0x0A, count: 327_681)
        #expect(readingFault(frames)?.error.code == .aboveLimit)
    }

    @Test("An answer to another verb is none")
    func crossedReplies() throws {
        for (verb, reply) in Samples.replies {
            if case .refused = reply { continue }
            let frames = try ReplyCodec.encode(reply, id: Samples.id)
            #expect(replyCode(frames, .acknowledge) != nil, "\(verb)")
        }
        let blob = try ReplyCodec.encode(Samples.replies[8].reply, id: Samples.id)
        #expect(replyCode(blob, .ping) == .wrongCount)
        #expect(replyCode(blob, .replay) != nil)
    }

    @Test("Truncated, extended and unknown answers are refused")
    func wrongReplies() throws {
        let replay = try ReplyCodec.encode(Samples.replies[1].reply, id: Samples.id)
        #expect(replyCode(Array(replay.dropLast()), .replay) == .wrongCount)
        #expect(replyCode(replay + [[]], .replay) == .wrongCount)
        #expect(replyCode(replay + .init(repeating: [], count: 3), .replay) == .wrongLength)
        #expect(
            replyCode(replay + .init(repeating: [], count: 300_000), .replay) == .wrongCount)
        var unknown = replay
        unknown[1][24] = 7
        #expect(replyCode(unknown, .replay) == .unknownWord)
        unknown[1][24] = 1
        #expect(replyCode(unknown, .replay) == .wrongCount)
        let request = try RequestCodec.encode(.ping, id: Samples.id)
        #expect(replyCode(request, .ping) == .wrongMagic)
    }

    @Test("A chunk lies inside its blob")
    func chunks() throws {
        func code(_ size: Int, _ offset: Int, _ count: Int) -> WireError.Code? {
            let chunk = BlobChunk(
                blobByteCount: size, offset: offset, bytes: .init(repeating: 0, count: count))
            return refusal { () throws(WireError) in
                _ = try ReplyCodec.encode(.blob(chunk), id: Samples.id)
            }
        }
        #expect(code(10, 0, 10) == nil)
        #expect(code(10, 1, 10) != nil)
        #expect(code(10, 0, 11) != nil)
        #expect(code(10, -1, 1) != nil)
        #expect(code(10, 0, 0) != nil)
        #expect(code(1_048_577, 0, 1) != nil)
        #expect(code(1_048_576, 0, 262_145) != nil)
    }

    @Test("A replay of more batches than fit is shortened")
    func longReplay() throws {
        let batches = [SealedBatch](repeating: Samples.batch, count: 1_500)
        let frames = try ReplyCodec.encode(.replay(.served, batches), id: Samples.id)
        let reply = try ReplyCodec.decode(frames, to: .replay).reply
        #expect(reply == .replay(.served, Array(batches.prefix(1_024))))
    }

    @Test("A refusal is one line, whatever the error said")
    func refusalText() throws {
        let text = "a\u{1B}[31m\n" + String(repeating: "x", count: 5_000)
        let refusal = Refusal(.failed, expected: text, found: "\u{85}\u{0}")
        #expect(refusal.found == "  ")
        let frames = try ReplyCodec.encode(.refused(refusal), id: Samples.id)
        #expect(try ReplyCodec.decode(frames, to: .ping).reply == .refused(refusal))
        #expect(!refusal.expected.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test("A refusal cannot say that all is well")
    func refusals() {
        let refusal = Refusal(.done, expected: "", found: "")
        #expect(
            WireFormatTests.refusal { () throws(WireError) in
                _ = try ReplyCodec.encode(.refused(refusal), id: Samples.id)
            } == .mismatch)
    }
}
