// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension BlackBox {
    @Suite("Strangers at the open ports")
    struct HostilePeerTests {}
}

/// What a stranger sends, and keeps the connection open.
struct Noise: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]

    static let all = [
        Noise(testDescription: "nothing", bytes: []),
        Noise(testDescription: "an HTTP request", bytes: Array("GET / HTTP/1.0\r\n\r\n".utf8)),
        Noise(testDescription: "SSH", bytes: Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)),
        Noise(testDescription: "TLS", bytes: [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
        Noise(testDescription: "one byte", bytes: [0xff]),
        Noise(testDescription: "half a greeting", bytes: [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3]),
        Noise(testDescription: "NULL", bytes: greeting("NULL") + [4, 6, 5] + Array("READY".utf8)),
        Noise(
            testDescription: "an endless length",
            bytes: greeting("CURVE") + [2] + [UInt8](repeating: 0xff, count: 8)),
        Noise(testDescription: "noise", bytes: (0..<4_096).map { UInt8($0 * 31 & 255) }),
    ]

    /// A greeting of ZMTP 3.1.
    ///
    /// Source: RFC 37/ZMTP.
    private static func greeting(_ mechanism: String) -> [UInt8] {
        let name = Array(mechanism.utf8)
        return [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1] + name
            + [UInt8](repeating: 0, count: 20 - name.count + 32)
    }
}

extension BlackBox.HostilePeerTests {
    @Test("Noise at every port does no harm", .timeLimit(.minutes(2)))
    func noise() async throws {
        try await Cluster.founded(running: [1, 2]) { cluster in
            var open: [RawConnection] = []
            for port in Server.door...(Server.door + 2) {
                for noise in Noise.all {
                    for _ in 0..<7 {
                        let connection = try RawConnection("127.0.0.1", port)
                        connection.send(noise.bytes)
                        open.append(connection)
                    }
                }
            }
            #expect(open.count <= 200)
            let outcome = try await cluster[1].run("publish", "order.paid", "{}")
            #expect(outcome.status == 0, "\(outcome)")
            let other = try await cluster[2].run("publish", "order.paid", "{}")
            #expect(other.status == 0, "\(other)")
            open = []
            #expect(try await cluster[1].status().own.isReady == true)
            #expect(cluster[1].daemon?.isRunning == true)
        }
    }

    @Test(
        "A key that nobody granted gets nothing", .timeLimit(.minutes(2)),
        .enabled(if: Stranger.isUsable))
    func unknownKey() async throws {
        try await Cluster.founded(running: [1, 2]) { cluster in
            let stranger = try Stranger(
                directory: "\(cluster[1].root)/stranger", home: cluster[1].home,
                ports: Server.door + 1)
            let outcome = try await stranger.process.end()
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.text == "router: nothing\npublisher: nothing")
            #expect(try await cluster[1].run("publish", "order.paid", "{}").status == 0)
        }
    }

    @Test("The door refuses what is none of its business", .timeLimit(.minutes(1)))
    func door() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            for (method, target) in [
                ("GET", "/"), ("GET", "/v1/status"), ("POST", "/v1/publish"), ("GET", "/hello"),
                ("DELETE", "/login"), ("GET", "/../../etc/passwd"), ("POST", "/v1/records"),
            ] {
                let answer = try await visit("127.0.0.1", Server.door, target, method: method)
                #expect(answer.hasPrefix("HTTP/1.1 4"), "\(method) \(target): \(answer)")
                #expect(!answer.contains("alice"))
            }
            let empty = try await visit("127.0.0.1", Server.door, "/hello", method: "POST")
            #expect(empty.hasPrefix("HTTP/1.1 4"), "\(empty)")
            let ready = try await visit("127.0.0.1", Server.door, "/ready")
            #expect(ready.hasPrefix("HTTP/1.1 200"), "\(ready)")
        }
    }
}

/// A ZeroMQ client with a key of its own making, by pyzmq.
private struct Stranger {
    private static let python = "/usr/bin/python3"

    /// Whether pyzmq is installed: skipped without it, but never in continuous integration.
    static let isUsable =
        FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/zmq")
        || ProcessInfo.processInfo.environment["CI"] != nil

    let process: RunningProcess

    /// Connects to ROUTER and PUB of the first server with its real public key.
    init(directory: String, home: String, ports: Int) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        process = try RunningProcess(
            Self.python, ["-c", Self.script, home, "\(ports)"], directory: directory)
    }

    private static let script = """
        import glob, sys, zmq
        from zmq.utils import z85
        with open(glob.glob(sys.argv[1] + "/sites/*/node.key")[0], "rb") as file:
            secret = z85.encode(file.read()[40:72])
        context = zmq.Context()
        for number, (name, kind) in enumerate([("router", zmq.DEALER), ("publisher", zmq.SUB)]):
            socket = context.socket(kind)
            socket.linger = 0
            socket.curve_serverkey = zmq.curve_public(secret)
            socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
            if kind == zmq.SUB:
                socket.subscribe(b"")
            socket.connect("tcp://127.0.0.1:%d" % (int(sys.argv[2]) + number))
            if kind == zmq.DEALER:
                for _ in range(10):
                    socket.send_multipart([b"", b"anything"])
            print(name + ":", "something" if socket.poll(3000) else "nothing", flush=True)
            socket.close()
        context.term()
        """
}
