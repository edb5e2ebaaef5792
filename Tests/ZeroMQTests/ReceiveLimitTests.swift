// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ZeroMQ

@Suite("Receiving") struct ReceiveLimitTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let sizes: [Int]
        let isOversize: Bool
        let keepsFirst: Bool
        var testDescription: String { name }
    }

    static let limit = ReceiveLimit(frames: 3, bytes: 100)

    static let cases = [
        Case(name: "one frame", sizes: [10], isOversize: false, keepsFirst: true),
        Case(
            name: "as many frames as allowed", sizes: [1, 1, 98], isOversize: false,
            keepsFirst: true),
        Case(name: "one frame too many", sizes: [1, 1, 1, 1], isOversize: true, keepsFirst: true),
        Case(
            name: "very many", sizes: Array(repeating: 1, count: 5_000), isOversize: true,
            keepsFirst: true),
        Case(name: "one byte too many", sizes: [1, 100], isOversize: true, keepsFirst: true),
        Case(name: "too many bytes at once", sizes: [101], isOversize: true, keepsFirst: false),
        Case(name: "too many bytes first", sizes: [200, 1], isOversize: true, keepsFirst: false),
        Case(name: "empty frames", sizes: [0, 0, 0], isOversize: false, keepsFirst: true),
    ]

    @Test("keeps a message within its limit and drains one beyond it", arguments: cases)
    func limits(_ row: Case) throws {
        let context = try Context()
        let left = try Socket<Pair>(in: context, options: .plain)
        let right = try Socket<Pair>(in: context, options: .plain)
        try left.bind(to: Endpoint(inProcess: "limits"))
        try right.connect(to: Endpoint(inProcess: "limits"))
        let frames = row.sizes.map { Frame([UInt8](repeating: 1, count: $0)) }
        try left.trySend(Message(frames))
        try left.trySend(Message("after"))
        let reception = try right.receive(limit: Self.limit)
        if row.isOversize {
            let expected = OversizeMessage(
                firstFrame: row.keepsFirst ? frames[0] : nil, frameCount: row.sizes.count,
                byteCount: row.sizes.reduce(0, +), userID: nil)
            #expect(reception == .oversize(expected))
        } else {
            #expect(reception == .message(Message(frames)))
        }
        #expect(try right.receiveTexts() == ["after"])
        #expect(try right.tryReceive(limit: Self.limit) == .nothing)
    }
}
