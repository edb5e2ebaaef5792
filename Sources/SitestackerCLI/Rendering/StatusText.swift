// SPDX-License-Identifier: Apache-2.0
import AdminAPI

extension ServerDocument {
    /// What stands for the node where nobody is logged in.
    static let notLoggedIn = "not logged in"
}

/// The status for people: the own block without a heading, then one for each server.
func statusLines(_ status: StatusDocument) -> [TextLine] {
    var lines = serverLines(status.own)
    for problem in status.problems { lines.append(TextLine("Warning: \(problem)", .warning)) }
    lines.append(TextLine("Cluster URL: \(status.own.url ?? "")"))
    for server in status.servers {
        lines.append(TextLine(""))
        lines.append(TextLine("SERVER: \(server.url ?? "")"))
        lines += serverLines(server)
    }
    return lines
}

private func serverLines(_ server: ServerDocument) -> [TextLine] {
    var lines: [TextLine] = []
    if let error = server.error { lines.append(TextLine("Error: \(error)", .bad)) }
    if let hostname = server.hostname { lines.append(TextLine("Hostname: \(hostname)")) }
    if let path = server.path { lines.append(TextLine("Path: \(path)")) }
    lines += nodeLines(server)
    if let events = server.events { lines += eventsLines(events) }
    if let skew = server.clockSkewMilliseconds, skew.magnitude >= 100 {
        let direction = skew > 0 ? "ahead" : "behind"
        lines.append(TextLine("Clock: \(seconds(skew.magnitude)) \(direction)", .warning))
    }
    for warning in server.warnings { lines.append(TextLine("Warning: \(warning)", .warning)) }
    return lines
}

private func nodeLines(_ server: ServerDocument) -> [TextLine] {
    guard let node = server.node else { return [] }
    guard node != ServerDocument.notLoggedIn else { return [TextLine("Node: \(node)", .bad)] }
    var text = "Node: \(node)"
    if let user = server.user { text += ", logged in as \(user.name)" }
    if let isReady = server.isReady { text += isReady ? ", ready" : ", not ready" }
    var lines = [TextLine(text, server.isReady == false ? .warning : .plain)]
    let absent = (server.members?.members ?? []).filter { !["self", "alive"].contains($0.state) }
    if !absent.isEmpty {
        let names = absent.map { member in
            "\(member.url ?? member.node ?? "unknown") \(member.state)"
        }
        lines.append(TextLine("Members: \(names.joined(separator: ", "))", .warning))
    }
    return lines
}

private func eventsLines(_ events: EventsStatusDocument) -> [TextLine] {
    let parts = [
        (events.missing, "missing"), (events.waiting, "waiting"), (events.parked, "parked"),
        (events.withheld, "withheld"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    var lines = [
        TextLine(
            "Events: " + (["\(events.stored) stored"] + parts).joined(separator: ", "),
            parts.isEmpty ? .plain : .warning)
    ]
    let refused = events.refused.filter { $0.value > 0 }.sorted { $0.key < $1.key }
    if !refused.isEmpty {
        let reasons = refused.map { "\($0.value) \($0.key)" }
        lines.append(TextLine("Refused: \(reasons.joined(separator: ", "))", .warning))
    }
    return lines
}

private func seconds(_ milliseconds: UInt64) -> String {
    "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
}
