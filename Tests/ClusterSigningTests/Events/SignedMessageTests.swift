// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import Testing
import WireFormat

@Suite("Beacons, records, hello and status reports")
struct SignedMessageTests {
    private let samples: SigningSamples

    init() throws { samples = try SigningSamples() }

    private let otherCluster = ClusterID(SigningSamples.filled(9))

    // MARK: - Beacons

    private func verify(_ beacon: SealedBeacon) -> Result<Beacon, Rejection> {
        BeaconVerifier(cluster: SigningSamples.cluster).verify(beacon) { samples.ring[$0] }
    }

    @Test("A sealed beacon verifies; every flipped bit is refused")
    func beacon() throws {
        let sealed = try BeaconSealer(
            cluster: SigningSamples.cluster, identity: samples.identity
        ).seal(samples.beacon)
        #expect(try verify(sealed).get() == samples.beacon)
        for body in oneBitOff(sealed.body) {
            let changed = SealedBeacon(
                sender: sealed.sender, signature: sealed.signature, body: body)
            #expect(rejection(verify(changed))?.name == "badSignature")
        }
        for signature in oneBitOff(sealed.signature) {
            let changed = SealedBeacon(
                sender: sealed.sender, signature: signature, body: sealed.body)
            #expect(rejection(verify(changed))?.name == "badSignature")
        }
        for sender in oneBitOff(sealed.sender.bytes) {
            let changed = SealedBeacon(
                sender: NodeID(SigningSamples.wrap(sender)), signature: sealed.signature,
                body: sealed.body)
            #expect(rejection(verify(changed))?.name == "unknownSigner")
        }
    }

    @Test("A beacon of another cluster, or in another's name, is refused")
    func foreignBeacons() throws {
        let foreign = try BeaconSealer(cluster: otherCluster, identity: samples.identity)
            .seal(samples.beacon)
        #expect(rejection(verify(foreign))?.name == "badSignature")
        var beacon = samples.beacon
        beacon.sender = NodeID(SigningSamples.filled(1))
        let body = try BeaconCodec.encode(beacon)
        let signature = samples.identity.signingKey.sign(
            Array("SSTKHED1".utf8), SigningSamples.cluster.bytes, body)
        let posing = SealedBeacon(
            sender: samples.identity.node, signature: signature, body: body)
        #expect(rejection(verify(posing))?.name == "contradiction")
        #expect(throws: WireError.self) {
            _ = try BeaconSealer(cluster: otherCluster, identity: samples.identity).seal(beacon)
        }
    }

    // MARK: - Records

    private let records = RecordVerifier(cluster: SigningSamples.cluster)

    @Test("A sealed record verifies; every flipped bit is refused")
    func record() throws {
        let record = try RecordSealer(cluster: SigningSamples.cluster)
            .seal(.grant(samples.grant), with: samples.userKey)
        #expect(try records.verify(record.sealed).get() == record)
        let sealed = record.sealed
        for body in oneBitOff(sealed.body) {
            let changed = SealedRecord(
                body: body, signer: sealed.signer, signature: sealed.signature)
            #expect(rejection(records.verify(changed))?.name == "badSignature")
        }
        for signer in oneBitOff(sealed.signer.bytes) {
            let changed = SealedRecord(
                body: sealed.body, signer: UserKey(SigningSamples.wrap(signer)),
                signature: sealed.signature)
            #expect(rejection(records.verify(changed))?.name == "badSignature")
        }
    }

    @Test("A record of another cluster is refused")
    func foreignRecord() throws {
        let foreign = try RecordSealer(cluster: otherCluster)
            .seal(.grant(samples.grant), with: samples.userKey)
        #expect(rejection(records.verify(foreign.sealed))?.name == "badSignature")
    }

    @Test("A grant is signed by its user, for the node whose key it names")
    func contradictions() throws {
        let sealer = RecordSealer(cluster: SigningSamples.cluster)
        var grant = samples.grant
        grant.user = UserKey(SigningSamples.filled(1))
        #expect(throws: WireError.self) {
            _ = try sealer.seal(.grant(grant), with: samples.userKey)
        }
        #expect(rejection(records.verify(try sign(.grant(grant))))?.name == "contradiction")
        grant = samples.grant
        grant.node = NodeID(SigningSamples.filled(1))
        #expect(throws: WireError.self) {
            _ = try sealer.seal(.grant(grant), with: samples.userKey)
        }
        #expect(rejection(records.verify(try sign(.grant(grant))))?.name == "contradiction")
        #expect(rejection(records.verify(try sign(.grant(samples.grant)))) == nil)
    }

    @Test("A credential goes beside the account that holds its hash, and beside nothing else")
    func credentials() throws {
        let sealer = RecordSealer(cluster: SigningSamples.cluster)
        let account = AuthorityRecord.account(
            Account(
                name: "alice", email: "", fullName: "", key: samples.user, scopes: .all, serial: 1,
                credential: Digest(ofCredential: [1, 2, 3])))
        let record = try sealer.seal(account, credential: [1, 2, 3], with: samples.userKey)
        #expect(try records.verify(record.sealed).get() == record)
        let bare = try records.verify(record.sealed.carrying(nil)).get()
        #expect(bare.hash == record.hash)
        #expect(rejection(records.verify(record.sealed.carrying([1, 2])))?.name == "contradiction")
        let grant = try sign(.grant(samples.grant)).carrying([1, 2, 3])
        #expect(rejection(records.verify(grant))?.name == "contradiction")
        for (length, name) in [(0, "missing"), (4_097, "aboveLimit")] {
            let sealed = record.sealed.carrying([UInt8](repeating: 1, count: length))
            #expect(rejection(records.verify(sealed))?.name == name)
        }
        #expect(throws: WireError.self) {
            _ = try sealer.seal(account, credential: [1, 2], with: samples.userKey)
        }
    }

    @Test("With a key of small order no record holds")
    func unsafeSigner() {
        let sealed = SealedRecord(
            body: [1], signer: UserKey(SigningSamples.filled(0)),
            signature: .init(repeating: 0, count: 64))
        #expect(rejection(records.verify(sealed))?.name == "badSignature")
    }

    private func sign(_ record: AuthorityRecord) throws -> SealedRecord {
        let body = try RecordCodec.encode(record)
        let signature = samples.userKey.sign(
            Array("SSTKREC1".utf8), SigningSamples.cluster.bytes, body)
        return SealedRecord(body: body, signer: samples.user, signature: signature)
    }

    // MARK: - Hello

    @Test("A sealed hello verifies; every flipped bit is refused")
    func hello() throws {
        let sealed = try HelloSealer(identity: samples.identity).seal(samples.hello)
        let verifier = HelloVerifier()
        #expect(
            try verifier.verify(sealed, nonce: SigningSamples.nonce).get() == samples.hello)
        for body in oneBitOff(sealed.body) {
            let changed = SealedHello(
                nodeKey: sealed.nodeKey, body: body, signature: sealed.signature)
            #expect(rejection(verifier.verify(changed, nonce: SigningSamples.nonce)) != nil)
        }
        let old = verifier.verify(sealed, nonce: SigningSamples.filled(1))
        #expect(rejection(old)?.name == "contradiction")
    }

    @Test("Nobody answers hello with another's node ID")
    func posingHello() throws {
        let other = try NodeIdentity()
        let body = try HelloCodec.encodeBody(samples.hello)
        let signature = other.signingKey.sign(Array("SSTKHEL1".utf8), body)
        let posing = SealedHello(nodeKey: other.nodeKey, body: body, signature: signature)
        let found = HelloVerifier().verify(posing, nonce: SigningSamples.nonce)
        #expect(rejection(found)?.name == "contradiction")
        #expect(throws: WireError.self) {
            _ = try HelloSealer(identity: other).seal(samples.hello)
        }
    }

    // MARK: - Status

    @Test("A status report answers one request of one node")
    func status() throws {
        let sealed = try StatusSealer(
            cluster: SigningSamples.cluster, identity: samples.identity
        ).seal(samples.status, answering: samples.requestID)
        let key = samples.identity.signingKey.verificationKey
        func verify(
            _ sealed: SealedStatus, _ id: RequestID, _ node: NodeID, _ cluster: ClusterID
        ) -> Result<StatusReport, Rejection> {
            StatusVerifier(cluster: cluster).verify(sealed, answering: id, from: node, key: key)
        }
        let node = samples.identity.node
        let good = verify(sealed, samples.requestID, node, SigningSamples.cluster)
        #expect(try good.get() == samples.status)
        let replayed = verify(
            sealed, RequestID(high: 0, low: 0), node, SigningSamples.cluster)
        #expect(rejection(replayed)?.name == "badSignature")
        let foreign = verify(sealed, samples.requestID, node, otherCluster)
        #expect(rejection(foreign)?.name == "badSignature")
        let crossed = verify(
            sealed, samples.requestID, NodeID(SigningSamples.filled(1)), SigningSamples.cluster)
        #expect(rejection(crossed)?.name == "contradiction")
        for body in oneBitOff(sealed.body) {
            let changed = SealedStatus(body: body, signature: sealed.signature)
            let found = verify(changed, samples.requestID, node, SigningSamples.cluster)
            #expect(rejection(found)?.name == "badSignature")
        }
    }

    @Test("A signature for one kind of thing is none for another")
    func domains() throws {
        let body = try RecordCodec.encode(.grant(samples.grant))
        let words = ["SSTKHED1", "SSTKHEL1", "SSTKSTA1", "SSTKBAT1", ""]
        for word in words {
            let signature = samples.userKey.sign(
                Array(word.utf8), SigningSamples.cluster.bytes, body)
            let sealed = SealedRecord(body: body, signer: samples.user, signature: signature)
            #expect(rejection(records.verify(sealed))?.name == "badSignature")
        }
    }
}
