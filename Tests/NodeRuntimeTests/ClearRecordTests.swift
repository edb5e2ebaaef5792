// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import Testing

@testable import NodeRuntime

@Suite("What is written down of clears that are owed")
struct ClearRecordTests {
    static let codes: [[RepositoryCommit]?] = [
        nil, [], [RepositoryCommit(path: ".", commit: "6212a58")],
        [
            RepositoryCommit(path: "packages/a b/ü\n", commit: ""),
            RepositoryCommit(path: "", commit: "yes"),
        ],
    ]

    @Test("Every record comes back as it was", arguments: ClearRecordTests.codes)
    func roundTrip(code: [RepositoryCommit]?) throws {
        for flags in [(false, false), (false, true), (true, false), (true, true)] {
            var record = ClearRecord()
            (record.owesFull, record.isCodeCleared) = flags
            record.code = code
            #expect(ClearRecord(encoded: record.encoded) == record)
        }
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "\0", "1\0yes\0no\0yes", "1\0yes\0no\0yes\0.\0", "1\0yes\0no\0no\0.\06212a58\0",
            "2\0yes\0no\0no\0", "1\0maybe\0no\0no\0", "1\0yes\0no\0yes\0.\06212a58",
        ])
    func damaged(text: String) {
        #expect(ClearRecord(encoded: Array(text.utf8)) == nil)
    }
}
