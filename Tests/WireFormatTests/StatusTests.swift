// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import WireFormat

@Suite("Status reports")
struct StatusTests {
    @Test("A report decodes to itself")
    func roundTrip() throws {
        #expect(try StatusCodec.decode(StatusCodec.encode(Samples.status)) == Samples.status)
        let bare = StatusReport(node: Samples.node, wall: WallTime(milliseconds: 0))
        #expect(try StatusCodec.decode(StatusCodec.encode(bare)) == bare)
    }

    @Test("A database of no bytes is not one of unknown size")
    func emptyDatabase() throws {
        var report = Samples.status
        for size in [nil, 0, UInt64.max] {
            report.database = DatabaseState(version: "SQLite 3.40.1", sizeBytes: size)
            #expect(try StatusCodec.decode(StatusCodec.encode(report)) == report)
        }
    }

    private static let long = String(repeating: "x", count: 5_000)
    private static let commit = String(repeating: "0", count: 40)
    private static let bad = "a\u{1B}[2Jb"

    private static func repository(
        _ path: String, commit: String? = commit, short: String? = "0000000",
        names: [String] = [], problem: String? = nil
    ) -> RepositoryState {
        RepositoryState(
            path: path, commit: commit, short: short, names: names, problem: problem)
    }

    /// What must be refused on both ends, made by a change to a good report.
    private static let wrong:
        [(name: String, code: WireError.Code, change: @Sendable (inout StatusReport) -> Void)] = [
            ("host", .forbiddenText, { $0.hostName = bad }),
            ("path", .aboveLimit, { $0.path = long }),
            ("warning", .forbiddenText, { $0.warnings = [bad] }),
            ("empty warning", .missing, { $0.warnings = [""] }),
            ("warnings", .aboveLimit, { $0.warnings = Array(repeating: "x", count: 65) }),
            ("user", .forbiddenText, { $0.userProblems = ["\u{9B}31m"] }),
            (
                "refusals", .aboveLimit,
                { $0.refused = Array(repeating: RefusalCount(reason: "x", count: 1), count: 257) }
            ),
            ("refusal", .missing, { $0.refused = [RefusalCount(reason: "", count: 1)] }),
            (
                "caches", .aboveLimit,
                { $0.caches = Array(repeating: CacheReport(target: "x", problem: nil), count: 257) }
            ),
            ("cache", .forbiddenText, { $0.caches = [CacheReport(target: "x", problem: bad)] }),
            (
                "database", .aboveLimit,
                { $0.database = DatabaseState(version: long, sizeBytes: 1) }
            ),
            (
                "database problem", .forbiddenText,
                { $0.database = DatabaseState(version: nil, sizeBytes: nil, problem: "a\nb") }
            ),
            (
                "lock", .outOfRange,
                {
                    $0.lock = LockState(
                        holder: "a", since: WallTime(milliseconds: .max), reason: "",
                        expires: WallTime(milliseconds: 2))
                }
            ),
            (
                "end of the lock", .outOfRange,
                {
                    $0.lock = LockState(
                        holder: "a", since: WallTime(milliseconds: 1), reason: "",
                        expires: WallTime(milliseconds: .max))
                }
            ),
            (
                "holder", .missing,
                {
                    $0.lock = LockState(
                        holder: "", since: WallTime(milliseconds: 1), reason: "",
                        expires: WallTime(milliseconds: 2))
                }
            ),
            ("commit", .forbiddenText, { $0.repositories = [repository(".", commit: "0000000")] }),
            (
                "upper case", .forbiddenText,
                {
                    $0.repositories = [
                        repository(".", commit: String(repeating: "A", count: 40), short: "AAAAAAA")
                    ]
                }
            ),
            ("abbreviation", .mismatch, { $0.repositories = [repository(".", short: "1")] }),
            ("half a commit", .mismatch, { $0.repositories = [repository(".", short: nil)] }),
            ("empty path", .missing, { $0.repositories = [repository("")] }),
            (
                "two of a path", .notAscending,
                { $0.repositories = [repository("."), repository(".")] }
            ),
            (
                "repositories", .aboveLimit,
                { report in report.repositories = (0...1_024).map { repository("\(10_000 + $0)") } }
            ),
            (
                "names", .aboveLimit,
                { $0.repositories = [repository(".", names: Array(repeating: "x", count: 65))] }
            ),
            ("name", .forbiddenText, { $0.repositories = [repository(".", names: ["a\tb"])] }),
            (
                "problem", .forbiddenText,
                { $0.repositories = [repository(".", problem: "\u{7F}")] }
            ),
            ("problem of all", .aboveLimit, { $0.repositoriesProblem = long }),
        ]

    @Test("What is wrong is refused before it is sent", arguments: wrong.indices)
    func refusedBeforeItIsSent(_ index: Int) {
        let (name, code, change) = Self.wrong[index]
        var report = Samples.status
        change(&report)
        let found = refusal { () throws(WireError) in _ = try StatusCodec.encode(report) }
        #expect(found == code, "\(name)")
    }

    @Test("What is wrong is refused when it is read")
    func refusedWhenRead() throws {
        let good = try StatusCodec.encode(
            StatusReport(node: Samples.node, wall: WallTime(milliseconds: 0)))
        let path = RawMessage().bytes(1, [UInt8(ascii: ".")]).bytes
        let cases: [(RawMessage, WireError.Code)] = [
            (RawMessage().bytes(22, Array(Self.bad.utf8)), .forbiddenText),
            (RawMessage().bytes(22, [0xFF]), .malformed),
            (RawMessage().bytes(27, []), .missing),
            (RawMessage().bytes(27, path).bytes(27, path), .notAscending),
            (RawMessage().bytes(27, RawMessage(bytes: path).bytes(2, [1]).bytes), .mismatch),
            (RawMessage().bytes(26, []), .missing),
            (RawMessage().bytes(11, []), .outOfRange),
            (
                (0..<2_000).reduce(RawMessage()) { message, number in
                    message.bytes(11, RawMessage().varint(3, 1).bytes)
                }, .aboveLimit
            ),
        ]
        for (addition, code) in cases {
            let found = refusal { () throws(WireError) in
                _ = try StatusCodec.decode(good + addition.bytes)
            }
            #expect(found == code, "\(addition)")
        }
    }

    @Test("Whatever a node finds, its report fits and says what it leaves out")
    func fitting() throws {
        var report = Samples.status
        let many = (0..<3_000).map { number in
            RepositoryState(
                path: "packages/\(number)/\(Self.long)", commit: Self.commit, short: "0000000",
                names: Array(repeating: Self.long, count: 100), updatedBy: "a\nb",
                origin: Self.long, problem: Self.bad)
        }
        report.hostName = Self.bad
        report.path = Self.long
        report.members = Array(repeating: Samples.status.members[0], count: 3_000)
        report.refused = Array(repeating: RefusalCount(reason: Self.long, count: 1), count: 999)
        report.warnings = Array(repeating: Self.bad + Self.long, count: 999)
        report.userProblems = report.warnings
        report.caches = Array(
            repeating: CacheReport(target: Self.long, problem: Self.long), count: 999)
        report.database = DatabaseState(version: Self.long, sizeBytes: nil, problem: Self.bad)
        report.lock = LockState(
            holder: Self.long, since: WallTime(milliseconds: 1), reason: Self.bad,
            expires: WallTime(milliseconds: 2))
        report.repositories = many
        report.repositoriesProblem = nil
        let fitted = report.fitted()
        #expect(try StatusCodec.decode(StatusCodec.encode(fitted)) == fitted)
        #expect(fitted.hostName == "a\u{FFFD}[2Jb")
        #expect(fitted.warnings.last == "and 936 more")
        let left = 3_000 - fitted.repositories.count
        #expect(left > 0 && fitted.repositoriesProblem == "\(left) of 3000 are not listed")
    }

    @Test("A report that fits is left as it is")
    func unchanged() {
        #expect(Samples.status.fitted() == Samples.status)
    }

    @Test("Thousand repositories with short names fit")
    func thousand() throws {
        var report = Samples.status
        report.repositoriesProblem = nil
        report.repositories = (0..<1_000).map { number in
            RepositoryState(
                path: "packages/modules/Module\(number)", commit: Self.commit, short: "0000000",
                names: ["1.0.0", "master", "origin/master"])
        }
        let fitted = report.fitted()
        #expect(fitted.repositories.count == 1_000 && fitted.repositoriesProblem == nil)
        #expect(try StatusCodec.decode(StatusCodec.encode(fitted)) == fitted)
    }
}
