// SPDX-License-Identifier: Apache-2.0

/// Rules about the plain text of every file, whatever its language.
enum Texts {
    static let license = "// SPDX-License-Identifier: Apache-2.0"

    /// Every Swift file says under which licence it is, before anything else.
    static func licenseFindings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, !file.isGenerated else { return [] }
        // The package manager wants its own line first.
        let isManifest = file.lines.first?.hasPrefix("// swift-tools-version") == true
        let line = isManifest ? 1 : 0
        guard file.lines.indices.contains(line), file.lines[line] == license else {
            let message = "the first line must be `\(license)`"
            return [Finding(path: file.path, line: line + 1, message: message)]
        }
        return []
    }

    /// A wish in a comment is forgotten: an issue is not.
    static func wishFindings(in file: SourceFile) -> [Finding] {
        // Put together here, or this file would be its own finding.
        let wishes = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:"]
        return matches(of: wishes, in: file) { "\($0): do it, or open an issue" }
    }

    /// Places on the machine of whoever wrote a line are no use to anybody else.
    static func placeFindings(in file: SourceFile) -> [Finding] {
        let places = ["/wo" + "rk/", "/ro" + "ot/", "/Us" + "ers/"]
        return matches(of: places, in: file) { "\($0) is a place on one machine" }
            + foreignHosts(in: file)
    }

    /// Hosts that files which fetch something may name.
    static let publicHosts: Set<String> = ["github.com", "www.swift.org", "www.apache.org"]

    /// Files which fetch must not depend on somebody's mirror.
    private static func foreignHosts(in file: SourceFile) -> [Finding] {
        let fetching = ["Package.swift", "Makefile", ".ci/run"]
        guard fetching.contains(file.path) || file.path.hasPrefix("deploy/") else { return [] }
        return file.lines.enumerated().flatMap { index, line in
            hosts(in: line).filter { !publicHosts.contains($0) && !isExample($0) }.map {
                Finding(
                    path: file.path, line: index + 1,
                    message: "\($0) is no host that everybody can rely on")
            }
        }
    }

    /// The host names of the URLs in a line.
    static func hosts(in line: String) -> [String] {
        var hosts: [String] = []
        var rest = line[...]
        while let range = rest.firstRange(of: "://") {
            rest = rest[range.upperBound...]
            let host = rest.prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" }
            if !host.isEmpty { hosts.append(String(host)) }
        }
        return hosts
    }

    private static func isExample(_ host: String) -> Bool {
        host.hasPrefix("127.") || host.hasSuffix("example.com") || host == "localhost"
            || host.hasPrefix("web")
    }

    private static func matches(
        of words: [String], in file: SourceFile, message: (String) -> String
    ) -> [Finding] {
        let needles = words.map { Array($0.utf8) }
        var findings: [Finding] = []
        for (word, needle) in zip(words, needles) {
            for offset in offsets(of: needle, in: file.bytes) {
                let line = file.bytes[..<offset].count { $0 == UInt8(ascii: "\n") } + 1
                findings.append(Finding(path: file.path, line: line, message: message(word)))
            }
        }
        return findings
    }

    private static func offsets(of needle: [UInt8], in bytes: [UInt8]) -> [Int] {
        guard let first = needle.first, bytes.count >= needle.count else { return [] }
        var found: [Int] = []
        var position = bytes.startIndex
        while let next = bytes[position...].firstIndex(of: first),
            next + needle.count <= bytes.count
        {
            // In the middle of a path or a word it is only a part of another name.
            let isPart = next > 0 && isNameByte(bytes[next - 1])
            if !isPart, bytes[next..<next + needle.count].elementsEqual(needle) {
                found.append(next)
            }
            position = next + 1
        }
        return found
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let scalar = UnicodeScalar(byte)
        return byte < 0x80 && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
    }
}
