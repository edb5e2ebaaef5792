// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
public import WireFormat

/// Why something from outside is not believed: a value that callers count, never thrown at them.
///
/// The order of the cases is the order of the checks, so what a case says of the bytes includes
/// that everything before it held.
public enum Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    /// Its outer form is wrong; nothing in it has been believed.
    case malformed(WireError)
    /// Nobody knows the key of the node which it names.
    case unknownSigner(NodeID)
    /// The signature is not its signer's for these bytes.
    case badSignature(signer: String)
    /// The body is not the one whose hash was signed.
    case wrongBodyHash(NodeID)
    /// It was signed, and yet no correct node makes it.
    case malformedContent(WireError)
    /// Its parts contradict each other, or what was asked.
    case mismatch(String)

    /// The name under which it is counted.
    public var name: String {
        switch self {
        case .malformed(let error): error.code.rawValue
        case .unknownSigner: "unknownSigner"
        case .badSignature: "badSignature"
        case .wrongBodyHash: "wrongBodyHash"
        case .malformedContent(let error): "signed." + error.code.rawValue
        case .mismatch: "contradiction"
        }
    }

    /// One line for a log or a terminal.
    public var description: String {
        switch self {
        case .malformed(let error): "\(error)"
        case .unknownSigner(let node): "no known key for node \(node.short)"
        case .badSignature(let signer): "the signature is not that of \(signer)"
        case .wrongBodyHash(let node):
            "the body is not the one that node \(node.short) signed"
        case .malformedContent(let error): "signed, but malformed: \(error)"
        case .mismatch(let what): what
        }
    }
}
