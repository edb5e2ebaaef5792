// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import FoundationEssentials
internal import Logging
internal import NodeConfiguration
internal import NodeRuntime

/// The audit trail of one installation: a line in the daemon's log, and one in `audit.log`.
///
/// Source: docs/reference/audit.md.
struct FileAuditTrail: AuditTrail {
    let site: String
    let file: BoundedLogFile
    private let logger = Logger(label: "audit")

    init(site: String, file: BoundedLogFile) {
        self.site = site
        self.file = file
    }

    func note(_ entry: AuditEntry) {
        var metadata: Logger.Metadata = [
            "event": "\(entry.event.rawValue)", "outcome": "\(entry.outcome.rawValue)",
            "site": "\(site)",
        ]
        for (key, value) in [
            ("user", entry.user), ("address", entry.address), ("subject", entry.subject),
            ("reason", entry.reason),
        ] { if let value { metadata[key] = "\(value)" } }
        if entry.suppressed > 0 { metadata["suppressed"] = "\(entry.suppressed)" }
        logger.notice("audit", metadata: metadata)
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try file.append(Array(try encoder.encode(Line(entry, site: site))))
        } catch {
            logger.error("the audit trail is not kept on the disk: \(error)")
        }
    }

    /// One line of the file.
    private struct Line: Encodable {
        let time: UInt64
        let site: String
        let event: String
        let outcome: String
        let user: String?
        let address: String?
        let subject: String?
        let reason: String?
        let suppressed: Int?

        init(_ entry: AuditEntry, site: String) {
            time = entry.wall.milliseconds
            self.site = site
            event = entry.event.rawValue
            outcome = entry.outcome.rawValue
            user = entry.user
            address = entry.address
            subject = entry.subject
            reason = entry.reason
            suppressed = entry.suppressed > 0 ? entry.suppressed : nil
        }
    }
}
