// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import Synchronization
import Testing

@testable import NodeRuntime
@testable import SitestackerCLI

/// What `login -r URL` says without a user.
@Suite struct LoginShowTests {
    private func show(isMember: Bool, json: Bool = false) async throws -> (desk: Desk, key: String)
    {
        let cluster = try TestCluster()
        let daemon = try TestDaemon(
            node: cluster.node, pin: cluster.pin, records: isMember ? cluster.records : [])
        daemon.state.withLock { $0.url = "http://web1" }
        let desk = Desk(json: json)
        let status = try await LoginCommand.parse(["-r", "http://web1"])
            .show(desk.context, daemon)
        #expect(status == (isMember ? ExitStatus.done : ExitStatus.notAuthorised))
        return (desk, cluster.node.fingerprint)
    }

    @Test func `A stranger's words stay words within one line of ours`() {
        let said = ErrorDocument(
            code: "no\nway", message: "no\nsitestacker: all is well\r\u{85}\u{2028}\u{1B}[2J",
            hint: "a\nb", exitStatus: 0)
        let repeated = HTTPDoors.repeated(said)
        #expect(
            repeated.message
                == #"no\u{a}sitestacker: all is well\u{d}\u{85}\u{2028}\u{1b}[2J"#)
        #expect(repeated.code == #"no\u{a}way"# && repeated.hint == #"a\u{a}b"#)
        #expect(repeated.exitStatus == ExitStatus.notAuthorised)
    }

    @Test(arguments: [true, false])
    func `The fingerprint is said beside the answer, whether logged in or not`(
        isMember: Bool
    ) async throws {
        let (desk, fingerprint) = try await show(isMember: isMember)
        let answer = "Logged in as Alice Admin (alice, alice@example.com).\n"
        #expect(desk.output.text == (isMember ? answer : "Not logged in.\n"))
        #expect(desk.talk.text == "Fingerprint of that server's keys: \(fingerprint)\n")
        let programs = try await show(isMember: isMember, json: true)
        #expect(programs.desk.output.text.contains(#""fingerprint":"\#(programs.key)""#))
    }
}
