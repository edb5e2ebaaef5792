// SPDX-License-Identifier: Apache-2.0

/// Rules about markdown: one title, and links that lead somewhere.
enum Documents {
    static func titleFindings(in file: SourceFile) -> [Finding] {
        guard file.isMarkdown else { return [] }
        let titles = prose(of: file).filter { $0.text.hasPrefix("# ") }
        guard titles.count != 1 else { return [] }
        return [
            Finding(
                path: file.path, line: titles.dropFirst().first?.line ?? 1,
                message: "\(titles.count) titles; a document has one line `# Title`")
        ]
    }

    /// Relative links whose file or heading is missing.
    ///
    /// - Parameter files: every file of the repository by its path.
    static func linkFindings(in file: SourceFile, files: [String: SourceFile]) -> [Finding] {
        guard file.isMarkdown else { return [] }
        return prose(of: file).flatMap { line in
            links(in: line.text).compactMap { link in
                guard let fault = fault(of: link, from: file, files: files) else { return nil }
                return Finding(path: file.path, line: line.line, message: "\(link): \(fault)")
            }
        }
    }

    private static func fault(
        of link: String, from file: SourceFile, files: [String: SourceFile]
    ) -> String? {
        guard !link.contains("://"), !link.hasPrefix("mailto:") else { return nil }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].isEmpty ? file.path : resolve(String(parts[0]), from: file.path)
        if files[path] == nil {
            let folder = path.hasSuffix("/") ? path : path + "/"
            guard path.isEmpty || files.keys.contains(where: { $0.hasPrefix(folder) }) else {
                return "there is no such file"
            }
        }
        guard parts.count == 2, let target = files[path], target.isMarkdown else { return nil }
        return headings(of: target).contains(String(parts[1])) ? nil : "there is no such heading"
    }

    /// A relative link as a path from the root of the repository.
    static func resolve(_ link: String, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in link.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    /// The anchors that a renderer makes of the headings.
    private static func headings(of file: SourceFile) -> Set<String> {
        let lines = prose(of: file).filter { $0.text.hasPrefix("#") }
        return Set(
            lines.map { line in
                let title = line.text.drop { $0 == "#" }.drop { $0 == " " }
                return String(
                    title.lowercased().compactMap { letter in
                        if letter == " " { return "-" }
                        let isKept = letter.isLetter || letter.isNumber || "-_".contains(letter)
                        return isKept ? letter : nil
                    })
            })
    }

    /// The lines outside of fenced code, without inline code.
    private static func prose(
        of file: SourceFile
    ) -> [(text: String, line: Int)] {
        var isFenced = false
        var found: [(text: String, line: Int)] = []
        for (index, line) in file.lines.enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isFenced.toggle()
            } else if !isFenced {
                found.append((withoutCode(line), index + 1))
            }
        }
        return found
    }

    private static func withoutCode(_ line: String) -> String {
        let parts = line.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().map { $0.offset.isMultiple(of: 2) ? String($0.element) : "`" }
            .joined()
    }

    /// The targets of `[text](target)` in a line.
    static func links(in line: String) -> [String] {
        var links: [String] = []
        var rest = Substring(line)
        while let range = rest.firstRange(of: "](") {
            rest = rest[range.upperBound...]
            let link = rest.prefix { $0 != ")" && $0 != " " }
            links.append(String(link))
        }
        return links
    }
}
