// SPDX-License-Identifier: Apache-2.0
public import ClusterModel
import WireFormat

/// What separates one use of a key or a hash from every other.
///
/// A signature made for one kind of thing is never valid for another, because each kind's signed
/// bytes begin with a word of its own (a batch header's is its magic).
/// Source: docs/specification/wire.md, "Keys and hashes".
enum SigningDomain {
    static let beacon: StaticString = "SSTKHED1"
    static let record: StaticString = "SSTKREC1"
    static let hello: StaticString = "SSTKHEL1"
    static let status: StaticString = "SSTKSTA1"
    static let bodyHash = Blake2b.Key(domain: "SSTKBODY")
    static let recordHash = Blake2b.Key(domain: "SSTKREC1")
    static let credentialHash = Blake2b.Key(domain: "SSTKCRED")
    static let nodeFileHash = Blake2b.Key(domain: "SSTKNOD1")
}

extension Blake2b.Key {
    /// A key that is a word of this program.
    init(domain: StaticString) {
        precondition((1...64).contains(domain.utf8CodeUnitCount), "a domain of 1 to 64 bytes")
        bytes = domain.bytes
    }
}

extension Digest {
    /// BLAKE2b-256 of bytes.
    public init(hashing bytes: [UInt8]) {
        self = Digest(hashing: bytes, key: nil)
    }

    /// The hash which an account's record holds of a credential.
    public init(ofCredential credential: [UInt8]) {
        self = Digest(hashing: credential, key: SigningDomain.credentialHash)
    }

    init(hashing bytes: [UInt8], key: Blake2b.Key?) {
        guard let digest = Digest(bytes: Blake2b.hash(bytes, key: key)) else {
            preconditionFailure("BLAKE2b-256 has 32 bytes")
        }
        self = digest
    }
}
