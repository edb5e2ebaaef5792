// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI

/// One reader's way through the log, event by event.
///
/// Law: what has not been read is not read from the log either, but for one page.
struct Listing: Sendable {
    let node: Node
    let reading: LogReading
    let output: Handoff<EventDocument>

    /// Hands out the newest events, the oldest of them first.
    ///
    /// - Throws: `ErrorDocument` where the log cannot be read.
    func runNewest(_ limit: Int) async throws(ErrorDocument) {
        let newest = try await reading.newest(limit)
        var place = newest.place
        _ = try await run(from: &place, skipping: newest.skipping, limit: newest.count)
    }

    /// Hands out what follows a place, to the end of the log or the limit.
    ///
    /// - Returns: Whether anybody reads on.
    /// - Throws: `ErrorDocument` where the log cannot be read.
    func run(
        from place: inout LogPlace, skipping skipped: Int = 0, limit: Int
    ) async throws(ErrorDocument) -> Bool {
        var skipping = skipped
        var left = limit
        var size = PageSize()
        while left > 0 {
            let page = try await reading.page(after: &place, limit: size.count)
            guard !page.isEmpty else { return true }
            size.learn(page.map(\.batch))
            for (batch, disposition, first) in page where left > 0 {
                let events = LoggedEvent.all(of: batch, disposition, from: first)
                let wanted = events.dropFirst(skipping).prefix(left)
                skipping -= min(skipping, events.count)
                left -= wanted.count
                for document in await node.documents(of: wanted) {
                    guard await output.send(document, weight: document.weight) else {
                        return false
                    }
                }
            }
        }
        return true
    }
}

extension EventDocument {
    /// What it weighs while it waits, about.
    ///
    /// Unit: bytes.
    fileprivate var weight: Int { summary.utf8.count + 512 }
}
