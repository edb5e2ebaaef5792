// SPDX-License-Identifier: Apache-2.0

/// Promises to the compiler that it cannot check, and so a reader must be able to.
enum Claims {
    /// A finding for each `@unchecked Sendable` and `nonisolated(unsafe)` without its argument.
    ///
    /// The comment above must name what is unchecked or unsafe, so that a general sentence about
    /// the type does not pass for the argument.
    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSource, !file.isGenerated else { return [] }
        return file.tokens.indices.compactMap { index in
            let isUnchecked = file.reads(["unchecked", "Sendable"], at: index)
            let isUnsafe = file.reads(["nonisolated", "(", "unsafe", ")"], at: index)
            guard isUnchecked || isUnsafe else { return nil }
            let line = file.tokens[index].line
            let comment = file.comment(above: line).lowercased()
            let words = ["unchecked", "unsafe", "sendable", "thread", "isolat", "owner", "shared"]
            guard !words.contains(where: { comment.contains($0) }) else { return nil }
            return Finding(
                path: file.path, line: line,
                message: "say in the comment above why no two threads can meet here")
        }
    }
}
