// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// The lines of an answer, while they come.
public struct HTTPLineReader {
    private var parts: InboundParts
    private let exchange: Exchange
    private var splitter: LineSplitter
    private var isEnded = false

    init(_ parts: InboundParts, exchange: Exchange) {
        self.parts = parts
        self.exchange = exchange
        splitter = LineSplitter(limit: exchange.limits.lineBytes)
    }

    /// The next line without its end; `nil` after the last one.
    ///
    /// Empty lines are skipped: servers send them to see whether anybody is still there.
    ///
    /// - Throws: ``HTTPTransportError``; `tooLarge` beyond ``HTTPLimits/lineBytes``,
    ///   `protocolViolation` where the stream breaks off.
    public mutating func next() async throws(HTTPTransportError) -> [UInt8]? {
        while true {
            do {
                if let line = try splitter.next() { return line }
            } catch {
                throw exchange.failure(
                    .tooLarge, expected: "lines of at most \(exchange.limits.lineBytes) bytes",
                    found: "a longer one")
            }
            if isEnded { return splitter.takeRest() }
            try await receive()
        }
    }

    private mutating func receive() async throws(HTTPTransportError) {
        do {
            switch try await parts.next(isolation: #isolation) {
            case .body(var more): splitter.take(&more)
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
}

/// Cuts a stream of bytes into its lines.
///
/// Law: the lines do not depend on the pieces in which the stream came.
package struct LineSplitter {
    /// A line is longer than the limit.
    package struct TooLong: Error, Hashable {}

    /// Unit: bytes of a line, without its end.
    private let limit: Int
    private var buffer = ByteBuffer()
    /// How much of the buffer is known to hold no line end.
    private var searched = 0

    /// Nothing has come yet.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Takes what came.
    package mutating func take(_ bytes: some Sequence<UInt8>) { buffer.writeBytes(bytes) }

    /// The same, without a copy where that can be.
    fileprivate mutating func take(_ more: inout ByteBuffer) { buffer.writeBuffer(&more) }

    /// The next whole line that is not empty, without its end; `nil` until more comes.
    ///
    /// - Throws: ``TooLong`` as soon as a line is known to be.
    package mutating func next() throws(TooLong) -> [UInt8]? {
        while let line = takeLine() {
            guard line.count <= limit else { throw TooLong() }
            if !line.isEmpty { return line }
        }
        guard buffer.readableBytes <= limit else { throw TooLong() }
        return nil
    }

    /// What stands behind the last line end; `nil` where that is nothing.
    package mutating func takeRest() -> [UInt8]? {
        let rest = Array(buffer.readableBytesView)
        buffer.clear()
        searched = 0
        return rest.isEmpty ? nil : rest
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
}
