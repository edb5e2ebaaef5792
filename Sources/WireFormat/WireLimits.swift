// SPDX-License-Identifier: Apache-2.0

/// How large everything on the wire may be; both ends check all of it.
///
/// What exceeds a limit is refused whole and counted; nothing is cut silently.
/// Source: docs/specification/wire.md, "Limits".
public enum WireLimits {
    /// Length of a batch header.
    ///
    /// Unit: bytes.
    public static let header = 256
    /// Length of an Ed25519 signature.
    ///
    /// Unit: bytes.
    public static let signature = 64
    /// Longest body of a batch.
    ///
    /// Half of the sockets' `ZMQ_MAXMSGSIZE` of 524,288: one message above that would end the link
    /// for good. Unit: bytes.
    public static let body = 262_144
    /// Most events in a batch: beyond this the signature is no longer the cost.
    public static let eventsInBatch = 1_024
    /// Longest payload inside an event.
    ///
    /// Leaves a quarter of the body for what surrounds it; longer ones are blobs. Unit: bytes.
    public static let inlinePayload = 196_608
    /// Longest blob: the largest payload that applications may publish.
    ///
    /// Unit: bytes.
    public static let blob = 1_048_576
    /// Longest chunk of a blob in one reply, as large as a body for the same reason.
    ///
    /// Unit: bytes.
    public static let chunk = 262_144
    /// Longest topic of an application: fits a line of any listing with room to spare.
    ///
    /// Unit: bytes of UTF-8.
    public static let topic = 200
    /// Most entries of a version vector, a checkpoint, a beacon or `covers`: twenty times the
    /// largest cluster that is promised.
    public static let vectorEntries = 1_024
    /// Longest record of authority: a grant which covers six hundred logs fits.
    ///
    /// Unit: bytes.
    public static let record = 65_536
    /// Longest beacon: 1,024 heads and as many applied positions fit, so that no number of
    /// origins within the other limit silences a node.
    ///
    /// Unit: bytes.
    public static let beacon = 196_608
    /// Longest body of a `hello`: the node's grant is in it.
    ///
    /// Unit: bytes.
    public static let hello = 81_920
    /// Longest body of a request: the hashes of every record of a very old cluster.
    ///
    /// Half of what a ROUTER accepts in a frame. Unit: bytes.
    public static let request = 327_680
    /// Longest body of a reply: below `ZMQ_MAXMSGSIZE` less CURVE's overhead.
    ///
    /// Unit: bytes.
    public static let reply = 491_520
    /// Most batches in a reply to `replay`; further ones are left out, as where the credit ends.
    public static let batchesInReply = 1_024
    /// Most bytes of batches in a reply to `replay`: sixteen bodies, the credit of a transfer.
    ///
    /// Unit: bytes.
    public static let replayCredit = 4_194_304
    /// Most heads in one reply; further ones are asked for by page.
    public static let headsInReply = 4_096
    /// Most hashes of records in a request.
    public static let knownRecords = 8_192
    /// Most records in one reply; what is left is asked for again.
    public static let recordsInReply = 4_096
    /// Most acknowledgements in one message: one for every log of a vector.
    public static let acknowledgements = 1_024
    /// Most things of one kind that an invalidation names; more of them mean clearing everything.
    public static let invalidationEntries = 4_096
    /// Longest path, key, pattern, URL or tag: the system's own limit for paths.
    ///
    /// Unit: bytes of UTF-8.
    public static let entry = 4_096
    /// Most repositories of an installation.
    public static let repositories = 1_024
    /// Longest reason of the update lock: some lines, which `status` shows as one.
    ///
    /// Unit: bytes of UTF-8.
    public static let lockReason = 512
    /// How long the update lock lasts: longer than it takes to look at it, and no longer than a
    /// freeze over the holidays.
    ///
    /// Unit: milliseconds.
    public static let lockTTL: ClosedRange<UInt64> = 1_000...2_592_000_000
    /// Most steps in a receipt: caches times pools of the largest server.
    public static let steps = 256
    /// Room for all the steps of a receipt, so that it shares a body with others.
    ///
    /// Unit: bytes.
    public static let stepBytes = 65_536
    /// Most counters that prove one step.
    public static let proofs = 64
    /// Longest free text, such as the reason of a failure.
    ///
    /// Unit: bytes of UTF-8.
    public static let text = 4_096
    /// Longest name: of a user, a host, a counter or a version.
    ///
    /// Unit: bytes of UTF-8.
    public static let name = 255
    /// Longest user name: it has to fit a column.
    ///
    /// Unit: bytes of UTF-8.
    public static let userName = 64
    /// Longest credential of an account: parameters, verifier and sealed key take a tenth of it.
    ///
    /// Unit: bytes.
    public static let credential = 4_096
    /// Most members in a status report.
    public static let members = 1_024
    /// Most warnings of a status report, and as many problems of its users file.
    public static let warnings = 64
    /// Most reasons of refusals in a status report: more than there are counters of that kind.
    public static let refusals = 256
    /// Most caches in a status report, as in a receipt.
    public static let caches = 256
    /// Most names of one commit in a status report.
    public static let refNames = 64
    /// Most extensions of a status report.
    public static let extensions = 64
    /// Longest value of an extension.
    ///
    /// Unit: bytes.
    public static let extensionValue = 65_536
    /// Latest wall time: 48 bits, as in the hybrid clock; the year 10,889.
    ///
    /// Unit: milliseconds since 1970.
    public static let wall: UInt64 = (1 << 48) - 1
    /// Highest sequence number and counter: what a SQLite integer holds.
    public static let position = UInt64(Int64.max)
    /// Deepest nesting of messages: what the schema needs, and a little.
    static let depth = 8

    /// The text, or as much of its beginning as fits, ending in `...`; never half a character.
    ///
    /// For texts of others, such as a program's error message, before they are put into an event.
    public static func clip(_ text: String, to limit: Int = WireLimits.text) -> String {
        guard text.utf8.count > limit else { return text }
        var clipped = ""
        var room = limit - 3
        for character in text {
            room -= String(character).utf8.count
            guard room >= 0 else { break }
            clipped.append(character)
        }
        return clipped + "..."
    }
}
