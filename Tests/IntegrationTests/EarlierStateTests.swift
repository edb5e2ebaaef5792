// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

extension BlackBox {
    @Suite("State of another version, and damaged state")
    struct EarlierStateTests {}
}

/// What may lie in a server's folder that this version cannot use.
enum Unusable: CaseIterable {
    case olderLog, newerLog, noLog, otherRecords, cutPin, cutKey, openKey

    /// The file, what is done to it, and what the daemon says of it besides its name.
    fileprivate var story: (file: String, change: (String) throws -> Void, words: [String]) {
        switch self {
        case .olderLog:
            (
                "events.sqlite", { try patch($0, at: 60, [0, 0, 0, 2]) },
                ["expected schema 3, found 2", "start the version which wrote it"]
            )
        case .newerLog:
            (
                "events.sqlite", { try patch($0, at: 60, [0, 0, 0, 9]) },
                ["expected schema 3 or older, found 9", "Start the version which wrote it"]
            )
        case .noLog:
            (
                "events.sqlite", { try patch($0, at: 0, Array("No database".utf8)) },
                ["expected a database, found another kind of file", "Move the log away"]
            )
        case .otherRecords:
            (
                "records", { try patch($0, at: 0, Array("SSTKRCF0".utf8)) },
                ["expected", "found", "log this server in again"]
            )
        case .cutPin:
            (
                "cluster.pin", { #expect(truncate($0, 50) == 0) },
                ["expected 32 more bytes, found 18", "log this server in again"]
            )
        case .cutKey:
            (
                "node.key", { #expect(truncate($0, 50) == 0) },
                ["expected 104 bytes, found 50", "log this server in again"]
            )
        case .openKey:
            (
                "node.key", { #expect(chmod($0, 0o644) == 0) },
                ["a file for its owner alone", "chmod 600"]
            )
        }
    }
}

extension BlackBox.EarlierStateTests {
    @Test(
        "It is refused, not carried over: named, with what to do, and left as it is",
        .timeLimit(.minutes(2)), arguments: Unusable.allCases)
    func refused(_ unusable: Unusable) async throws {
        try await Cluster.founded(running: []) { cluster in
            let server = cluster[1]
            let sites = "\(server.home)/sites"
            let site = try #require(
                try FileManager.default.contentsOfDirectory(atPath: sites).first)
            let (name, change, words) = unusable.story
            let path = "\(sites)/\(site)/\(name)"
            try change(path)
            let before = FileManager.default.contents(atPath: path)
            let outcome = try await server.launch().end()
            #expect(outcome.status == 1 || outcome.status == 78, "\(outcome)")
            for words in words + [path] {
                #expect(outcome.errors.contains(words), "\(outcome)")
            }
            #expect(FileManager.default.contents(atPath: path) == before)
        }
    }
}

/// Writes bytes into a file.
private func patch(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    defer { file.closeFile() }
    try file.seek(toOffset: offset)
    try file.write(contentsOf: bytes)
}
