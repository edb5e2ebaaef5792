// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// One question to a door, who is there, and what its answer is worth.
///
/// Law: nothing of an answer is believed before a signature over this question's nonce holds.
public struct HelloQuestion: Sendable {
    private let request: HelloRequest

    /// Asks with a nonce, which nobody can have guessed.
    public init(nonce: Bytes32, cluster: ClusterID?) {
        request = HelloRequest(nonce: nonce, cluster: cluster)
    }

    /// The bytes that go to the door.
    ///
    /// - Throws: ``WireError``, never for a request that the type can hold.
    public func encoded() throws(WireError) -> [UInt8] { try HelloCodec.encode(request) }

    /// Decides what the bytes are that came back.
    public func read(_ body: [UInt8]) -> Result<Hello, HelloRefusal> {
        let sealed: SealedHello
        do {
            sealed = try HelloCodec.decodeSealed(body)
        } catch {
            return .failure(.malformed(error))
        }
        return HelloVerifier().verify(sealed, nonce: request.nonce)
            .mapError { .rejected($0) }
    }
}

/// Why what a door answered introduces nobody.
public enum HelloRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// It is no sealed hello at all.
    case malformed(WireError)
    /// It is one, and is not believed.
    case rejected(Rejection)

    /// The name under which it is counted.
    public var name: String {
        switch self {
        case .malformed: "hello.malformed"
        case .rejected(let rejection): "hello.\(rejection.name)"
        }
    }

    /// One line for people.
    public var description: String {
        switch self {
        case .malformed(let error): "not a sitestacker door: \(error)"
        case .rejected(let rejection): "\(rejection)"
        }
    }

    /// What the roster is told: the door answered, as HTTP has it, and said nothing of use.
    public var answer: ProbeAnswer { .refused(status: 200, description) }
}

extension HelloFacts {
    /// What a verified hello says; `address` is the one that answered.
    public init(_ hello: Hello, address: String) {
        self.init(
            cluster: hello.cluster, node: hello.node, instance: hello.instance,
            curveKey: hello.curveKey, grant: hello.grant.map(RecordVerifier.hash(of:)),
            host: hello.endpoints.host ?? address,
            publishPort: hello.endpoints.publishPort,
            requestPort: hello.endpoints.requestPort, isReady: hello.isReady)
    }
}
