// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import SwiftProtobuf

// The contents of events that are messages of their own.

extension Invalidation {
    private static let operation = "invalidation"

    init(encoded bytes: [UInt8]) throws(WireError) {
        let wire = try Protobuf.fact(
            ProtoInvalidation.self, from: bytes, upTo: WireLimits.body, Self.operation)
        self.init()
        opcodeCache = wire.opcodeCache
        userCache = wire.userCache
        everything = wire.everything
        paths = wire.paths
        keys = wire.keys
        keyPrefixes = wire.keyPrefixes
        keyPatterns = wire.keyPatterns
        urls = wire.urls
        tags = wire.tags
        seen = try VersionVector(wire: wire.seen, Self.operation)
        try check()
    }

    func encoded() throws(WireError) -> [UInt8] {
        try check()
        var wire = ProtoInvalidation()
        wire.opcodeCache = opcodeCache
        wire.userCache = userCache
        wire.everything = everything
        wire.paths = paths
        wire.keys = keys
        wire.keyPrefixes = keyPrefixes
        wire.keyPatterns = keyPatterns
        wire.urls = urls
        wire.tags = tags
        if seen.count > 0 { wire.seen = try seen.wire(Self.operation) }
        return try Protobuf.encode(wire, upTo: WireLimits.body, Self.operation)
    }

    private func check() throws(WireError) {
        let lists = [
            ("paths", paths), ("keys", keys), ("key prefixes", keyPrefixes),
            ("key patterns", keyPatterns), ("URLs", urls), ("tags", tags),
        ]
        guard opcodeCache || userCache || everything || lists.contains(where: { !$0.1.isEmpty })
        else {
            throw WireError(
                .missing, Self.operation, expected: "something to clear", found: "nothing")
        }
        for (field, list) in lists {
            try Bounds.check(
                count: list.count, upTo: WireLimits.invalidationEntries, Self.operation, field)
            for entry in list {
                try Bounds.check(
                    text: entry, upTo: WireLimits.entry, Self.operation, "entry of \(field)",
                    from: 1)
            }
        }
    }
}

extension RevisionProposal {
    private static let operation = "revision proposal"

    init(encoded bytes: [UInt8]) throws(WireError) {
        let wire = try Protobuf.fact(
            ProtoRevisionProposal.self, from: bytes, upTo: WireLimits.body, Self.operation)
        self.init(
            generation: wire.generation,
            parent: wire.hasParent ? try EventID(wire: wire.parent, Self.operation) : nil,
            commits: wire.commits.map { RepositoryCommit(path: $0.path, commit: $0.commit) })
        try check()
    }

    func encoded() throws(WireError) -> [UInt8] {
        try check()
        var wire = ProtoRevisionProposal()
        wire.generation = generation
        if let parent { wire.parent = try parent.wire(Self.operation) }
        wire.commits = commits.map { commit in
            var wire = ProtoRepositoryCommit()
            wire.path = commit.path
            wire.commit = commit.commit
            return wire
        }
        return try Protobuf.encode(wire, upTo: WireLimits.body, Self.operation)
    }

    private func check() throws(WireError) {
        try Bounds.check(
            generation, in: 1...WireLimits.position, Self.operation, "generation")
        try Bounds.check(
            count: commits.count, upTo: WireLimits.repositories, Self.operation, "commits",
            from: 1)
        for commit in commits {
            try Bounds.check(name: commit.path, upTo: WireLimits.entry, Self.operation, "path")
            try Bounds.check(commit: commit.commit, Self.operation)
        }
        try Bounds.checkAscending(commits, Self.operation, "paths") {
            $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }
    }
}

extension LockChange {
    private static let operation = "lock change"

    init(encoded bytes: [UInt8]) throws(WireError) {
        let wire = try Protobuf.fact(
            ProtoLockChange.self, from: bytes, upTo: WireLimits.body, Self.operation)
        let claim = wire.claim
        self.init(
            generation: wire.generation,
            claim: wire.hasClaim
                ? LockClaim(
                    since: claim.hasSince ? WallTime(milliseconds: claim.since) : nil,
                    reason: claim.reason, ttl: claim.ttl) : nil)
        try check()
    }

    func encoded() throws(WireError) -> [UInt8] {
        try check()
        var wire = ProtoLockChange()
        wire.generation = generation
        if let claim {
            if let since = claim.since { wire.claim.since = since.milliseconds }
            wire.claim.reason = claim.reason
            wire.claim.ttl = claim.ttl
        }
        return try Protobuf.encode(wire, upTo: WireLimits.body, Self.operation)
    }

    private func check() throws(WireError) {
        try Bounds.check(
            generation, in: 1...WireLimits.position, Self.operation, "generation")
        guard let claim else { return }
        if let since = claim.since { try Bounds.check(since, Self.operation) }
        try Bounds.check(
            name: claim.reason, upTo: WireLimits.lockReason, Self.operation, "reason", from: 0)
        try Bounds.check(claim.ttl, in: WireLimits.lockTTL, Self.operation, "ttl")
    }
}

extension Checkpoint {
    private static let operation = "checkpoint"

    init(encoded bytes: [UInt8]) throws(WireError) {
        let wire = try Protobuf.fact(
            ProtoCheckpoint.self, from: bytes, upTo: WireLimits.body, Self.operation)
        self.init(
            heads: try EpochHead.list(
                wire.heads, upTo: WireLimits.vectorEntries, Self.operation, isAscending: true),
            wall: WallTime(milliseconds: wire.wall))
        try Bounds.check(wall, Self.operation)
    }

    func encoded() throws(WireError) -> [UInt8] {
        try Bounds.check(wall, Self.operation)
        var wire = ProtoCheckpoint()
        wire.heads = try EpochHead.wire(
            heads, upTo: WireLimits.vectorEntries, Self.operation, isAscending: true)
        wire.wall = wall.milliseconds
        return try Protobuf.encode(wire, upTo: WireLimits.body, Self.operation)
    }
}
