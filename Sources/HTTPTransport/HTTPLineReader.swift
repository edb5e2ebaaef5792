// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// The lines of an answer, while they come.
public struct HTTPLineReader {
    private var parts: InboundParts
    private let exchange: Exchange
    private var buffer = ByteBuffer()
    /// How much of the buffer is known to hold no line end.
    private var searched = 0
    private var isEnded = false

    init(_ parts: InboundParts, exchange: Exchange) {
        self.parts = parts
        self.exchange = exchange
    }

    /// The next line without its end; `nil` after the last one.
    ///
    /// Empty lines are skipped: servers send them to see whether anybody is still there.
    ///
    /// - Throws: ``HTTPTransportError``; `tooLarge` beyond ``HTTPLimits/lineBytes``,
    ///   `protocolViolation` where the stream breaks off.
    public mutating func next() async throws(HTTPTransportError) -> [UInt8]? {
        while true {
            if let line = takeLine() {
                try check(line.count)
                if line.isEmpty { continue }
                return line
            }
            try check(buffer.readableBytes)
            if isEnded {
                let rest = Array(buffer.readableBytesView)
                buffer.clear()
                return rest.isEmpty ? nil : rest
            }
            try await receive()
        }
    }

    private mutating func receive() async throws(HTTPTransportError) {
        do {
            switch try await parts.next(isolation: #isolation) {
            case .body(var more): buffer.writeBuffer(&more)
            case .end: isEnded = true
            case .head:
                throw exchange.failure(.protocolViolation, expected: "one head", found: "two")
            case nil:
                try Task.checkCancellation()
                throw exchange.failure(
                    .protocolViolation, expected: "the end of the stream",
                    found: "the end of the connection")
            }
        } catch {
            throw exchange.translated(error)
        }
    }

    private mutating func takeLine() -> [UInt8]? {
        let view = buffer.readableBytesView
        guard let end = view.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) else {
            searched = view.count
            return nil
        }
        let line = Array(view[..<end])
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        buffer.discardReadBytes()
        searched = 0
        return line
    }

    private func check(_ count: Int) throws(HTTPTransportError) {
        guard count <= exchange.limits.lineBytes else {
            throw exchange.failure(
                .tooLarge, expected: "lines of at most \(exchange.limits.lineBytes) bytes",
                found: "a longer one")
        }
    }
}
