// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A peer in a process of its own that holds valid keys and never ends a message.
///
/// It speaks ZMTP and CURVE by hand: libzmq itself sends nothing of a message before its last frame
/// is there. Source: ZeroMQ RFC 23/ZMTP and 26/CURVEZMQ.
struct EndlessPeer {
    /// Which socket of its victim it fills.
    enum Role: String {
        /// As a publisher, to which the victim's SUB connects.
        case publisher
        /// As a DEALER, which connects to the victim's ROUTER and sends a whole request first.
        case asker
    }

    private static let program = "/usr/bin/python3"

    /// Whether PyNaCl is installed: skipped without it, but never in continuous integration.
    static let isUsable =
        FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/nacl")
        || ProcessInfo.processInfo.environment["CI"] == "true"

    private let process = Process()
    private let leash = Pipe()

    /// Starts it; it ends by itself when its connection ends, or this process.
    ///
    /// - Parameter byteLimit: What it sends at the most, then it keeps quiet.
    init(
        _ role: Role, secretKey: [UInt8], victimKey: [UInt8], port: UInt16, byteLimit: Int
    ) throws {
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = [
            "-c", Self.source, role.rawValue, Self.hex(secretKey), Self.hex(victimKey), "\(port)",
            "\(byteLimit)",
        ]
        process.standardInput = leash
        try process.run()
    }

    /// Ends it, whatever it waits for: a signal that can be blocked would not always end it.
    func end() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static let source = #"""
        import resource, socket, struct, sys, threading, os
        from nacl.bindings import (crypto_box_afternm, crypto_box_beforenm, crypto_box_keypair,
                                   crypto_box_open_afternm, crypto_scalarmult_base)

        role, secret, victim = sys.argv[1], bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3])
        port, limit = int(sys.argv[4]), int(sys.argv[5])
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()

        def exactly(link, count):
            found = b""
            while len(found) < count:
                part = link.recv(count - len(found))
                if not part:
                    sys.exit("the other end closed during the handshake")
                found += part
            return found

        def command(link):
            flags = exactly(link, 1)[0]
            return exactly(link, exactly(link, 1)[0] if flags == 4
                           else struct.unpack(">Q", exactly(link, 8))[0])

        def send(link, flags, body):
            size = bytes([len(body)]) if len(body) < 256 else struct.pack(">Q", len(body))
            link.sendall(bytes([flags | (0 if len(body) < 256 else 2)]) + size + body)

        def greet(link, is_server):
            link.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"CURVE".ljust(20, b"\0")
                         + bytes([is_server]) + bytes(31))
            exactly(link, 64)

        def number(count):
            return struct.pack(">Q", count)

        def metadata(kind):
            return b"\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind

        def as_asker(link):
            greet(link, 0)
            public, own = crypto_box_keypair()
            box = crypto_box_afternm(bytes(64), b"CurveZMQHELLO---" + number(1),
                                     crypto_box_beforenm(victim, own))
            send(link, 4, b"\x05HELLO\x01\x00" + bytes(72) + public + number(1) + box)
            welcome = command(link)
            opened = crypto_box_open_afternm(welcome[24:], b"WELCOME-" + welcome[8:24],
                                             crypto_box_beforenm(victim, own))
            server, cookie = opened[:32], opened[32:]
            key = crypto_box_beforenm(server, own)
            nonce = os.urandom(16)
            vouch = crypto_box_afternm(public + victim, b"VOUCH---" + nonce,
                                       crypto_box_beforenm(server, secret))
            box = crypto_box_afternm(
                crypto_scalarmult_base(secret) + nonce + vouch + metadata(b"DEALER"),
                b"CurveZMQINITIATE" + number(2), key)
            send(link, 4, b"\x08INITIATE" + cookie + number(2) + box)
            command(link)
            return key, b"CurveZMQMESSAGEC", 3

        def as_publisher(link):
            greet(link, 1)
            hello = command(link)
            client = hello[80:112]
            public, own = crypto_box_keypair()
            nonce = os.urandom(16)
            box = crypto_box_afternm(public + bytes(96), b"WELCOME-" + nonce,
                                     crypto_box_beforenm(client, secret))
            send(link, 4, b"\x07WELCOME" + nonce + box)
            command(link)
            key = crypto_box_beforenm(client, own)
            box = crypto_box_afternm(metadata(b"PUB"), b"CurveZMQREADY---" + number(1), key)
            send(link, 4, b"\x05READY" + number(1) + box)
            return key, b"CurveZMQMESSAGES", 2

        if role == "asker":
            link = socket.create_connection(("127.0.0.1", port))
            key, prefix, count = as_asker(link)
        else:
            door = socket.create_server(("127.0.0.1", port))
            link = door.accept()[0]
            key, prefix, count = as_publisher(link)
            door.close()

        def frame(flags, payload):
            global count
            box = crypto_box_afternm(bytes([flags]) + payload, prefix + number(count), key)
            send(link, 0, b"\x07MESSAGE" + number(count) + box)
            count += 1

        def listen():
            try:
                while link.recv(65536):
                    pass
            finally:
                os._exit(0)

        threading.Thread(target=listen, daemon=True).start()
        if role == "asker":
            frame(0, b"a whole request")
        frame(1, b"E/app")
        sent, payload = 0, bytes(65536)
        while sent < limit:
            frame(1, payload)
            sent += len(payload)
        threading.Event().wait()
        """#
}
