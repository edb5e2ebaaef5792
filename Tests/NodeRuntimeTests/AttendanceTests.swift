// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import NodeRuntime

@Suite("Who did not answer") struct AttendanceTests {
    /// Nodes by a digit, so that tables can be read.
    private func node(_ digit: Int) throws -> NodeID {
        try #require(NodeID(bytes: [UInt8](repeating: UInt8(digit), count: 32)))
    }

    @Test(
        "Each missing server is named once, and none is left out",
        arguments: [
            // members, those with URLs, strangers, unanswered, silent -> names
            ([1, 2], [1, 2], [], [], [], []),
            ([1, 2], [1, 2], [], [], [2], ["web2"]),
            // A member that never answered at its door is behind the URL that never answered.
            ([1, 2], [1], [], ["web9"], [2], ["web9"]),
            ([1, 2], [1], [], ["web9"], [1, 2], ["web1", "web9"]),
            // It did answer in the mesh: then it may be behind that URL.
            ([1, 2], [1], [], ["web9"], [], []),
            // Nobody is left who could be behind it.
            ([1], [1], [], ["web9"], [], ["web9"]),
            ([1], [1], ["web7"], [], [], ["web7"]),
            ([1], [1], ["web7"], ["web9"], [1], ["web1", "web7", "web9"]),
            // More members are silent than URLs are left: their IDs say so.
            ([1, 2, 3], [1], [], ["web9"], [2, 3], ["web9", "02020202", "03030303"]),
            ([1, 2], [1], [], [], [2], ["02020202"]),
            ([], [], [], [], [], []),
        ] as [([Int], [Int], [String], [String], [Int], [String])])
    func names(
        _ members: [Int], _ known: [Int], _ strangers: [String], _ unanswered: [String],
        _ silent: [Int], _ expected: [String]
    ) throws {
        let attendance = Attendance(
            members: try members.map(node),
            urls: Dictionary(uniqueKeysWithValues: try known.map { (try node($0), "web\($0)") }),
            strangers: strangers, unanswered: unanswered)
        let names = attendance.absent(silent: Set(try silent.map(node)))
        #expect(names.map { String($0.prefix(8)) } == expected)
    }

    @Test(
        "Servers that nobody is logged in on are told from silent ones",
        arguments: [
            // members, those with URLs, strangers, unanswered, logged out -> not logged in
            ([1], [1], ["web7"], [], ["web7"], ["web7"]),
            // It belongs to another cluster.
            ([1], [1], ["web7"], [], [], []),
            // Every member is known by a URL: nobody is behind this one.
            ([1], [1], [], ["web9"], [], ["web9"]),
            // A member may be behind it.
            ([1, 2], [1], ["web7"], ["web8", "web9"], ["web7"], ["web7"]),
            ([], [], [], ["web9"], [], ["web9"]),
        ] as [([Int], [Int], [String], [String], [String], [String])])
    func notLoggedIn(
        _ members: [Int], _ known: [Int], _ strangers: [String], _ unanswered: [String],
        _ loggedOut: [String], _ expected: [String]
    ) throws {
        let attendance = Attendance(
            members: try members.map(node),
            urls: Dictionary(uniqueKeysWithValues: try known.map { (try node($0), "web\($0)") }),
            strangers: strangers, unanswered: unanswered, loggedOut: loggedOut)
        let names = attendance.absent(silent: Set(attendance.members))
        #expect(attendance.notLoggedIn(of: names) == expected)
    }
}
