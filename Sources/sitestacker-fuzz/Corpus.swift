// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The committed inputs of one target.
///
/// Law: an input whose file's name begins with `ok` is accepted, one with `bad` is refused.
struct Corpus {
    struct Entry {
        let name: String
        let bytes: [UInt8]

        /// What the name promises; `nil` where it promises nothing.
        var expected: Verdict? {
            if name.hasPrefix("ok") { return .accepted }
            return name.hasPrefix("bad") ? .refused : nil
        }
    }

    let entries: [Entry]

    init(entries: [Entry]) {
        self.entries = entries
    }

    /// - Throws: ``Flaw`` where there is no such folder, or nothing in it.
    init(of target: String, in folder: String) throws {
        let folder = URL(fileURLWithPath: folder).appendingPathComponent(target)
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw Flaw(
                description: "no corpus at \(folder.path): \(error.localizedDescription); "
                    + "begin in the root of the tree, or give --corpus")
        }
        guard !names.isEmpty else { throw Flaw(description: "\(folder.path) is empty") }
        entries = try names.sorted().map { name in
            Entry(
                name: name,
                bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
        }
    }
}
