// SPDX-License-Identifier: Apache-2.0
@_spi(Verification) public import ClusterModel
public import WireFormat

/// Signs records of authority with a user's key.
public struct RecordSealer: Sendable {
    private let cluster: ClusterID

    /// Signs for one cluster.
    public init(cluster: ClusterID) {
        self.cluster = cluster
    }

    /// Encodes and signs a record; a credential goes beside an account, unsigned.
    ///
    /// - Throws: ``WireError`` with `mismatch` for a grant of another user than the key's, of a
    ///   node ID which is not the hash of its key, or for a credential which is not the record's;
    ///   else what ``RecordCodec`` throws.
    public func seal(
        _ record: AuthorityRecord, credential: [UInt8]? = nil, with key: SigningKey
    ) throws(WireError) -> VerifiedRecord {
        guard let signer = UserKey(bytes: key.verificationKey.bytes) else {
            preconditionFailure("public keys have 32 bytes")
        }
        if let contradiction = RecordVerifier.contradiction(
            in: record, signer: signer, credential: credential)
        {
            throw WireError(
                .mismatch, "sealing a record", expected: "a record that agrees with its signer",
                found: contradiction)
        }
        let body = try RecordCodec.encode(record)
        let sealed = SealedRecord(
            body: body, signer: signer,
            signature: key.sign(SigningDomain.record.bytes, cluster.bytes, body),
            credential: credential)
        return VerifiedRecord(
            hash: RecordVerifier.hash(of: sealed), record: record, signer: signer,
            sealed: sealed)
    }
}

/// Decides whether bytes are a record which the user key in them has signed.
///
/// Whether that key had the right to sign it is the question of the fold over all records.
public struct RecordVerifier: Sendable {
    private let cluster: ClusterID

    /// Verifies records of one cluster; another's has another signature.
    public init(cluster: ClusterID) {
        self.cluster = cluster
    }

    /// Checks lengths, the key, the signature, and then parses the body.
    public func verify(_ sealed: SealedRecord) -> Result<VerifiedRecord, Rejection> {
        do {
            try sealed.checkLengths()
        } catch {
            return .failure(.malformed(error))
        }
        guard isSigned(sealed) else {
            return .failure(.badSignature(signer: "user key \(sealed.signer.short)"))
        }
        do {
            let record = try RecordCodec.decode(sealed.body)
            if let contradiction = Self.contradiction(
                in: record, signer: sealed.signer, credential: sealed.credential)
            {
                return .failure(.mismatch(contradiction))
            }
            return .success(
                VerifiedRecord(
                    hash: Self.hash(of: sealed), record: record, signer: sealed.signer,
                    sealed: sealed))
        } catch {
            return .failure(.malformedContent(error))
        }
    }

    /// The record's name: keyed BLAKE2b-256 of body and signer.
    ///
    /// The signature is not in it, since one statement may have several; nor is the credential,
    /// whose hash the body holds.
    public static func hash(of sealed: SealedRecord) -> Digest {
        Digest(hashing: sealed.body + sealed.signer.bytes, key: SigningDomain.recordHash)
    }

    /// What a record says against itself or its signer; `nil` where it is consistent.
    static func contradiction(
        in record: AuthorityRecord, signer: UserKey, credential: [UInt8]?
    ) -> String? {
        if let credential {
            guard case .account(let account) = record else {
                return "a credential beside a record that is no account"
            }
            guard account.credential == Digest(ofCredential: credential) else {
                return "a credential which is not the account's"
            }
        }
        guard case .grant(let grant) = record else { return nil }
        guard grant.user == signer else { return "a grant signed by another key than its user's" }
        guard NodeID(of: grant.nodeKey) == grant.node else {
            return "a grant whose node ID is not the hash of its node key"
        }
        return nil
    }

    private func isSigned(_ sealed: SealedRecord) -> Bool {
        let message = SigningDomain.record.bytes + cluster.bytes + sealed.body
        do {
            let key = try VerificationKey(sealed.signer.bytes)
            return key.verifies(sealed.signature, of: message)
        } catch {
            // With such a key any signature could be made to hold.
            return false
        }
    }
}
