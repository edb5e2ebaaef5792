// SPDX-License-Identifier: Apache-2.0

/// What `Package.swift` declares, held against the import table.
///
/// A dependency that is declared and not granted would let an import in unseen at the next change.
enum Manifest {
    /// - Parameter file: the manifest.
    static func findings(in file: SourceFile, table: ImportTable) -> [Finding] {
        targets(in: file).flatMap { target in
            let granted = table.granted[target.name] ?? []
            return target.dependencies.filter { !granted.contains($0) }.map {
                Finding(
                    path: file.path, line: target.line,
                    message: "\(target.name) depends on \($0), which its row does not grant")
            }
        }
    }

    /// Each `target("Name", ["Dependency", ...])` and `program(...)` with the names in quotes.
    static func targets(
        in file: SourceFile
    ) -> [(name: String, dependencies: [String], line: Int)] {
        file.tokens.indices.compactMap { index in
            guard ["target", "program"].contains(file.tokens[index].text),
                file.word(at: index - 1) != ".", file.word(at: index - 1) != "func",
                file.word(at: index + 1) == "("
            else { return nil }
            let first = file.tokens[index].line
            let end = file.closing(of: index + 1)
            let last = file.tokens.indices.contains(end) ? file.tokens[end].line : first
            let names = file.lines[first - 1..<last].flatMap(quoted)
            guard let name = names.first else { return nil }
            return (name, Array(names.dropFirst()), first)
        }
    }

    private static func quoted(_ line: String) -> [String] {
        line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    }
}
