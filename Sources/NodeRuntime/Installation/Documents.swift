// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning

// The core's nouns as the administration API shows them.

extension NodeIdentity {
    /// What two people compare.
    var fingerprint: String {
        NodeFingerprint(nodeKey: nodeKey, curveKey: curveKey).description
    }
}

extension HeadDocument {
    init(_ head: EpochHead) {
        self.init(
            origin: head.log.origin.description, epoch: head.log.epoch.counter,
            nonce: Hexadecimal.encode(head.log.epoch.nonce), last: head.last.value,
            chain: head.chain.description)
    }
}

extension UserDocument {
    init(_ account: Account) {
        self.init(
            name: account.name, email: account.email, fullName: account.fullName,
            scopes: account.scopes.description, expires: nil)
    }
}

extension UserDocument {
    /// The user that a member is logged in as.
    init(_ member: Member, in authority: Authority) {
        let account = authority.account(named: member.user)?.account
        self.init(
            name: member.user, email: account?.email ?? "", fullName: account?.fullName ?? "",
            scopes: member.grant.scopes.description, expires: member.grant.notAfter.milliseconds)
    }
}

extension GrantDocument {
    init(_ report: GrantReport, heads: [EpochHead]) {
        let grant = report.grant
        self.init(
            hash: report.hash.description, node: grant.node.description,
            nodeKey: grant.nodeKey.description, curveKey: grant.curveKey.description,
            scopes: grant.scopes.description, notBefore: grant.notBefore.milliseconds,
            notAfter: grant.notAfter.milliseconds, serial: grant.serial,
            heads: heads.filter { $0.log.origin == grant.node }.map(HeadDocument.init))
    }
}

extension SealedRecord {
    init(_ document: SealedRecordDocument) throws(ErrorDocument) {
        guard let body = Hexadecimal.decode(document.body),
            let signer = UserKey(hex: document.signer),
            let signature = Hexadecimal.decode(document.signature),
            let credential = Hexadecimal.decode(document.credential ?? "")
        else { throw .malformed("expected a record as hexadecimal digits") }
        self.init(
            body: body, signer: signer, signature: signature,
            credential: credential.isEmpty ? nil : credential)
    }
}

extension SealedRecordDocument {
    init(_ record: SealedRecord) {
        self.init(
            body: Hexadecimal.encode(record.body), signer: record.signer.description,
            signature: Hexadecimal.encode(record.signature),
            credential: record.credential.map { Hexadecimal.encode($0) })
    }
}

extension StepReceipt {
    fileprivate static let nothingCleared = "nothing cleared"

    /// Why the step can never do what was asked; `nil` where it can.
    ///
    /// Source: docs/specification/wire.md, section 3.3.
    fileprivate var refusal: String? {
        let mark = "\(Self.nothingCleared): "
        return action.hasPrefix(mark) ? String(action.dropFirst(mark.count)) : nil
    }
}

extension StepDocument {
    init(_ step: StepReceipt) {
        self.init(
            target: step.target,
            action: step.refusal == nil ? step.action : StepReceipt.nothingCleared,
            failure: step.failure ?? step.refusal,
            microseconds: step.microseconds,
            proof: step.proof.map {
                ProofDocument(counter: $0.counter, before: $0.before, after: $0.after)
            })
    }
}

extension OutcomeDocument {
    /// What a node says came of an event.
    ///
    /// A step that can never do what was asked is no success, although it is not tried again.
    init(node: String, _ outcome: ApplyOutcome?, steps: [StepReceipt]) {
        let refusals = steps.compactMap { step in
            step.refusal.map { "\(step.target): \($0)" }
        }
        let (word, reason): (String, String?) =
            switch outcome {
            case .applied where !refusals.isEmpty: ("failed", refusals.joined(separator: "; "))
            case .applied: ("applied", nil)
            case .superseded: ("superseded", nil)
            case .failed(let reason): ("failed", reason)
            case .parked(let reason): ("parked", reason)
            case .refused(let reason): ("refused", reason)
            case nil: ("pending", nil)
            }
        self.init(node: node, outcome: word, reason: reason, steps: steps.map(StepDocument.init))
    }
}

extension NodeSnapshot {
    /// The user a member is logged in as.
    func document(of member: Member) -> UserDocument {
        UserDocument(member, in: authority)
    }

    /// The members in the order of the list, those outside it last.
    func members(own: NodeID) -> MembersDocument {
        var rest = authority.members
        var documents: [MemberDocument] = []
        for entry in listed {
            let index = rest.firstIndex { $0.node == (entry.isSelf ? own : entry.facts?.node) }
            let member = index.map { rest.remove(at: $0) }.flatMap {
                authority.member($0.node, speakingUnder: entry.facts?.grant)
            }
            documents.append(
                document(member, url: entry.address.url, own: own, isSelf: entry.isSelf))
        }
        for member in rest {
            documents.append(document(member, url: nil, own: own, isSelf: member.node == own))
        }
        return MembersDocument(members: documents)
    }

    private func document(
        _ member: Member?, url: String?, own: NodeID, isSelf: Bool
    ) -> MemberDocument {
        let seen = core.members.first { $0.node == member?.node }
        let state: String =
            if isSelf {
                "self"
            } else if member == nil {
                "not logged in"
            } else {
                switch seen?.status ?? .unknown {
                case .alive: "alive"
                case .suspect: "suspect"
                case .dead: "dead"
                case .unknown: "never heard"
                }
            }
        return MemberDocument(
            node: member?.node.description, url: url, state: state, user: member?.user,
            silentMilliseconds: seen?.heardAt.map { moment.instant.since($0).wholeMilliseconds })
    }
}
