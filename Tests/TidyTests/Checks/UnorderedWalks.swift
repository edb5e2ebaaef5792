// SPDX-License-Identifier: Apache-2.0

/// Walks over dictionaries and sets in pure targets.
///
/// Swift seeds their order anew for each process and instance: a walk over one makes two equal
/// nodes act differently, and a seed of the simulator reproduce nothing. A heuristic: it knows the
/// names which are declared as a dictionary or set in the same file, or in another file of the
/// target where the name means nothing else. Where the order truly cannot be seen, a comment on
/// the line or above it that begins with "In any order:" says why.
struct UnorderedWalks: Sendable {
    /// What may follow in a chain and makes the order invisible.
    static let harmless: Set<String> = [
        "allSatisfy", "contains", "count", "filter", "formUnion", "insert", "intersection",
        "isDisjoint", "isEmpty", "isSubset", "isSuperset", "keys", "lazy", "mapValues", "max",
        "merge", "min", "remove", "removeAll", "removeValue", "sorted", "subtract", "subtracting",
        "union", "updateValue", "values",
    ]
    /// What ends the search: from here on there is an order, or no collection.
    static let settling: Set<String> = [
        "allSatisfy", "contains", "count", "isDisjoint", "isEmpty", "isSubset", "isSuperset", "max",
        "min", "sorted",
    ]
    static let excuse = "In any order:"

    /// For each pure target the names that are dictionaries or sets everywhere in it.
    private var shared: [String: Set<String>] = [:]

    init(files: [SourceFile]) {
        var unordered: [String: Set<String>] = [:]
        var others: [String: Set<String>] = [:]
        for file in files where Self.isWatched(file) {
            guard let target = file.target else { continue }
            for declaration in Declarations(in: file).members {
                if declaration.isUnordered {
                    unordered[target, default: []].insert(declaration.name)
                } else {
                    others[target, default: []].insert(declaration.name)
                }
            }
        }
        for (target, names) in unordered {
            shared[target] = names.subtracting(others[target] ?? [])
        }
    }

    private static func isWatched(_ file: SourceFile) -> Bool {
        file.isSource && !file.isGenerated && file.target.map(ImportTable.pure.contains) == true
    }

    func findings(in file: SourceFile) -> [Finding] {
        guard Self.isWatched(file), let target = file.target else { return [] }
        let declarations = Declarations(in: file)
        let elsewhere = shared[target] ?? []
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            let isForeign = file.word(at: index - 1) == "." && file.word(at: index - 2) != "self"
            let known = isForeign ? nil : declarations.isUnordered(token.text, at: index)
            guard token.isWord, known ?? elsewhere.contains(token.text),
                isWalk(at: index, in: file), !isExcused(line: token.line, in: file)
            else { return nil }
            return Finding(
                path: file.path, line: token.line,
                message: "`\(token.text)` has no order: sort it before walking over it")
        }
    }

    private func isExcused(line: Int, in file: SourceFile) -> Bool {
        file.lines[line - 1].contains(Self.excuse)
            || file.comment(above: line).contains(Self.excuse)
    }

    /// Whether the name is walked over, by `for` or by a member that shows the order.
    private func isWalk(at index: Int, in file: SourceFile) -> Bool {
        // In the head of a loop a brace begins the body: no closure may trail there.
        let brackets = isLoopHead(at: index, in: file) ? ["(", "["] : ["(", "{", "["]
        var position = index + 1
        while file.word(at: position) == "." || file.reads(["?", "."], at: position) {
            position += file.word(at: position) == "?" ? 2 : 1
            let member = file.word(at: position)
            if Self.settling.contains(member) { return false }
            if ["forEach", "map", "flatMap", "compactMap", "reduce", "first", "prefix"]
                .contains(member)
            {
                return !isPutInOrder(after: position, in: file)
            }
            guard Self.harmless.contains(member) else { return false }
            position += 1
            while brackets.contains(file.word(at: position)) {
                position = file.closing(of: position) + 1
            }
        }
        return ["{", "where"].contains(file.word(at: position)) && isLoopHead(at: index, in: file)
    }

    /// Whether a later member of the chain sorts, or the chain becomes a set or dictionary again.
    private func isPutInOrder(after member: Int, in file: SourceFile) -> Bool {
        var position = member + 1
        while ["(", "{", "["].contains(file.word(at: position)) {
            position = file.closing(of: position) + 1
        }
        while file.word(at: position) == "." {
            if Self.settling.contains(file.word(at: position + 1)) { return true }
            position += 2
            while ["(", "{", "["].contains(file.word(at: position)) {
                position = file.closing(of: position) + 1
            }
        }
        let start = Self.start(ofPathTo: member, in: file)
        return file.word(at: start - 1) == "(" && file.word(at: start - 2) == "Set"
    }

    /// Whether `for ... in` comes right before the path that a name ends.
    private func isLoopHead(at index: Int, in file: SourceFile) -> Bool {
        let start = Self.start(ofPathTo: index, in: file)
        return file.word(at: start - 1) == "in" && isLoop(before: start - 1, in: file)
    }

    private func isLoop(before index: Int, in file: SourceFile) -> Bool {
        (1...12).contains { file.word(at: index - $0) == "for" }
    }

    /// The first token of `a.b.name`, given the index of a part of it.
    private static func start(ofPathTo index: Int, in file: SourceFile) -> Int {
        var start = index
        while file.word(at: start - 1) == ".", start >= 2, file.tokens[start - 2].isWord {
            start -= 2
        }
        return start
    }
}
