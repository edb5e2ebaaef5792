// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

extension Authority {
    /// Whether an event of a batch may have its effect here.
    ///
    /// Events that need no scope (receipts, checkpoints) only need a grant that counts. The own
    /// node's events do not need the users file: it gates what comes from elsewhere.
    ///
    /// - Parameters:
    ///   - header: The batch's header, whose signature holds.
    ///   - hash: The hash of that header.
    ///   - scopes: What the event's content requires.
    ///   - firstSeen: When this node first saw the batch; kept with it, so that a restart judges
    ///     alike.
    public func judge(
        _ header: BatchHeader, hash: Digest, requiring scopes: Scopes, firstSeen: WallTime
    ) -> Judgement {
        guard let standing = grantFold?.grants[header.grant] else {
            return .held(.unknownGrant(header.grant, of: header.log.origin))
        }
        let grant = standing.grant
        guard grant.node == header.log.origin else {
            return .refused(.wrongNode(header.log.origin, grant: grant))
        }
        let user = standing.user ?? grant.user.short
        let isCovered = !standing.endings.isEmpty
        if isCovered {
            let isPast = standing.endings.allSatisfy { covers in
                covers.contains { $0.covers(header, hash: hash) }
            }
            guard isPast else { return .refused(.revoked(user: user, node: grant.node)) }
        } else {
            switch standing.backing {
            case .live: break
            case .retired: return .refused(.retiredKey(user: user, node: grant.node))
            case .removed: return .refused(.removedUser(user))
            case .unknown: return .held(.unknownGrant(header.grant, of: header.log.origin))
            }
            if firstSeen > grant.notAfter, !isDated(header, hash: hash, standing) {
                return .held(.undated(user: user, node: grant.node))
            }
        }
        let lacking = scopes.subtracting(standing.scopes)
        guard lacking.isEmpty else {
            return .refused(.missingScope(lacking, user: user, node: grant.node))
        }
        guard !scopes.isEmpty, header.log.origin != own else { return .allowed(user: user) }
        let refusal = refusal(of: standing, user: user, isPast: isCovered, requiring: scopes)
        return refusal.map { .refused($0) } ?? .allowed(user: user)
    }

    /// Why this node may not publish such events now; `nil` where it may.
    public func refusalToPublish(_ scopes: Scopes, at wall: WallTime) -> Refusal? {
        guard let member = ownMember, let standing = grantFold?.grants[member.grantHash] else {
            return .notLoggedIn
        }
        guard wall <= member.grant.notAfter else { return .expired(user: member.user) }
        let lacking = scopes.subtracting(standing.scopes)
        return lacking.isEmpty ? nil : .missingScope(lacking, user: member.user, node: own)
    }

    /// Whether an administrator has declared the event void.
    public func isVoided(_ event: EventID) -> Bool {
        grantFold?.voided.contains(event) ?? false
    }

    /// Whether something proves that the batch is older than its grant's end.
    private func isDated(_ header: BatchHeader, hash: Digest, _ standing: GrantStanding) -> Bool {
        standing.successorCovers.contains { $0.covers(header, hash: hash) }
            || dating.dates(
                header, hash: hash, before: standing.grant.notAfter, by: members)
    }

    /// What the users file has against a user.
    private func refusal(
        of standing: GrantStanding, user: String, isPast: Bool, requiring scopes: Scopes
    ) -> Refusal? {
        let backers: [UserKey] = if case .live(let keys) = standing.backing { keys } else { [] }
        var allowed = backers.compactMap { allowList.scopes[$0] }
        if isPast, let past = allowList.pastScopes[standing.grant.user] { allowed.append(past) }
        guard let listed = allowed.first else {
            let tree = accountFold?.trees[user]
            let email = (tree?.tips.first ?? tree?.base)?.account.email
            let line = allowList.line(naming: user, email: email)
            return .unlisted(user, line: line, file: usersFile)
        }
        let lacking = scopes.subtracting(allowed.dropFirst().reduce(listed) { $0.union($1) })
        return lacking.isEmpty ? nil : .unlistedScope(lacking, user: user, file: usersFile)
    }
}

extension Refusal {
    static func unknownGrant(_ grant: Digest, of node: NodeID) -> Refusal {
        Refusal(
            code: .unknownGrant,
            message: "the grant \(grant.short) of node \(node.short) is not known here yet")
    }

    static func wrongNode(_ node: NodeID, grant: Grant) -> Refusal {
        Refusal(
            code: .wrongNode,
            message: "node \(node.short) speaks under a grant of node \(grant.node.short)")
    }

    static func revoked(user: String, node: NodeID) -> Refusal {
        Refusal(
            code: .revoked,
            message: "the grant of user \"\(user)\" for node \(node.short) was revoked before this")
    }

    static func removedUser(_ user: String) -> Refusal {
        Refusal(
            code: .removedUser, message: "user \"\(user)\" was removed from the cluster")
    }

    static func retiredKey(user: String, node: NodeID) -> Refusal {
        Refusal(
            code: .retiredKey,
            message: "user \"\(user)\" has a new key, which does not vouch for node \(node.short); "
                + "log that node in again")
    }

    static func undated(user: String, node: NodeID) -> Refusal {
        Refusal(
            code: .undated,
            message: "first seen after the grant of user \"\(user)\" for node \(node.short) "
                + "expired, and nothing proves that it is older; log that node in again")
    }

    static func expired(user: String) -> Refusal {
        Refusal(
            code: .expired,
            message: "the grant of user \"\(user)\" for this node has expired; "
                + "log this node in again")
    }

    static func missingScope(_ scopes: Scopes, user: String, node: NodeID) -> Refusal {
        Refusal(
            code: .missingScope,
            message: "user \"\(user)\" has not granted node \(node.short) the scope "
                + "\"\(scopes)\", or does not have it")
    }

    static func unlistedScope(_ scopes: Scopes, user: String, file: String) -> Refusal {
        Refusal(
            code: .unlistedScope,
            message: "user \"\(user)\" is listed in \(file) on this node without the scope "
                + "\"\(scopes)\"")
    }

    static func unlisted(
        _ user: String, line: AllowedStanding?, file: String
    ) -> Refusal {
        switch line?.state {
        case .newKey:
            Refusal(
                code: .unpinnedKey,
                message: "user \"\(user)\" is listed in \(file) on this node, but has another key "
                    + "than the pinned one; check it, then run \"sitestacker user pin \(user)\"")
        case .ambiguous:
            Refusal(
                code: .ambiguousKey,
                message: "user \"\(user)\" is listed in \(file) on this node, but several keys "
                    + "are in use under that name; run \"sitestacker user pin \(user)\"")
        case .allowed:
            Refusal(
                code: .unpinnedKey,
                message: "user \"\(user)\" is listed in \(file) on this node, but spoke with "
                    + "another key than the pinned one")
        case .unresolved, nil:
            Refusal(
                code: .unlistedUser,
                message: "user \"\(user)\" is not listed in \(file) on this node")
        }
    }

    static let notLoggedIn = Refusal(
        code: .notLoggedIn, message: "this node is not logged in; run \"sitestacker login\"")
}
