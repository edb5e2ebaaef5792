// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterCore

@Suite("Problems of the list") struct RosterProblemTests {
    @Test(
        "Words of another server neither hide nor turn what stands beside them",
        arguments: [
            ("a\u{1b}[31mb", #"a\u{1b}[31mb"#), ("a\u{200e}b", #"a\u{200e}b"#),
            ("a\u{feff}b", #"a\u{feff}b"#), ("a\u{202e}b", #"a\u{202e}b"#),
            ("größer", "größer"),
        ])
    func words(text: String, shown: String) {
        let problems = [
            RosterProblem.refused("http://web2", status: 421, text),
            .refused("http://web2", status: 500, text), .unreachable("http://web2", text),
        ]
        #expect(problems.allSatisfy { $0.message.contains(shown) })
    }

    @Test("Words of another server are cut")
    func length() {
        let problem = RosterProblem.unreachable("http://web2", String(repeating: "x", count: 9_999))
        #expect(problem.message.count < 300)
        #expect(problem.message.hasSuffix("…"))
    }
}
