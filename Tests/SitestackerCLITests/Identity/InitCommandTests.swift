// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterCore
import ClusterModel
import ClusterSigning
import Foundation
import Glibc
import NodeConfiguration
import Testing
import WireFormat

@testable import SitestackerCLI

/// The text of a file; `nil` where there is none.
func contents(_ path: String) throws -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
}

/// Who may do what with a file.
func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    guard let mode = attributes[.posixPermissions] as? Int else { throw TestFailure() }
    return mode & 0o777
}

@Suite struct InitCommandTests {
    private let arguments = [
        "--user", "alice", "--email", "alice@example.com", "--name", "Alice Admin",
        "--password-stdin",
    ]

    private func desk(_ folder: String, answers: [String]? = nil, input: String = "a password\n")
        throws -> Desk
    {
        for name in ["site", "home"] {
            guard mkdir("\(folder)/\(name)", 0o700) == 0 || errno == EEXIST else {
                throw TestFailure()
            }
        }
        return Desk(
            in: "\(folder)/site", answers: answers, input: input,
            environment: ["SITESTACKER_HOME": "\(folder)/home"])
    }

    @Test func `A new cluster has one user and one member, and the password opens its key`()
        async throws
    {
        try await withFolder { folder in
            let desk = try desk(folder)
            let command = try InitCommand.parse(
                arguments + ["--url", "http://web1", "--url", "http://web2"])
            #expect(try await command.run(in: desk.context) == 0)
            let state = SiteState(stateDirectory: "\(folder)/home", site: "\(folder)/site")
            let pin = try ClusterPinFile.decode(try #require(try state.read(.clusterPin)))
            let records = try RecordFile.decode(try #require(try state.read(.records)))
            var key = try #require(try state.read(.nodeKey))
            let node = try NodeKeyFile.decode(SecretBytes(moving: &key))
            let authority = Authority(
                pin: pin, own: node.node,
                records: try records.map {
                    try RecordVerifier(cluster: pin.cluster).verify($0).get()
                })
            #expect(authority.ownMember?.user == "alice")
            let account = try #require(authority.account(named: "alice")?.account)
            #expect(account.scopes == .all)
            #expect(account.key == pin.root)
            let credential = try AccountCredential(
                encoded: try #require(authority.credential(of: account)))
            let secrets = try PasswordSecrets(
                password: secret("a password"),
                owner: try PasswordOwner(accountsOf: pin.cluster),
                parameters: credential.account.parameters)
            _ = try credential.sealedKey.open(
                under: secrets.sealingKey, associatedData: pin.associatedData)
            #expect(try contents("\(folder)/home/users")?.contains("\nalice\n") == true)
            #expect(try contents("\(folder)/site/sitestacker.yml")?.contains("http://web2") == true)
            #expect(desk.output.text.contains("a password") == false)
        }
    }

    @Test func `A cluster that exists is never replaced`() async throws {
        try await withFolder { folder in
            let command = try InitCommand.parse(arguments + ["--url", "http://web1"])
            _ = try await command.run(in: try desk(folder).context)
            let state = SiteState(stateDirectory: "\(folder)/home", site: "\(folder)/site")
            let before = try SiteState.File.allCases.map { try state.read($0) }
            let error = await #expect(throws: ErrorDocument.self) {
                try await command.run(in: try desk(folder).context)
            }
            #expect(error?.code == "cluster-exists")
            #expect(error?.message.contains("cluster.pin") == true)
            #expect(try SiteState.File.allCases.map { try state.read($0) } == before)
        }
    }

    @Test func `Of two that found a free place only the faster makes a cluster`() async throws {
        try await withFolder { folder in
            let desk = try desk(folder)
            let state = SiteState(stateDirectory: "\(folder)/home", site: "\(folder)/site")
            let foundation = ClusterFoundation(site: "\(folder)/site", state: state)
            try foundation.check()
            _ = try await InitCommand.parse(arguments + ["--url", "http://web1"])
                .run(in: desk.context)
            let before = try SiteState.File.allCases.map { try state.read($0) }
            let mallory = try NewUser(
                name: "mallory", email: "mallory@example.com", fullName: "Mallory")
            let error = #expect(throws: ErrorDocument.self) {
                try foundation.make(
                    founder: mallory, password: secret("a password"), urls: nil, now: wallTime())
            }
            #expect(error?.code == "cluster-exists")
            #expect(try SiteState.File.allCases.map { try state.read($0) } == before)
            #expect(try contents("\(folder)/home/users")?.contains("mallory") == false)
        }
    }

    @Test(arguments: ["", "  "])
    func `No URL at all is bad usage, and nothing is made`(urls: String) async throws {
        try await withFolder { folder in
            let desk = try desk(
                folder,
                answers: [
                    "alice", "alice@example.com", "Alice", urls, "a password", "a password",
                ])
            let error = await #expect(throws: ErrorDocument.self) {
                try await InitCommand.parse([]).run(in: desk.context)
            }
            #expect(error?.exitStatus == ExitStatus.usage)
            #expect(error?.message.contains("URL") == true)
            let state = SiteState(stateDirectory: "\(folder)/home", site: "\(folder)/site")
            #expect(try SiteState.File.allCases.compactMap { try state.read($0) }.isEmpty)
        }
    }

    @Test func `Keys and files that exist are kept and named`() async throws {
        try await withFolder { folder in
            let desk = try desk(folder)
            let state = SiteState(stateDirectory: "\(folder)/home", site: "\(folder)/site")
            try state.prepare()
            let node = try NodeIdentity()
            try state.write(.nodeKey, NodeKeyFile.encode(node).withUnsafeBytes { [UInt8]($0) })
            _ = try ConfigurationWriter.createSite(
                at: "\(folder)/site/sitestacker.yml", urls: [try SiteURL("http://web7")])
            _ = try await InitCommand.parse(arguments).run(in: desk.context)
            #expect(desk.output.text.contains(node.node.description))
            #expect(desk.output.text.contains("node.key: kept"))
            #expect(desk.output.text.contains("sitestacker.yml: kept"))
            #expect(try contents("\(folder)/site/sitestacker.yml")?.contains("web7") == true)
        }
    }

    @Test func `What is not given is asked for, the password twice`() async throws {
        try await withFolder { folder in
            let desk = try desk(
                folder,
                answers: [
                    "alice", "alice@example.com", "Alice", "http://web1 http://web2",
                    "a password", "a password",
                ])
            #expect(try await InitCommand.parse([]).run(in: desk.context) == 0)
            #expect(desk.conversation?.prompts.count == 6)
            let other = try self.desk(
                "\(folder)/home", answers: ["a password", "another one"])
            let command = try InitCommand.parse(
                Array(arguments.dropLast()) + ["--url", "http://web1"])
            let error = await #expect(throws: ErrorDocument.self) {
                try await command.run(in: other.context)
            }
            #expect(error?.message.contains("differ") == true)
        }
    }

    @Test func `Without a person everything must be given`() async throws {
        try await withFolder { folder in
            let error = await #expect(throws: ErrorDocument.self) {
                try await InitCommand.parse([]).run(in: try desk(folder).context)
            }
            #expect(error?.exitStatus == ExitStatus.usage)
        }
    }

    @Test(arguments: ["", "SSTKRCF1", "SSTKRCF1\u{0}\u{0}\u{0}\u{9}", "other word"])
    func `A file of records that is none is refused`(text: String) throws {
        #expect(throws: WireError.self) { try RecordFile.decode(Array(text.utf8)) }
    }

    @Test(arguments: [0, 63, 65])
    func `A pin of another length is refused`(count: Int) throws {
        #expect(throws: WireError.self) {
            try ClusterPinFile.decode([UInt8](repeating: 7, count: count))
        }
    }

    @Test(arguments: ["0d", "d", "1", "1w", "99999d", "-1d", "1.5d", "9999999d"])
    func `A lifetime that is none is refused`(text: String) {
        #expect(LifetimeArgument(argument: text) == nil)
    }

    @Test func `Lifetimes are days or hours`() {
        #expect(LifetimeArgument(argument: "365d") == .standard)
        #expect(LifetimeArgument(argument: "12h")?.milliseconds == 43_200_000)
    }

    @Test(arguments: ["bob nonsense\n", "bob\nBOB\n", "\u{1}\n"])
    func `A users file that cannot be extended stops it before anything is asked or made`(
        users: String
    ) async throws {
        try await withFolder { folder in
            let desk = try desk(folder, answers: [])
            let file = "\(folder)/home/users"
            #expect(
                FileManager.default.createFile(
                    atPath: file, contents: Data(users.utf8), attributes: [.posixPermissions: 0o600]
                ))
            let command = try InitCommand.parse(["--url", "http://web1"])
            await #expect(throws: ConfigurationError.self) {
                try await command.run(in: desk.context)
            }
            #expect(desk.conversation?.prompts == [])
            #expect(try contents(file) == users)
            #expect(try contents("\(folder)/site/sitestacker.yml") == nil)
            let state = SiteState(stateDirectory: "\(folder)/home", site: "\(folder)/site")
            #expect(try state.read(.nodeKey) == nil)
        }
    }
}
