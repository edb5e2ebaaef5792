// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// The few topics of the PUB socket; every node subscribes to all of them.
///
/// A topic only lets the socket tell messages apart. It is not signed: what it says is compared
/// with the verified content and believed only then.
public enum WireTopic: Hashable, Sendable, CaseIterable {
    /// A batch whose first event is of class `code`.
    case code
    /// A batch whose first event is of class `cache`.
    case cache
    /// A batch whose first event is of class `files`.
    case files
    /// A batch whose first event is of class `application`.
    case application
    /// A batch whose first event is of class `record`.
    case record
    /// A beacon.
    case head

    /// The topic of a class of events.
    public init(_ eventClass: EventClass) {
        switch eventClass {
        case .code: self = .code
        case .cache: self = .cache
        case .files: self = .files
        case .application: self = .application
        case .record: self = .record
        }
    }

    /// The topic of a batch: that of its first event's class.
    public init(of batch: VerifiedBatch) {
        self.init(batch.events.first?.content.eventClass ?? .record)
    }

    /// The topic that a frame names.
    ///
    /// - Throws: ``WireError`` with `unknownWord`.
    public init(frame: [UInt8]) throws(WireError) {
        guard let topic = Self.allCases.first(where: { $0.frame == frame }) else {
            throw WireError(
                .unknownWord, "topic", expected: "one of the six topics",
                found: "\(frame.count) other bytes")
        }
        self = topic
    }

    /// The frame that names it.
    public var frame: [UInt8] { word.bytes }

    private var word: StaticString {
        switch self {
        case .code: "E/code"
        case .cache: "E/cache"
        case .files: "E/data"
        case .application: "E/app"
        case .record: "E/rec"
        case .head: "H"
        }
    }
}
