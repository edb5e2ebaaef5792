// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What the compiler must refuse, so that no test at run time is needed for it.
@Suite("The compiler", .serialized, .timeLimit(.minutes(2))) struct NegativeCompileTests {
    struct Misuse: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Nil if the code is right, which proves that the others fail for their own reason.
        let complaint: String?
        let code: String
    }

    static let misuses = [
        Misuse(
            testDescription: "accepts what is right", complaint: nil,
            code: """
                func use(_ socket: borrowing Socket<Dealer>, _ message: Message) throws {
                    try socket.trySend(message)
                    _ = try socket.tryReceive(limit: ReceiveLimit(frames: 8, bytes: 100))
                }
                """),
        Misuse(
            testDescription: "refuses to receive on PUB", complaint: "requires",
            code: """
                func use(_ socket: borrowing Socket<Publish>) throws {
                    _ = try socket.tryReceive(limit: ReceiveLimit(frames: 8, bytes: 100))
                }
                """),
        Misuse(
            testDescription: "refuses to send on SUB", complaint: "requires",
            code: """
                func use(_ socket: borrowing Socket<Subscribe>) throws {
                    try socket.trySend(Message([Frame("no")]))
                }
                """),
        Misuse(
            testDescription: "refuses to subscribe on DEALER", complaint: "requires",
            code: """
                func use(_ socket: borrowing Socket<Dealer>) throws {
                    try socket.subscribe(prefix: [])
                }
                """),
        Misuse(
            testDescription: "refuses to copy a socket", complaint: "borrowed",
            code: """
                func copy(_ socket: borrowing Socket<Dealer>) -> Socket<Dealer> { socket }
                """),
        Misuse(
            testDescription: "refuses to use a closed socket", complaint: "used after consume",
            code: """
                func use(_ socket: consuming Socket<Dealer>) throws {
                    socket.close()
                    try socket.trySend(Message([Frame("late")]))
                }
                """),
        Misuse(
            testDescription: "refuses to reach an actor's socket from outside", complaint: "actor",
            code: """
                actor Owner {
                    let socket: Socket<Dealer>
                    init(_ context: Context, _ options: SocketOptions) throws {
                        socket = try Socket(in: context, options: options)
                    }
                }
                func use(_ owner: Owner) throws {
                    try owner.socket.trySend(Message([Frame("no")]))
                }
                """),
        Misuse(
            testDescription: "refuses to hand a socket to another task", complaint: "data races",
            code: """
                func share(_ socket: consuming Socket<Dealer>) {
                    let shared = socket
                    Task.detached { _ = try shared.trySend(Message([Frame("race")])) }
                }
                """),
        Misuse(
            testDescription: "refuses to keep the bytes of a frame", complaint: "escape",
            code: """
                func keep(_ frame: Frame) -> Int {
                    var kept: RawSpan?
                    frame.withBytes { kept = $0 }
                    return kept?.byteCount ?? 0
                }
                """),
        Misuse(
            testDescription: "refuses an empty ZAP domain and plain text domains",
            complaint: "cannot convert",
            code: """
                func options(_ keys: CurveKeyPair) -> SocketSecurity {
                    .curveServer(keys: keys, domain: "")
                }
                """),
    ]

    /// Where the module under test and the C modules below it are.
    private static func modules() throws -> [String] {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let products = URL(fileURLWithPath: program).deletingLastPathComponent()
        let sources = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources")
        let maps = [
            products.appendingPathComponent("CZeroMQ.build/module.modulemap"),
            sources.appendingPathComponent("CZeroMQLibrary/module.modulemap"),
        ]
        return ["-I", products.appendingPathComponent("Modules").path]
            + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0.path)"] }
    }

    @Test("checks the use of sockets", arguments: misuses)
    func checks(_ misuse: Misuse) async throws {
        let folder = try TemporaryFolder()
        let source = folder.url.appendingPathComponent("misuse.swift")
        try Data("import ZeroMQ\n\(misuse.code)\n".utf8).write(to: source)
        let modules = try Self.modules()
        // Ownership is checked in SIL, after types.
        let outcome = try await runProgram(
            "swiftc",
            ["-emit-sil", "-o", "/dev/null", "-swift-version", "6", source.path] + modules)
        guard let complaint = misuse.complaint else {
            #expect(outcome.status == 0, "\(outcome.output)")
            return
        }
        #expect(outcome.status != 0)
        #expect(outcome.output.contains("error:") && outcome.output.contains(complaint))
    }
}
