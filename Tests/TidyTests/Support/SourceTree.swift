// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The text files of the repository that holds this test.
struct SourceTree: Sendable {
    let root: URL
    let files: [SourceFile]

    /// Read once for all tests.
    static let repository = SourceTree(root: Self.rootAbove(#filePath))

    init(root: URL) {
        self.root = root
        var found: [SourceFile] = []
        let keys: [URLResourceKey] = [.isDirectoryKey]
        let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys)
        while let url = walk?.nextObject() as? URL {
            if Self.isSkipped(url.lastPathComponent) {
                walk?.skipDescendants()
            } else if !url.hasDirectoryPath,
                let content = FileManager.default.contents(
                    atPath: url.path), !content.contains(0)
            {
                let path = url.path.dropFirst(root.path.count + 1)
                found.append(SourceFile(path: String(path), bytes: Array(content)))
            }
        }
        files = found.sorted { $0.path < $1.path }
    }

    var swift: [SourceFile] { files.filter(\.isSwift) }
    var markdown: [SourceFile] { files.filter(\.isMarkdown) }

    /// What is not ours: git's own, build products, caches, and what the package manager writes.
    private static func isSkipped(_ name: String) -> Bool {
        name == ".git" || name.hasPrefix(".build") || name == "__pycache__"
            || name == ".swiftpm" || name == "Package.resolved"
    }

    /// The nearest folder above a file that holds the package.
    private static func rootAbove(_ file: String) -> URL {
        var folder = URL(fileURLWithPath: file).resolvingSymlinksInPath()
        repeat {
            folder.deleteLastPathComponent()
        } while folder.path != "/"
            && !FileManager.default.fileExists(atPath: folder.path + "/Package.swift")
        return folder
    }
}
