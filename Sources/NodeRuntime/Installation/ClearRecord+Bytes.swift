// SPDX-License-Identifier: Apache-2.0

package import ClusterCore
internal import ClusterModel

// What is written down of clears that are owed: words, each ended by a zero byte.
extension ClearRecord {
    /// What the log calls it.
    static let name = "clears"

    private static let version = "1"
    private static let yes = "yes"
    private static let no = "no"

    /// As the log stores it: version, whether a full clear is owed, whether the code was cleared
    /// for, then a path and a commit for each repository where anybody has looked.
    package var encoded: [UInt8] {
        func word(_ flag: Bool) -> String { flag ? Self.yes : Self.no }
        var words = [Self.version, word(owesFull), word(isCodeCleared), word(code != nil)]
        for repository in code ?? [] { words += [repository.path, repository.commit] }
        return words.flatMap { Array($0.utf8) + [0] }
    }

    /// Reads what the log holds; `nil` where it is anything else.
    package init?(encoded bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        let words = parts.compactMap { String(validating: $0, as: UTF8.self) }
        func flag(_ index: Int) -> Bool? {
            words[index] == Self.yes ? true : words[index] == Self.no ? false : nil
        }
        // The last zero byte ends a word, and nothing follows it.
        guard words.count == parts.count, words.count >= 5, words.count % 2 == 1,
            words.last?.isEmpty == true,
            words[0] == Self.version,
            let owesFull = flag(1), let isCodeCleared = flag(2), let isKnown = flag(3),
            isKnown || words.count == 5
        else { return nil }
        self.init()
        self.owesFull = owesFull
        self.isCodeCleared = isCodeCleared
        guard isKnown else { return }
        code = stride(from: 4, to: words.count - 1, by: 2).map {
            RepositoryCommit(path: words[$0], commit: words[$0 + 1])
        }
    }
}
