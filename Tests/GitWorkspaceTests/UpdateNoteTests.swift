// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import GitWorkspace

@Suite("Notes of updates")
struct UpdateNoteTests {
    static let good = "Updated-On: 2026-11-23T14:03:21Z\nUpdated-By: Alice Admin (alice)\n"

    @Test("A note says when and who")
    func reading() throws {
        let note = try UpdateNote(parsing: Array(Self.good.utf8))
        #expect(note.time.milliseconds == 1_795_442_601_000)
        #expect(note.person == "Alice Admin (alice)")
    }

    @Test(
        "Further lines of the same form are left to others",
        arguments: ["", "\n\n", "Update-ID: 4f\nRevision: 7\n"])
    func further(rest: String) throws {
        #expect(try UpdateNote(parsing: Array((Self.good + rest).utf8)).person.hasPrefix("Alice"))
    }

    @Test(
        "What is no such note is refused in words that are fit to be shown",
        arguments: [
            "", "Updated-On: 2026-11-23T14:03:21Z",
            "Updated-By: a\nUpdated-On: 2026-11-23T14:03:21Z",
            "Updated-On: yesterday\nUpdated-By: a",
            "Updated-On: 2026-11-23T14:03:21Z\nUpdated-By: ",
            "Updated-On: 2026-11-23T14:03:21Z\nUpdated-By:  \u{9}", "updated-on: x",
            "Updated-On: 2026-11-23T14:03:21Z\nUpdated-By: \u{1B}[2Ja",
            "Updated-On: 2026-11-23T14:03:21Z\nUpdated-By: \u{202E}a",
            "Updated-On: 2026-11-23T14:03:21Z\r\nUpdated-By: a\r\n",
            "Updated-On: 2026-11-23T14:03:21Z\nUpdated-By: \(String(repeating: "a", count: 201))",
            "\(good)free text", "\(good)\nKey: value", "\(good): value", "\(good)Key: \u{7}",
            "Update 1.2.5 to 1.2.6 by John Doe <johndoe@example.com> on 2017-03-27",
            "\(good)\(String(repeating: "K: v\n", count: 1_000))", "Updated-On: \n\u{0}",
        ])
    func refused(text: String) {
        let error = #expect(throws: UpdateNote.Refusal.self) {
            try UpdateNote(parsing: Array(text.utf8))
        }
        let words = error?.description ?? ""
        #expect(words.unicodeScalars.allSatisfy(PrintableText.isPrintable))
        #expect(words.utf8.count < 400)
    }

    @Test("Bytes that are no text are refused")
    func notText() {
        #expect(throws: UpdateNote.Refusal.self) { try UpdateNote(parsing: [0xFF, 0xFE]) }
    }

    @Test(
        "Times of RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2026-11-23T15:03:21+01:00", 1_795_442_601_000),
            ("2026-11-23T08:33:21-05:30", 1_795_442_601_000),
            ("2026-11-23T14:03:21.5Z", 1_795_442_601_500),
            ("2026-11-23T14:03:21.123456789Z", 1_795_442_601_123),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ] as [(String, UInt64)])
    func times(text: String, milliseconds: UInt64) {
        #expect(RFC3339.parse(text)?.milliseconds == milliseconds)
    }

    @Test(
        "Other times are none",
        arguments: [
            "", "2026-11-23", "2026-11-23T14:03:21", "2026-11-23 14:03:21Z", "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-00-10T00:00:00Z",
            "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
            "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00ZZ", "-026-01-01T00:00:00Z", "२०२६-01-01T00:00:00Z",
            "2026-01-01T00:00:00.\(String(repeating: "1", count: 60))Z", "2026-01-01T00:00:00+",
        ])
    func noTimes(text: String) {
        #expect(RFC3339.parse(text) == nil)
    }
}
