// SPDX-License-Identifier: Apache-2.0
import Dispatch
import HTTPTransport
import Testing

@Suite("Streams of lines")
struct HTTPLineReaderTests {
    private let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    private let call = HTTPCall(.get, "/lines", host: "web1")

    private func lines(
        _ server: ScriptedServer, _ limits: HTTPLimits = HTTPLimits()
    ) async throws -> [String] {
        let client = HTTPClient(
            endpoint: .tcp(host: "127.0.0.1", port: server.port), limits: limits)
        let outcome = try await client.stream(call) { reader in
            var lines: [String] = []
            while let line = try await reader.next() {
                lines.append(String(decoding: line, as: UTF8.self))
            }
            return lines
        }
        guard case .streamed(let lines) = outcome else { return ["answered"] }
        return lines
    }

    private func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    @Test(
        "Lines come whole, wherever chunks and packets end",
        arguments: [["a\nbc\n\ndef\n"], ["a", "\nb", "c\n", "\n", "d", "ef\n"], ["a\nbc\ndef"]],
        [1, 4096])
    func whole(_ chunks: [String], _ size: Int) async throws {
        let bytes = Array((head + chunks.map(chunk).joined() + "0\r\n\r\n").utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map {
            Array(bytes[$0..<min($0 + size, bytes.count)])
        }
        #expect(try await lines(ScriptedServer(pieces)) == ["a", "bc", "def"])
    }

    @Test("A stream that breaks off is no end")
    func brokenOff() async {
        let error = await #expect(throws: HTTPTransportError.self) {
            try await lines(ScriptedServer(head + chunk("a\nb")))
        }
        #expect(error?.code == .protocolViolation)
    }

    @Test("A line without end is refused at the limit", arguments: ["abcde\n", "abcde"])
    func tooLong(_ text: String) async {
        let error = await #expect(throws: HTTPTransportError.self) {
            try await lines(
                ScriptedServer(head + chunk(text), then: .silence), HTTPLimits(lineBytes: 4))
        }
        #expect(error?.code == .tooLarge)
    }

    @Test("A quiet stream outlives the deadline of answers")
    func quiet() async throws {
        let release = DispatchSemaphore(value: 0)
        let rest = Array((chunk("b\n") + "0\r\n\r\n").utf8)
        let server = ScriptedServer(
            [Array((head + chunk("a\n")).utf8)], then: .whenReleased(rest, release))
        let client = HTTPClient(
            endpoint: .tcp(host: "127.0.0.1", port: server.port),
            limits: HTTPLimits(answer: .seconds(1)))
        let outcome = try await client.stream(call) { reader in
            let first = try await reader.next()
            let deadline = ContinuousClock.now + .milliseconds(1200)
            while ContinuousClock.now < deadline { await Task.yield() }
            release.signal()
            return [first, try await reader.next(), try await reader.next()]
        }
        guard case .streamed(let lines) = outcome else {
            Issue.record("expected a stream, found \(outcome)")
            return
        }
        #expect(lines == [Array("a".utf8), Array("b".utf8), nil])
    }

    @Test("Another status is an answer, not a stream")
    func refused() async throws {
        let server = ScriptedServer("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        #expect(try await lines(server) == ["answered"])
    }
}
