// SPDX-License-Identifier: Apache-2.0

/// Words that say nothing about what a type is.
///
/// The words to use are those of docs/glossary.md. A word counts only as a whole word of a name:
/// `Database` is no `Data`.
enum TypeNames {
    static let banned: [String: String] = [
        "Manager": "say what it does to what", "Helper": "say whom it serves, and with what",
        "Util": "put it where it belongs", "Utils": "put it where it belongs",
        "Handler": "say what it does when the event comes", "Data": "say what the bytes are",
        "Info": "say what is known", "Base": "say what the parts have in common",
    ]

    /// Names that are the outside world's, or the documented word of a feature.
    static let exemptions: [String: String] = [
        "HandlerQueue": "Handlers are what the configuration calls them: a feature's name.",
        "HandlerConfiguration": "Handlers are what the configuration calls them.",
        "HandlerName": "Handlers are what the configuration calls them.",
        "ChannelHandler": "NIO's own word for a link of its pipeline.",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, !file.isGenerated else { return [] }
        let kinds: Set<String> = [
            "struct", "class", "enum", "protocol", "actor", "typealias", "associatedtype",
        ]
        return file.tokens.indices.compactMap { index in
            let name = file.tokens[index].text
            guard kinds.contains(file.word(at: index - 1)), file.tokens[index].isWord,
                name.first?.isUppercase == true, exemptions[name] == nil,
                let word = words(of: name).first(where: { banned[$0] != nil }),
                let advice = banned[word]
            else { return nil }
            return Finding(
                path: file.path, line: file.tokens[index].line,
                message: "\(name): \(word) says nothing; \(advice)")
        }
    }

    /// `HTTPDataReader` is `HTTP`, `Data`, `Reader`.
    static func words(of name: String) -> [String] {
        var words: [String] = []
        let letters = Array(name)
        for (index, letter) in letters.enumerated() {
            let endsAcronym =
                index + 1 < letters.count && letters[index + 1].isLowercase
            let startsWord =
                letter.isUppercase && index > 0
                && (!letters[index - 1].isUppercase || endsAcronym)
            if words.isEmpty || startsWord || letter == "_" { words.append("") }
            if letter != "_" { words[words.count - 1].append(letter) }
        }
        return words.filter { !$0.isEmpty }
    }
}
