// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// One version of an account, with who signed it.
struct AccountVersion: Hashable, Sendable {
    let hash: Digest
    let account: Account
    let signer: UserKey
}

/// All versions of one name that count, joined into trees by the keys that sign one another.
///
/// A version signed by an administrator is the root of a tree. A version signed by the key of the
/// version just before it (serial + 1, same address, no scope more) is its child: that is how
/// `user passwd` gives an account a new key. The *base* is the administrators' version with the
/// highest serial (of equal ones a removal, then the lower hash); only it and what grows from it
/// lives, so nobody can run ahead of an administrator by counting. Its leaves are the *tips*: one
/// as a rule, several where one key signed two successors.
struct AccountTree: Sendable {
    /// A version and those that its key signed as its successors.
    private struct Vertex {
        let version: AccountVersion
        var children: [Int] = []
    }

    let name: String
    /// The current versions, one a live key, in the order of the keys; empty after a removal.
    private(set) var tips: [AccountVersion] = []
    /// The administrators' version which counts.
    let base: AccountVersion
    /// Every key that this account has or had, in order.
    let keys: [UserKey]
    /// Every key of a version that has the scope `admin`.
    let privileged: Set<UserKey>
    /// Keys that were replaced by a successor.
    private(set) var retired: Set<UserKey> = []
    /// Keys that were revoked, or that only a revoked key vouches for.
    private(set) var revoked: Set<UserKey> = []
    /// The hashes of the versions that live: the base and what grows from it.
    private(set) var living: Set<Digest> = []
    /// The hashes of all versions in these trees, past ones too.
    let counted: Set<Digest>
    private var vertices: [Vertex] = []
    private var successors: [UserKey: [UserKey]] = [:]

    /// Builds the trees of one name.
    ///
    /// - Parameters:
    ///   - founding: versions signed by whoever may; `nil` results where there are none.
    ///   - own: versions signed by other keys, which count where they continue a version.
    ///   - isFounder: all founding versions are bases, as nobody stands above them.
    ///   - revocations: who revoked which key, as far as he may.
    init?(
        name: String, founding: [AccountVersion], own: [AccountVersion], isFounder: Bool,
        revocations: [(signer: UserKey, key: UserKey)]
    ) {
        let roots = founding.sorted(by: Self.precedes)
        guard let base = roots.first else { return nil }
        self.name = name
        self.base = base
        let bySigner = Dictionary(grouping: own, by: \.signer)
        var vertices: [Vertex] = []
        var seen: Set<Digest> = []
        for root in roots where seen.insert(root.hash).inserted {
            vertices.append(Vertex(version: root))
        }
        let rootCount = vertices.count
        var next = 0
        while next < vertices.count {
            let parent = vertices[next].version
            for child in bySigner[parent.account.key] ?? []
            where Self.continues(child.account, parent.account)
                && seen.insert(child.hash).inserted
            {
                vertices[next].children.append(vertices.count)
                vertices.append(Vertex(version: child))
            }
            next += 1
        }
        self.vertices = vertices
        counted = seen
        keys = Set(vertices.map(\.version.account.key)).sorted()
        privileged = Set(
            vertices.map(\.version.account).filter { $0.scopes.contains(.admin) && !$0.isRemoved }
                .map(\.key))
        linkSuccessors()
        revoke(revocations)
        findTips(from: isFounder ? Array(0..<rootCount) : [0])
    }

    /// Whether the account was removed by whoever may.
    var isRemoved: Bool { base.account.isRemoved }

    /// The tips whose chains of keys begin at that key, itself included.
    func tips(from key: UserKey) -> [AccountVersion] {
        let reached = descendants(of: key)
        return tips.filter { reached.contains($0.account.key) }
    }

    /// The key and all that it vouched for, directly or through others.
    func descendants(of key: UserKey) -> Set<UserKey> {
        var reached: Set<UserKey> = [key]
        var queue = [key]
        while let next = queue.popLast() {
            for successor in successors[next] ?? [] where reached.insert(successor).inserted {
                queue.append(successor)
            }
        }
        return reached
    }

    /// The first counts: highest serial, then a removal, then the lower hash.
    private static func precedes(_ left: AccountVersion, _ right: AccountVersion) -> Bool {
        if left.account.serial != right.account.serial {
            return left.account.serial > right.account.serial
        }
        if left.account.isRemoved != right.account.isRemoved { return left.account.isRemoved }
        return left.hash < right.hash
    }

    private static func continues(_ child: Account, _ parent: Account) -> Bool {
        child.serial > 1 && child.serial - 1 == parent.serial && child.email == parent.email
            && parent.scopes.contains(child.scopes) && !child.isRemoved && !parent.isRemoved
    }

    private mutating func linkSuccessors() {
        for vertex in vertices {
            let key = vertex.version.account.key
            for child in vertex.children {
                let next = vertices[child].version.account.key
                if next != key { successors[key, default: []].append(next) }
            }
        }
    }

    /// A revoked key takes what it vouched for with it, unless its own successor revoked it.
    private mutating func revoke(_ revocations: [(signer: UserKey, key: UserKey)]) {
        for (signer, key) in revocations where keys.contains(key) {
            let reached = descendants(of: key)
            if signer != key, reached.contains(signer) {
                revoked.insert(key)
            } else {
                revoked.formUnion(reached)
            }
        }
    }

    private mutating func findTips(from roots: [Int]) {
        guard !isRemoved else {
            living = [base.hash]
            return
        }
        var queue = roots
        var leaves: [AccountVersion] = []
        while let index = queue.popLast() {
            let vertex = vertices[index]
            living.insert(vertex.version.hash)
            let key = vertex.version.account.key
            if vertex.children.contains(where: { vertices[$0].version.account.key != key }) {
                retired.insert(key)
            }
            if vertex.children.isEmpty { leaves.append(vertex.version) }
            queue += vertex.children
        }
        let live = leaves.filter {
            !retired.contains($0.account.key) && !revoked.contains($0.account.key)
        }
        for leaf in live.sorted(by: Self.precedes)
        where !tips.contains(where: { $0.account.key == leaf.account.key }) {
            tips.append(leaf)
        }
        tips.sort { $0.account.key < $1.account.key }
    }
}
