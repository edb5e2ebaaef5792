// SPDX-License-Identifier: Apache-2.0
import Foundation
import NodeConfiguration
import Testing

@Suite struct BoundedLogFileTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/audit.log" }

    init() throws { folder = try TemporaryFolder() }

    private func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")[
            .posixPermissions] as? Int
    }

    @Test func `Lines are added, also after another start, for the owner alone`() throws {
        try BoundedLogFile(path: path).append(Array("one".utf8))
        let again = try BoundedLogFile(path: path)
        try again.append(Array("two".utf8))
        #expect(try folder.text("audit.log") == "one\ntwo\n")
        #expect(try mode("audit.log") == 0o600)
    }

    @Test func `At its limit the file is renamed and begun anew, and one old one is kept`() throws {
        let file = try BoundedLogFile(path: path, limit: 12)
        for word in ["first", "second", "third", "fourth"] { try file.append(Array(word.utf8)) }
        #expect(try folder.text("audit.log.1") == "third\n")
        #expect(try folder.text("audit.log") == "fourth\n")
        #expect(try folder.names() == ["audit.log", "audit.log.1"])
        #expect(try mode("audit.log") == 0o600)
    }

    @Test func `The length of what is there already counts`() throws {
        try BoundedLogFile(path: path, limit: 12).append(Array("0123456789".utf8))
        try BoundedLogFile(path: path, limit: 12).append(Array("next".utf8))
        #expect(try folder.text("audit.log") == "next\n")
    }

    @Test func `A line longer than the limit is written all the same`() throws {
        let file = try BoundedLogFile(path: path, limit: 4)
        try file.append(Array("0123456789".utf8))
        #expect(try folder.text("audit.log") == "0123456789\n")
    }

    @Test func `A file that others may read is refused and left alone`() throws {
        _ = try folder.make("audit.log", "old\n", mode: 0o644)
        let error = #expect(throws: ConfigurationError.self) { try BoundedLogFile(path: path) }
        #expect(error?.code == .unsafe)
        #expect(try folder.text("audit.log") == "old\n")
    }

    @Test func `A link, a folder and a missing folder are refused`() throws {
        _ = try folder.make("elsewhere", "old\n")
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: "\(folder.path)/elsewhere")
        for path in [path, folder.path, "\(folder.path)/missing/audit.log"] {
            let error = #expect(throws: ConfigurationError.self) { try BoundedLogFile(path: path) }
            #expect(error?.code == .unreadable)
        }
        #expect(try folder.text("elsewhere") == "old\n")
    }
}
