// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// Everything that may be asked on the request channel; there is no verb outside this table.
public enum RequestVerb: UInt8, CaseIterable, Sendable {
    /// Are you there, and what does your clock show.
    case ping = 1
    /// Send part of a log.
    case replay = 2
    /// Tell the heads of all epochs.
    case heads = 3
    /// Send the records of authority which I lack.
    case records = 4
    /// This is on my disk; the only verb without an answer.
    case acknowledge = 5
    /// Tell your state, signed.
    case status = 6
    /// Tell the heads of one origin's epochs; a starting node asks for its own.
    case ownHead = 7
    /// Send a chunk of a blob.
    case blob = 8
    /// Tell who you are.
    case hello = 9
}

/// Sixteen random bytes which an answer repeats.
public struct RequestID: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes.
    public let high: UInt64
    /// The last eight bytes.
    public let low: UInt64

    /// Wraps two words.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The bytes, most significant first.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.write(high)
        writer.write(low)
        return writer.bytes
    }

    /// Thirty-two hexadecimal digits.
    public var description: String { Hexadecimal.encode(bytes) }
}

/// A question of the request channel.
public enum Request: Hashable, Sendable {
    /// Answered by ``Reply/pong(_:)``.
    case ping
    /// Answered by ``Reply/replay(_:_:)``.
    case replay(ReplayRequest)
    /// The heads after a log, or from the beginning; answered by ``Reply/heads(_:)``.
    case heads(after: EpochID?)
    /// Answered by ``Reply/records(_:)``.
    case records(RecordsRequest)
    /// Not answered.
    case acknowledge([Acknowledgement])
    /// Answered by ``Reply/status(_:)``.
    case status
    /// Answered by ``Reply/heads(_:)``.
    case ownHead(NodeID)
    /// Answered by ``Reply/blob(_:)``.
    case blob(BlobRequest)
    /// Answered by ``Reply/hello(_:)``.
    case hello(HelloRequest)

    /// What is asked.
    public var verb: RequestVerb {
        switch self {
        case .ping: .ping
        case .replay: .replay
        case .heads: .heads
        case .records: .records
        case .acknowledge: .acknowledge
        case .status: .status
        case .ownHead: .ownHead
        case .blob: .blob
        case .hello: .hello
        }
    }
}

/// Asks for the records of authority which the asker lacks.
public struct RecordsRequest: Hashable, Sendable {
    /// Digest over all the asker's records: where it is the answerer's too, none is sent.
    public let digest: Digest
    /// The hashes of the asker's records, in ascending order.
    public let known: [Digest]

    /// Tells what the asker has.
    public init(digest: Digest, known: [Digest]) {
        self.digest = digest
        self.known = known
    }
}

/// Asks for a chunk of a blob, by the hash of the whole.
public struct BlobRequest: Hashable, Sendable {
    /// Which blob.
    public let digest: Digest
    /// Where the chunk begins.
    ///
    /// Unit: bytes.
    public let offset: Int
    /// How much of it is wanted; the answer is shorter only at the end of the blob.
    ///
    /// Unit: bytes.
    public let length: Int

    /// Asks for a part of a blob.
    public init(digest: Digest, offset: Int, length: Int) {
        self.digest = digest
        self.offset = offset
        self.length = length
    }
}
