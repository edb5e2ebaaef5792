// SPDX-License-Identifier: Apache-2.0

/// What the names of a file are: a dictionary or set, or something else.
struct Declarations {
    struct Declaration {
        var name: String
        var isUnordered: Bool
        /// The tokens of the function it belongs to; nil for members.
        var scope: Range<Int>?
    }

    private var byName: [String: [Declaration]] = [:]
    let members: [Declaration]

    init(in file: SourceFile) {
        let functions = Budgets.functions(in: file).map(\.tokens)
        var members: [Declaration] = []
        for index in file.tokens.indices where file.tokens[index].isWord {
            guard let isUnordered = Self.isUnordered(declaredAt: index, in: file) else { continue }
            let scope = functions.filter { $0.contains(index) }.min { $0.count < $1.count }
            let declaration = Declaration(
                name: file.tokens[index].text, isUnordered: isUnordered, scope: scope)
            byName[declaration.name, default: []].append(declaration)
            if scope == nil { members.append(declaration) }
        }
        self.members = members
    }

    /// Whether a name means a dictionary or set where it is used; nil if the file does not say.
    ///
    /// What the innermost function around the use declares comes before the members.
    func isUnordered(_ name: String, at index: Int) -> Bool? {
        let known = byName[name] ?? []
        let local = known.filter { $0.scope?.contains(index) == true }
            .min { ($0.scope?.count ?? 0) < ($1.scope?.count ?? 0) }
        if let local { return local.isUnordered }
        let members = known.filter { $0.scope == nil }
        guard !members.isEmpty else { return nil }
        return members.allSatisfy(\.isUnordered)
    }

    /// Nil where the word is no declaration, as the label of a call.
    private static func isUnordered(declaredAt index: Int, in file: SourceFile) -> Bool? {
        let sign = file.word(at: index + 1)
        let isVariable = ["let", "var"].contains(file.word(at: index - 1))
        guard sign == ":" || (sign == "=" && isVariable) else { return nil }
        if isUnorderedType(at: index + 2, in: file) { return true }
        let next = file.word(at: index + 2)
        let looksLikeType = next == "[" || next.first?.isUppercase == true
        return isVariable || looksLikeType ? false : nil
    }

    /// Whether `Set<`, `Set(`, `[:]` or `[Key: Value]` stands at an index, and stays one.
    private static func isUnorderedType(at index: Int, in file: SourceFile) -> Bool {
        if file.word(at: index) == "Dictionary" { return true }
        if file.word(at: index) == "Set" {
            if file.word(at: index + 1) == "<" { return true }
            guard file.word(at: index + 1) == "(" else { return false }
            return file.word(at: file.closing(of: index + 1) + 1) != "."
        }
        guard file.word(at: index) == "[" else { return false }
        let end = file.closing(of: index)
        var position = index + 1
        while position < end {
            if file.word(at: position) == ":" { return file.word(at: end + 1) != "." }
            if ["(", "[", "{"].contains(file.word(at: position)) {
                position = file.closing(of: position)
            }
            position += 1
        }
        return false
    }
}
