// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
public import ClusterModel
public import ClusterSigning
internal import WireFormat

/// Turns what the log holds into what a node starts from.
public struct NodeRecovery {
    private let identity: NodeIdentity
    private let instance: InstanceID
    private let pin: ClusterPin
    private let ownUser: String?
    private let settings: InstallationSettings
    private let ignoredGrantSerial: UInt64
    private let bootstrap: [SealedRecord]

    /// Joins what a start needs beside the log.
    ///
    /// - Parameters:
    ///   - ownUser: As whom the node joined; `nil` where nothing says so.
    ///   - ignoredGrantSerial: Grants with this serial or a lower one were ended by `logout`.
    ///   - bootstrap: Records that were made before there was a log.
    public init(
        identity: NodeIdentity, instance: InstanceID, pin: ClusterPin,
        joinedAs ownUser: String?, settings: InstallationSettings, ignoredGrantSerial: UInt64,
        bootstrap: [SealedRecord]
    ) {
        self.identity = identity
        self.instance = instance
        self.pin = pin
        self.ownUser = ownUser
        self.settings = settings
        self.ignoredGrantSerial = ignoredGrantSerial
        self.bootstrap = bootstrap
    }

    /// What to start with; `nil` where no grant vouches for this node.
    ///
    /// - Throws: `CryptographyError` where a grant names a key that proves nothing.
    public func start(from recovered: RecoveredEventLog) throws -> NodeStart? {
        let records = RecordVerifier(cluster: pin.cluster).verified(
            recovered.records + bootstrap)
        var authority = Authority(
            pin: pin, own: identity.node, joinedAs: ownUser, records: records,
            users: settings.users, pins: recovered.pins, usersFile: settings.usersFile)
        guard let member = authority.ownMember, member.grant.serial > ignoredGrantSerial else {
            return nil
        }
        // State of an earlier version does not say it: whom the fold takes first, from now on.
        _ = authority.setOwnUser(member.user)
        var keys = NodeKeyRing()
        for case .grant(let grant) in records.map(\.record) { try keys.insert(grant.nodeKey) }
        return NodeStart(
            identity: identity, pin: pin, recovered: state(recovered, authority, keys),
            roster: Roster(
                addresses: settings.addresses, own: identity.node, instance: instance,
                cluster: pin.cluster, members: authority.members, seed: SecureRandom.uint64()),
            keys: keys)
    }

    private func state(
        _ recovered: RecoveredEventLog, _ authority: Authority, _ keys: NodeKeyRing
    ) -> RecoveredState {
        var state = RecoveredState(
            node: identity.node, instance: instance, cluster: pin.cluster,
            nonce: SecureRandom.uint64(), seed: SecureRandom.uint64(), authority: authority,
            configuration: settings.core)
        state.epochCounter = recovered.ownEpoch?.counter ?? 0
        state.hasLostHistory = recovered.ownEpoch == nil
        state.clears = ClearRecord()
        if let bytes = recovered.values[ClearRecord.name] {
            if let record = ClearRecord(encoded: bytes) {
                state.clears = record
            } else {
                // Whatever was owed, a full clear covers it.
                state.clears.owesFull = true
            }
        }
        state.newestTimestamp = recovered.newestTimestamp
        state.logs = recovered.epochs.map { epoch in
            var history = RecoveredHistory(
                head: epoch.head, applied: epoch.applied, floor: epoch.floor)
            history.newestTimestamp = epoch.newestTimestamp
            history.isQuarantined = epoch.isQuarantined
            history.byteCount = epoch.byteCount
            history.missingState = epoch.missingState
            history.outcomes = epoch.outcomes.map {
                AppliedRecord.Entry(
                    subject: $0.subject, outcome: $0.outcome, attempt: $0.attempt)
            }
            return history
        }
        let verifier = BatchVerifier(cluster: pin.cluster)
        state.stateBatches = recovered.stateBatches.compactMap { stored in
            switch verifier.verify(stored.sealed, key: { keys[$0] }) {
            case .success(let batch): batch
            case .failure: nil
            }
        }
        state.evidence = evidence(recovered, keys)
        state.missingBlobs = recovered.unstoredBlobs.map {
            MissingBlob(event: $0.event, reference: $0.reference)
        }
        return state
    }

    private func evidence(_ recovered: RecoveredEventLog, _ keys: NodeKeyRing) -> [VerifiedBatch] {
        let verifier = BatchVerifier(cluster: pin.cluster)
        return recovered.values.keys.sorted().compactMap { name in
            guard name.hasPrefix(VerifiedBatch.evidencePrefix), let bytes = recovered.values[name],
                case .success(let batch) = verifier.verify(
                    SealedBatch(evidence: bytes), key: { keys[$0] })
            else { return nil }
            return batch
        }
    }
}

/// How the log keeps a content of a log that has two histories: as one of its small values.
extension VerifiedBatch {
    /// What names of such values begin with.
    static let evidencePrefix = "fork."
    /// The name of the value; one for each log.
    var evidenceName: String { Self.evidencePrefix + "\(header.log)" }
}

extension SealedBatch {
    /// Its three parts in one, as they are signed.
    var evidence: [UInt8] { header + signature + body }

    /// Takes the parts apart again; whoever verifies them finds what is not whole.
    init(evidence bytes: [UInt8]) {
        let rest = bytes.dropFirst(WireLimits.header)
        self.init(
            header: Array(bytes.prefix(WireLimits.header)),
            signature: Array(rest.prefix(WireLimits.signature)),
            body: Array(rest.dropFirst(WireLimits.signature)))
    }
}
