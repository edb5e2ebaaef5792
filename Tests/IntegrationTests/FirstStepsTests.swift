// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension BlackBox {
    @Suite("What somebody does who has just installed it")
    struct FirstStepsTests {}
}

extension BlackBox.FirstStepsTests {
    @Test(
        "The first daemon makes the state directory and says where it serves",
        .timeLimit(.minutes(1)))
    func firstStart() async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            try server.configure(urls: [server.url])
            try FileManager.default.removeItem(atPath: server.home)
            let daemon = try server.launch()
            try await eventually("the daemon to say that it serves: \(daemon.errors)") {
                guard daemon.isRunning else { throw Overdue(description: daemon.errors) }
                return daemon.errors.contains(
                    "serving \(server.site); the door is at 127.0.0.1 port \(Server.door)")
            }
            let attributes = try FileManager.default.attributesOfItem(atPath: server.home)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            try await server.stop()
            #expect(server.log.contains("stopped"))
        }
    }

    @Test("A state directory that others may enter is left as it is", .timeLimit(.minutes(1)))
    func openStateDirectory() async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            try server.configure(urls: [server.url])
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: server.home)
            let outcome = try await server.launch().end()
            #expect(outcome.status == 78 && outcome.errors.contains("chmod 700"), "\(outcome)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.home).isEmpty)
        }
    }

    @Test(
        "What PHP-FPM runs lies in the folder that systemd made for the service",
        .timeLimit(.minutes(1)))
    func runtimeDirectory() async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            try server.configure(urls: [server.url])
            let folder = "\(server.root)/run"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o755])
            let daemon = try server.launch(environment: ["RUNTIME_DIRECTORY": "\(folder):/other"])
            try await eventually("a folder of the site: \(daemon.errors)") {
                guard daemon.isRunning else { throw Overdue(description: daemon.errors) }
                return try FileManager.default.contentsOfDirectory(atPath: folder).count == 1
            }
            try await server.stop()
            let relative = try await server.launch(environment: ["RUNTIME_DIRECTORY": "run"]).end()
            #expect(relative.status == 78, "\(relative)")
            #expect(relative.errors.contains("an absolute path in RUNTIME_DIRECTORY"))
        }
    }

    @Test("A door that is taken is told in the system's words", .timeLimit(.minutes(1)))
    func takenDoor() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let other = Server(number: 1, root: "\(cluster[1].root)-other")
            try other.makeFolders()
            try other.configure(urls: [other.url])
            let outcome = try await other.launch().end()
            #expect(outcome.status == 1, "\(outcome)")
            #expect(
                outcome.errors.contains(
                    "expected a free address of this host, found Address already in use."),
                "\(outcome)")
        }
    }

    @Test("Each server that is silent is told once in the log", .timeLimit(.minutes(2)))
    func toldOnce() async throws {
        try await Cluster.founded(running: []) { cluster in
            let server = cluster[1]
            let silent = (101...112).map { "http://127.0.0.\($0)#\(Server.door)" }
            try server.configure(urls: [server.url] + silent)
            try await server.start()
            try await eventually("the log to name each") {
                silent.allSatisfy { server.log.contains("\($0) does not answer") }
            }
            let lines = server.log.split(separator: "\n")
                .compactMap { $0.split(separator: " ", maxSplits: 1).last }
                .filter { $0.contains("does not answer") }
            #expect(Set(lines).count == lines.count, "\(lines)")
        }
    }

    @Test(
        "A URL of the command line that is none: 64", .timeLimit(.minutes(1)),
        arguments: [["login", "-r", "http://"], ["login", "-r", "ftp://web1", "-u", "alice"]])
    func wrongURL(words: [String]) async throws {
        try await Cluster.new { cluster in
            try cluster[1].configure(urls: [cluster[1].url])
            let outcome = try await cluster[1].begin(words + ["--json"]).end()
            #expect(outcome.status == 64, "\(outcome)")
            #expect(try outcome.failure().code == "usage")
        }
    }
}
