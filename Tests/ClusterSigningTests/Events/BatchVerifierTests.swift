// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import Testing
import WireFormat

@Suite("Sealing and verifying batches")
struct BatchVerifierTests {
    private let samples: SigningSamples
    private let sealed: SealedBatch

    init() throws {
        samples = try SigningSamples()
        sealed = try samples.sealer.seal(samples.draft).sealed
    }

    @Test("What is sealed verifies, and is the same value on both sides")
    func roundTrip() throws {
        let batch = try samples.sealer.seal(samples.draft)
        #expect(try samples.verify(batch.sealed).get() == batch)
        #expect(batch.events == samples.events)
        #expect(batch.header.last == 44)
        #expect(batch.hash == Digest(hashing: batch.sealed.header))
    }

    @Test("Sealing twice gives the same bytes")
    func deterministic() throws {
        #expect(try samples.sealer.seal(samples.draft).sealed == sealed)
    }

    @Test("Every flipped bit of the header is refused")
    func headerBits() {
        for header in oneBitOff(sealed.header) {
            let batch = SealedBatch(
                header: header, signature: sealed.signature, body: sealed.body)
            #expect(rejection(samples.verify(batch)) != nil)
        }
    }

    @Test("Every flipped bit of the signature is refused as a bad one")
    func signatureBits() {
        for signature in oneBitOff(sealed.signature) {
            let batch = SealedBatch(
                header: sealed.header, signature: signature, body: sealed.body)
            #expect(rejection(samples.verify(batch))?.name == "badSignature")
        }
    }

    @Test("Every flipped bit of the body is refused by its hash")
    func bodyBits() {
        for body in oneBitOff(sealed.body) {
            let batch = SealedBatch(
                header: sealed.header, signature: sealed.signature, body: body)
            #expect(
                rejection(samples.verify(batch)) == .wrongBodyHash(samples.identity.node))
        }
    }

    @Test("Parts of other lengths are refused before anything else")
    func lengths() {
        let (header, signature, body) = (sealed.header, sealed.signature, sealed.body)
        let wrong = [
            SealedBatch(header: [], signature: [], body: []),
            SealedBatch(header: header + [0], signature: signature, body: body),
            SealedBatch(header: header.dropLast(), signature: signature, body: body),
            SealedBatch(header: header, signature: signature + [0], body: body),
            SealedBatch(header: header, signature: signature.dropLast(), body: body),
            SealedBatch(header: header, signature: signature, body: []),
            SealedBatch(header: header, signature: signature, body: body + [0]),
            SealedBatch(header: header, signature: signature, body: body.dropLast()),
            SealedBatch(
                header: header, signature: signature, body: .init(repeating: 0, count: 262_145)),
        ]
        for batch in wrong {
            guard case .malformed = rejection(samples.verify(batch)) else {
                Issue.record("accepted, or refused too late: \(batch)")
                continue
            }
        }
    }

    @Test("The checks are made in their order")
    func order() throws {
        func name(_ patch: [(Int, UInt8)], key: Bool = true, signed: Bool = false) -> String? {
            var header = sealed.header
            for (offset, byte) in patch { header[offset] = byte }
            let batch =
                signed
                ? samples.sign(header: header, body: [0])
                : SealedBatch(header: header, signature: sealed.signature, body: sealed.body)
            let found = samples.verifier.verify(batch) { key ? samples.ring[$0] : nil }
            return rejection(found)?.name
        }
        #expect(name([(0, 0), (8, 0), (98, 1)]) == "wrongMagic")
        #expect(name([(8, 0), (98, 1)]) == "foreignCluster")
        #expect(name([(98, 1), (97, 0)], key: false) == "nonZeroReserved")
        #expect(name([(97, 0)], key: false) == "outOfRange")
        #expect(name([(120, 0)], key: false) == "unknownSigner")
        #expect(name([(40, 0)]) == "unknownSigner")
        #expect(name([(120, 0)]) == "badSignature")
        #expect(name([(100, 0), (101, 0), (102, 0), (103, 1)], signed: true) == "wrongBodyHash")
    }

    @Test("A batch of another cluster is refused though its signature holds")
    func otherCluster() throws {
        let other = BatchSealer(
            cluster: ClusterID(SigningSamples.filled(9)), policy: 0, identity: samples.identity)
        let batch = try other.seal(samples.draft).sealed
        #expect(rejection(samples.verify(batch))?.name == "foreignCluster")
    }

    @Test("Another node's signature in this one's name is refused")
    func otherSigner() throws {
        let other = try NodeIdentity()
        let batch = SealedBatch(
            header: sealed.header, signature: other.signingKey.sign(sealed.header),
            body: sealed.body)
        #expect(rejection(samples.verify(batch))?.name == "badSignature")
    }

    @Test("A signature with S raised by the group order is refused")
    func malleable() {
        let order: [UInt8] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ]
        var signature = sealed.signature
        var carry: UInt16 = 0
        for index in 0..<32 {
            let sum = UInt16(signature[32 + index]) + UInt16(order[index]) + carry
            signature[32 + index] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
        let batch = SealedBatch(header: sealed.header, signature: signature, body: sealed.body)
        #expect(rejection(samples.verify(batch))?.name == "badSignature")
        let zeros = SealedBatch(
            header: sealed.header, signature: .init(repeating: 0, count: 64), body: sealed.body)
        #expect(rejection(samples.verify(zeros))?.name == "badSignature")
    }

    @Test("What a member signs is still parsed strictly")
    func signedNonsense() throws {
        let stamp = samples.events[0].timestamp
        let body = try EventBodyCodec.encode(samples.events)
        func name(_ body: [UInt8], _ count: Int, _ stamp: HybridTimestamp) throws -> String? {
            rejection(
                samples.verify(try samples.sign(body: body, count: count, timestamp: stamp)))?
                .name
        }
        #expect(try name(body, 3, stamp) == nil)
        #expect(try name(body, 2, stamp) == "signed.wrongCount")
        #expect(try name(body, 4, stamp) == "signed.wrongCount")
        #expect(try name(body + [0x10, 0x01], 3, stamp) == "signed.notCanonical")
        #expect(try name(body + [0], 3, stamp) == "signed.notCanonical")
        #expect(try name(body.dropLast(), 3, stamp) == "signed.malformed")
        #expect(try name([0], 1, stamp) == "signed.notCanonical")
        #expect(try name([0x0A, 0x00], 1, .zero) == "signed.missing")
        #expect(try name(body, 3, .zero) == "contradiction")
    }

    @Test("A draft which nobody would accept is not sealed")
    func refusedDrafts() throws {
        func code(_ draft: BatchDraft) -> WireError.Code? {
            do {
                _ = try samples.sealer.seal(draft)
                return nil
            } catch {
                return error.code
            }
        }
        let draft = samples.draft
        #expect(
            code(
                BatchDraft(
                    log: draft.log, first: 1, previous: .none, grant: .none, events: []))
                == .missing)
        #expect(
            code(
                BatchDraft(
                    log: draft.log, first: 0, previous: .none, grant: .none,
                    events: draft.events)) == .outOfRange)
        let foreign = EpochID(origin: NodeID(SigningSamples.filled(1)), epoch: draft.log.epoch)
        #expect(
            code(
                BatchDraft(
                    log: foreign, first: 1, previous: .none, grant: .none,
                    events: draft.events)) == .mismatch)
    }

    @Test("The topic of a batch is that of its first event")
    func topic() throws {
        let batch = try samples.sealer.seal(samples.draft)
        let frames = BatchFrames.encode(batch)
        let decoded = try BatchFrames.decode(frames)
        try BatchFrames.check(decoded.topic, of: batch)
        #expect(throws: WireError.self) { try BatchFrames.check(.cache, of: batch) }
    }
}
