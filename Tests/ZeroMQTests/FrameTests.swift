// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ZeroMQ

@Suite("Frames") struct FrameTests {
    @Test("hold what they were given", arguments: [0, 1, 29, 33, 34, 4_096, 1 << 20])
    func holdBytes(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let frame = Frame(bytes)
        #expect(frame.count == count)
        #expect(frame.isEmpty == (count == 0))
        #expect(frame.copiedBytes == bytes)
        #expect(frame.withBytes { $0.byteCount } == count)
        #expect(frame == Frame(bytes))
        #expect(frame != Frame(bytes + [0]))
        #expect(frame.userID == nil)
    }

    @Test("differ if one byte does")
    func differ() {
        #expect(Frame([1, 2, 3]) != Frame([1, 2, 4]))
    }

    @Test("are written in place and start as zeros")
    func writtenInPlace() {
        let frame = Frame(byteCount: 100) { $0[99] = 7 }
        #expect(frame.copiedBytes == [UInt8](repeating: 0, count: 99) + [7])
    }

    @Test("pass on what the writer throws")
    func passOnErrors() {
        struct Failure: Error {}
        #expect(throws: Failure.self) {
            _ = try Frame(byteCount: 10) { _ throws(Failure) in throw Failure() }
        }
    }

    @Test("show their size and never their content")
    func redacted() {
        #expect(String(describing: Frame("secret")) == "frame of 6 bytes")
    }

    @Test("travel inside the process without a copy, also to two receivers")
    func uncopied() throws {
        let context = try Context()
        let frame = Frame([UInt8](repeating: 5, count: 1 << 20))
        let address = frame.withUnsafeBytes { $0.baseAddress }
        for name in ["one", "two"] {
            let left = try Socket<Pair>(in: context, options: .plain)
            let right = try Socket<Pair>(in: context, options: .plain)
            try left.bind(to: Endpoint(inProcess: name))
            try right.connect(to: Endpoint(inProcess: name))
            #expect(try left.trySend([frame]) == .sent)
            guard case .message(let message) = try right.receive() else {
                Issue.record("nothing arrived")
                return
            }
            #expect(message.frames[0].withUnsafeBytes { $0.baseAddress } == address)
        }
        #expect(frame.count == 1 << 20)
    }

    @Test("may be sent by two threads at once")
    func sharedByThreads() async throws {
        let frame = Frame([UInt8](repeating: 9, count: 1_000))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask { try await onThread { try Self.sendMany(frame) } }
            }
            for try await count in group { #expect(count == 2_000) }
        }
        #expect(frame.copiedBytes == [UInt8](repeating: 9, count: 1_000))
    }

    private static func sendMany(_ frame: Frame) throws -> Int {
        let context = try Context()
        let left = try Socket<Pair>(in: context, options: .plain)
        let right = try Socket<Pair>(in: context, options: .plain)
        try left.bind(to: Endpoint(inProcess: "pair"))
        try right.connect(to: Endpoint(inProcess: "pair"))
        var equal = 0
        for _ in 0..<2_000 {
            try left.trySend([frame])
            if case .message([frame]) = try right.receive() { equal += 1 }
        }
        return equal
    }
}
