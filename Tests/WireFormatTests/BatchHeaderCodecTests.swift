// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing
import WireFormat

@Suite struct BatchHeaderCodecTests {
    @Test("A header is 256 bytes and decodes to itself")
    func roundTrip() throws {
        let bytes = try BatchHeaderCodec.encode(Samples.header)
        #expect(bytes.count == 256)
        #expect(try BatchHeaderCodec.decode(bytes) == Samples.header)
        #expect(try BatchHeaderCodec.decode(bytes, cluster: Samples.cluster) == Samples.header)
    }

    @Test("That somebody waits is bit 0 of the flags")
    func awaited() throws {
        var header = Samples.header
        header.isAwaited = true
        let bytes = try BatchHeaderCodec.encode(header)
        #expect(bytes[98] == 0 && bytes[99] == 1)
        #expect(try BatchHeaderCodec.decode(bytes) == header)
    }

    @Test(
        "Each field stands where the specification says",
        arguments: [
            (0, "535354 4b42415431"), (8, "c1c1"), (40, "0101"), (72, "0000000000000007"),
            (80, "9c1f22ab01020304"), (88, "000000000000002a"), (96, "0002"), (98, "0000"),
            (100, "0000012c"), (104, "018bcfe568000003"), (112, "0000000000000000"),
            (120, "a1a1"), (152, "a2a2"), (184, "a3a3"), (216, "0102030405060708"),
            (224, "00000000"),
        ])
    func layout(offset: Int, hex: String) throws {
        let bytes = try BatchHeaderCodec.encode(Samples.header)
        let expected = try #require(
            Hexadecimal.decode(hex.split(separator: " ").joined()))
        #expect(Array(bytes[offset..<offset + expected.count]) == expected)
    }

    @Test(
        "A wrong field is refused with its code",
        arguments: [
            (0, [0x54], WireError.Code.wrongMagic),
            (7, [0x32], .wrongMagic),
            (8, [0x00], .foreignCluster),
            (72, [0, 0, 0, 0, 0, 0, 0, 0], .outOfRange),
            (72, [0x80], .outOfRange),
            (88, [0, 0, 0, 0, 0, 0, 0, 0], .outOfRange),
            (88, [0x80], .outOfRange),
            (88, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .outOfRange),
            (96, [0, 0], .outOfRange),
            (96, [4, 1], .outOfRange),
            (96, [0xFF, 0xFF], .outOfRange),
            (98, [0, 2], .nonZeroReserved),
            (98, [0, 3], .nonZeroReserved),
            (98, [0x80, 0], .nonZeroReserved),
            (100, [0, 0, 0, 0], .outOfRange),
            (100, [0, 4, 0, 1], .outOfRange),
            (100, [0xFF, 0xFF, 0xFF, 0xFF], .outOfRange),
            (112, [0, 0, 0, 0, 0, 0, 0, 1], .nonZeroReserved),
            (112, [0xFF], .nonZeroReserved),
            (224, [1], .nonZeroReserved),
            (255, [1], .nonZeroReserved),
        ] as [(Int, [UInt8], WireError.Code)])
    func refuses(offset: Int, patch: [UInt8], code: WireError.Code) throws {
        var bytes = try BatchHeaderCodec.encode(Samples.header)
        bytes.replaceSubrange(offset..<offset + patch.count, with: patch)
        #expect(
            refusal { () throws(WireError) in
                _ = try BatchHeaderCodec.decode(bytes, cluster: Samples.cluster)
            } == code)
    }

    @Test(
        "The ends of every range are accepted",
        arguments: [
            (72, [0, 0, 0, 0, 0, 0, 0, 1]),
            (72, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            (80, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            (88, [0, 0, 0, 0, 0, 0, 0, 1]),
            (88, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]),
            (96, [0, 1]), (96, [4, 0]),
            (100, [0, 0, 0, 1]), (100, [0, 4, 0, 0]),
            (104, [0, 0, 0, 0, 0, 0, 0, 0]),
            (104, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        ] as [(Int, [UInt8])])
    func acceptsEnds(offset: Int, patch: [UInt8]) throws {
        var bytes = try BatchHeaderCodec.encode(Samples.header)
        bytes.replaceSubrange(offset..<offset + patch.count, with: patch)
        #expect(try BatchHeaderCodec.encode(BatchHeaderCodec.decode(bytes)) == bytes)
    }

    @Test("Any other length is refused", arguments: [0, 1, 8, 255, 257, 512])
    func length(count: Int) throws {
        var bytes = try BatchHeaderCodec.encode(Samples.header) + [UInt8](repeating: 0, count: 256)
        bytes = Array(bytes.prefix(count))
        #expect(
            refusal { () throws(WireError) in _ = try BatchHeaderCodec.decode(bytes) }
                == .wrongLength)
    }

    @Test("What could not be decoded is not encoded")
    func refusesToEncode() {
        var header = Samples.header
        header.count = 0
        #expect(
            refusal { () throws(WireError) in _ = try BatchHeaderCodec.encode(header) }
                == .outOfRange)
        header.count = 1_025
        #expect(
            refusal { () throws(WireError) in _ = try BatchHeaderCodec.encode(header) }
                == .outOfRange)
        header = Samples.header
        header.bodyByteCount = -1
        #expect(
            refusal { () throws(WireError) in _ = try BatchHeaderCodec.encode(header) }
                == .outOfRange)
        header = Samples.header
        header.first = SequenceNumber(UInt64(Int64.max))
        #expect(
            refusal { () throws(WireError) in _ = try BatchHeaderCodec.encode(header) }
                == .outOfRange)
    }

    @Test("Whatever decodes encodes to the same bytes")
    func mutations() throws {
        var (generator, seed) = SeededGenerator.fromEnvironment()
        let bytes = try BatchHeaderCodec.encode(Samples.header)
        var accepted = 0
        for _ in 0..<20_000 {
            var mutant = bytes
            mutant[Int.random(in: 0..<256, using: &generator)] = .random(
                in: 0...255, using: &generator)
            guard let header = header(of: mutant) else { continue }
            accepted += 1
            #expect(try BatchHeaderCodec.encode(header) == mutant, "SEED=\(seed)")
        }
        #expect(accepted > 5_000)
    }

    private func header(of bytes: [UInt8]) -> BatchHeader? {
        do {
            return try BatchHeaderCodec.decode(bytes)
        } catch {
            return nil
        }
    }
}
