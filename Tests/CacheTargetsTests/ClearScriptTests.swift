// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import ServerTesting
import Testing

@testable import CacheTargets

@Suite("The clear script, its request and its reply")
struct ClearScriptTests {
    private let directory: TemporaryDirectory
    private let script: ClearScript

    init() throws {
        directory = try TemporaryDirectory()
        script = ClearScript(directory: "\(directory.path)/php")
    }

    private func content(_ edition: ClearScript.Edition) throws -> String {
        try String(contentsOfFile: script.path(edition), encoding: .utf8)
    }

    @Test("SHA-256 agrees with the published examples")
    func digest() {
        // Source: NIST, examples of FIPS 180-4; the last one has two blocks.
        let examples = [
            "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ]
        for (text, digest) in examples {
            #expect(SHA256.hexadecimal(Array(text.utf8)) == digest)
        }
    }

    @Test("The file is readable by all and writable by its owner")
    func modes() throws {
        for edition in ClearScript.Edition.allCases {
            try script.install(edition)
            let attributes = try FileManager.default.attributesOfItem(
                atPath: script.path(edition))
            #expect(attributes[.posixPermissions] as? Int == 0o644)
            #expect(script.path(edition).hasSuffix(".php"))
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: script.directory)
        #expect(attributes[.posixPermissions] as? Int == 0o755)
        #expect(try FileManager.default.contentsOfDirectory(atPath: script.directory).count == 3)
    }

    @Test("The file does not give the token away, and every process has its own")
    func token() throws {
        try script.install(.selective)
        #expect(try !content(.selective).contains(script.token))
        #expect(script.token.utf8.count == 64)
        #expect(ClearScript(directory: script.directory).token != script.token)
    }

    @Test("A file that was changed, replaced or linked is put right before use")
    func repair() throws {
        try script.install(.whole)
        let genuine = try content(.whole)
        let path = script.path(.whole)
        let changes: [() throws -> Void] = [
            { try "<?php evil();".write(toFile: path, atomically: false, encoding: .utf8) },
            { try genuine.lowercased().write(toFile: path, atomically: true, encoding: .utf8) },
            { #expect(chmod(path, 0o666) == 0) },
            { #expect(unlink(path) == 0 && symlink("/etc/passwd", path) == 0) },
            { #expect(unlink(path) == 0 && mkfifo(path, 0o644) == 0) },
        ]
        for change in changes {
            try change()
            try script.install(.whole)
            #expect(try content(.whole) == genuine)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.type] as? FileAttributeType == .typeRegular)
            #expect(attributes[.posixPermissions] as? Int == 0o644)
        }
        #expect(try !String(contentsOfFile: "/etc/passwd", encoding: .utf8).contains("<?php"))
    }

    @Test("Many who need the file at once find it whole")
    func concurrent() async throws {
        for round in 0..<20 {
            let script = ClearScript(directory: "\(directory.path)/round-\(round)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<8 {
                    group.addTask { try script.install(index % 2 == 0 ? .whole : .selective) }
                }
                try await group.waitForAll()
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: script.directory)
            #expect(names.count == 2)
        }
    }

    @Test("A directory that others may write, or that is a link, is refused")
    func unsafe() throws {
        try script.install(.whole)
        #expect(chmod(script.directory, 0o777) == 0)
        let open = #expect(throws: CacheTargetError.self) { try script.install(.whole) }
        #expect(open?.code == .scriptUnusable)
        let link = "\(directory.path)/link"
        #expect(symlink(directory.path, link) == 0)
        let linked = #expect(throws: CacheTargetError.self) {
            try ClearScript(directory: link).install(.whole)
        }
        #expect(linked?.code == .scriptUnusable)
    }

    @Test("The scripts of earlier processes are removed, and nothing else is")
    func sweep() throws {
        try script.install(.whole)
        let keep = "\(script.directory)/other.php"
        try "keep".write(toFile: keep, atomically: true, encoding: .utf8)
        let next = ClearScript(directory: script.directory)
        try next.install(.whole)
        let names = try FileManager.default.contentsOfDirectory(atPath: script.directory)
        #expect(names.count == 2)
        #expect(names.contains("other.php"))
        next.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: script.directory).count == 1)
    }

    @Test(
        "An impossible request is refused",
        arguments: [
            (ClearRequest.Opcode.none, ClearRequest.User.none), (.files([]), .none),
            (.files(["relative.php"]), .none), (.files(["/a\0b"]), .none), (.none, .keys([])),
            (.none, .keys([""])), (.none, .prefix("")), (.none, .pattern("a\u{1}b")),
            (.files(Array(repeating: "/a", count: ClearRequest.maximumItems + 1)), .none),
            (.none, .prefix(String(repeating: "x", count: ClearRequest.maximumBytes))),
        ])
    func impossible(opcode: ClearRequest.Opcode, user: ClearRequest.User) {
        let error = #expect(throws: CacheTargetError.self) {
            try ClearRequest(opcode: opcode, user: user)
        }
        #expect(error?.code == .invalidRequest)
    }

    static let reply = """
        sitestacker-clear 1
        opcode.before 3 100 0 0 0 0 5 6
        user.before missing
        opcode.after 3 100 0 0 0 1 5 6
        user.after missing
        opcode.result 1 0 0
        user.result 0 0 0
        php 8.2.1
        parent 7
        namespace pid%3A%5B4026531836%5D
        realpath 120
        filecache%20
        end 1

        """.replacing("filecache%20", with: "filecache ")

    @Test("A proper reply is understood")
    func understood() throws {
        let reply = try ClearReply.decode(Array(Self.reply.utf8))
        #expect(reply.parent == 7)
        #expect(reply.namespace == "pid:[4026531836]")
        #expect(reply.user == .absent("missing"))
        guard case .active(let before, let after, let result) = reply.opcode else {
            Issue.record("no counters")
            return
        }
        #expect(before.scripts == 3)
        #expect(!before.isRestartPending && after.isRestartPending)
        #expect(result == [1, 0, 0])
        #expect(!after.wasEmptied(since: before))
    }

    @Test(
        "A reply which differs in anything is refused",
        arguments: [
            ("sitestacker-clear 1", "sitestacker-clear 2"), ("end 1\n", ""), ("end 1\n", "end 1"),
            ("end 1\n", "end 1\nmore\n"), ("parent 7", "parent -7"), ("parent 7", "parent 7 8"),
            ("parent 7", "parent x"), ("parent 7", "parent"), ("parent 7", "parent 7\nparent 7"),
            ("parent 7", "parent 7\nextra 1"), ("parent 7\n", ""), ("%5D", "%5"), ("%5D", "%GG"),
            ("parent 7", "parent 99999999999999999999"),
            ("user.after missing", "user.after disabled"),
            ("user.before missing", "user.before gone"), (" 5 6\nuser.b", " 5\nuser.b"),
            ("parent 7", "parent 7\n\n"), ("sitestacker", "\u{FEFF}sitestacker"),
        ])
    func refused(part: String, replacement: String) {
        let text = Self.reply.replacing(part, with: replacement)
        #expect(text != Self.reply)
        #expect(throws: ClearReply.Refusal.self) { try ClearReply.decode(Array(text.utf8)) }
    }

    @Test("A reply cut anywhere is refused, and so is one that is too long")
    func cut() {
        let bytes = Array(Self.reply.utf8)
        for count in 0..<bytes.count {
            #expect(throws: ClearReply.Refusal.self) {
                try ClearReply.decode(Array(bytes.prefix(count)))
            }
        }
        #expect(throws: ClearReply.Refusal.self) {
            try ClearReply.decode([UInt8](repeating: 10, count: ClearReply.maximumLength + 1))
        }
    }
}
