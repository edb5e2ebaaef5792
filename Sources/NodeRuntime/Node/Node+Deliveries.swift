// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Logging
internal import WireFormat

// What the transport hands over: believed only after it has been verified here.
extension Node {
    /// Takes one delivery.
    func receive(_ delivery: Delivery) {
        switch delivery {
        case .broadcast(let frames, from: let peer): take(broadcastCheck.check(frames), from: peer)
        case .request(let frames, from: let asker, let ticket):
            receive(request: frames, from: asker, ticket)
        case .reply(let frames, from: let peer): receive(reply: frames, from: peer)
        case .linkUp(let peer):
            feed(.linkUp(peer))
            feed(roster: .link(peer, isUp: true))
        case .linkDown(let peer):
            feed(.linkDown(peer))
            feed(roster: .link(peer, isUp: false))
        case .linkTrouble(let peer, let trouble): feed(.linkTrouble(peer, trouble))
        case .dropped(from: let peer, let reason):
            counters.count("transport.dropped")
            logger.warning("dropped a message from \(peer.short): \(reason)")
        case .refused(key: let key, address: _):
            counters.count("transport.key-refused")
            logger.debug("the key \(key.short) is not admitted")
        }
    }

    /// Takes what came on a peer's broadcast.
    func take(_ broadcast: CheckedBroadcast, from peer: NodeID) {
        switch broadcast {
        case .beacon(let frames):
            do {
                receive(beacon: try SealedBeacon(frames: frames), from: peer)
            } catch {
                reject("broadcast.\(error.code.rawValue)", from: peer)
            }
        case .batch(let batch, let topic, let result):
            if case .failure(.unknownSigner(let signer)) = result, keys[signer] != nil {
                // It became known while the batch was under way.
                receive(verify(batch), topic: topic, from: peer)
            } else {
                receive(result, topic: topic, from: peer)
            }
        case .malformed(let error): reject("broadcast.\(error.code.rawValue)", from: peer)
        }
    }

    /// Verifies a batch of a reply and feeds it; `false` where it is of no use.
    func receive(_ sealed: SealedBatch, from peer: NodeID) -> Bool {
        receive(verify(sealed), topic: nil, from: peer)
    }

    /// Feeds a batch that was verified; `false` where it is of no use.
    @discardableResult
    private func receive(
        _ result: Result<VerifiedBatch, Rejection>, topic: WireTopic?, from peer: NodeID
    ) -> Bool {
        switch result {
        case .success(let batch):
            if let topic, topic != WireTopic(of: batch) {
                reject("batch.topic", from: peer)
                return false
            }
            feed(.batchReceived(batch, from: peer))
            return true
        case .failure(let rejection):
            // Who carries a batch need not know less than its receiver: its signer's grant may be
            // on its way, and is asked for.
            guard case .unknownSigner = rejection else {
                reject("batch.\(rejection.name)", from: peer)
                return false
            }
            counters.count("batch.\(rejection.name)")
            askForRecords(of: peer)
            return false
        }
    }

    /// Whether the bytes are a batch of this cluster, signed by the node that they name.
    func verify(_ sealed: SealedBatch) -> Result<VerifiedBatch, Rejection> {
        BatchVerifier(cluster: pin.cluster).verify(sealed) { keys[$0] }
    }

    private func receive(beacon sealed: SealedBeacon, from peer: NodeID) {
        switch BeaconVerifier(cluster: pin.cluster).verify(sealed, key: { keys[$0] }) {
        case .success(let beacon):
            feed(.beaconReceived(beacon, from: peer))
            if beacon.records != core.currentAuthority.digest {
                askForRecords(of: peer)
            } else {
                spreadRecords = beacon.records
                if !core.currentAuthority.isComplete {
                    askForRecords(of: peer, atMostEvery: .seconds(10))
                }
            }
        case .failure(let rejection):
            if case .unknownSigner = rejection { askForRecords(of: peer) }
            reject("beacon.\(rejection.name)", from: peer)
        }
    }

    // MARK: Records of authority

    /// Asks a peer for the records, and the credentials, that are missing here.
    func askForRecords(of peer: NodeID, atMostEvery pause: Duration = .milliseconds(500)) {
        let now = ports.clock.now().instant
        if let last = recordsAsked[peer], now.since(last) < pause { return }
        recordsAsked[peer] = now
        let authority = core.currentAuthority
        let known = Array(authority.completeHashes.prefix(WireLimits.knownRecords))
        // Who has the same records may have a credential that is missing here.
        let digest = authority.isComplete ? authority.digest : Digest.none
        ask(.records(RecordsRequest(digest: digest, known: known)), peer)
    }

    /// Verifies records and feeds those that hold; returns how many did.
    @discardableResult
    func receive(records sealed: [SealedRecord], from peer: NodeID?) -> Int {
        let verifier = RecordVerifier(cluster: pin.cluster)
        var verified: [VerifiedRecord] = []
        for record in sealed {
            switch verifier.verify(record) {
            case .success(let record): verified.append(record)
            case .failure(let rejection):
                if let peer {
                    reject("record.\(rejection.name)", from: peer)
                } else {
                    counters.count("record.\(rejection.name)")
                }
            }
        }
        learnKeys(of: verified)
        guard !verified.isEmpty else { return 0 }
        feed(.authority(.recordsReceived(verified)))
        return verified.count
    }

    /// Remembers the keys of nodes that some grant names; a key proves only who signs, not what he
    /// may do.
    func learnKeys(of records: [VerifiedRecord]) {
        for case .grant(let grant) in records.map(\.record) {
            do {
                try keys.insert(grant.nodeKey)
            } catch {
                counters.count("record.unusable-key")
            }
        }
    }

    // MARK: Counting

    /// Counts something that a peer should not have sent; one that goes on is cut for a while.
    func reject(_ reason: String, from peer: NodeID) {
        let count = offences.note(peer, at: ports.clock.now().instant)
        counters.count(reason)
        audit.refused(.message, address: peer.description, reason: reason)
        if count.isPowerOfTwo {
            logger.warning("refused from \(peer.short), \(count) in a row: \(reason)")
        }
        guard offences.isDue(peer) else { return }
        logger.error("cut \(peer.short) for \(Offences.pause): what it sends is not its own")
        setLinks()
    }

    /// Counts something that somebody should not have sent.
    func reject(_ reason: String, from asker: AdmittedKey) {
        switch asker {
        case .node(let node): reject(reason, from: node)
        case .client(let name, scopes: _):
            counters.count(reason)
            logger.debug("refused from the client \(name): \(reason)")
        }
    }
}

extension Int {
    /// Whether it is 1, 2, 4, 8 ...: what is logged of things that go on and on.
    fileprivate var isPowerOfTwo: Bool { self > 0 && self & (self - 1) == 0 }
}
