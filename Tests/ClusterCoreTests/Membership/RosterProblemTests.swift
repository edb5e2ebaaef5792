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

    @Test(
        "A node is never linked to itself, wherever and however often it is listed",
        arguments: [["a"], ["a", "b"], ["b", "a", "c"]])
    func selfLink(_ own: [String]) {
        var rig = RosterRig(own + ["web2"])
        for (index, url) in own.enumerated() {
            rig.doors[url] = RosterRig.hello("web1", port: 5571 + UInt16(index) * 10)
        }
        rig.doors["web2"] = RosterRig.hello("web2")
        rig.feed(.deadline)
        rig.run(for: .seconds(60))
        #expect(rig.linkedNodes == [Notary.node("web2")])
        #expect(rig.codes == (own.count > 1 ? ["self-twice"] : []))
    }
}
