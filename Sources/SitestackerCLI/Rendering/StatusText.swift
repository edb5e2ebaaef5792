// SPDX-License-Identifier: Apache-2.0
import AdminAPI

/// The status for people: the own block without a heading, then one for each server with what
/// would make it equal to this one.
func statusLines(_ status: StatusDocument) -> [TextLine] {
    // What is wrong with one URL stands in its own block.
    let told = Set(status.servers.compactMap(\.error))
    let problems = status.problems.filter { !told.contains($0) }
    let isListed = ([status.own] + status.servers).contains { hasRepositories($0) }
    var lines = serverLines(status.own, problems: problems, showsRepositories: isListed)
    lines.append(TextLine("Cluster URL: \(status.own.url ?? "")"))
    for server in status.servers {
        lines.append(TextLine(""))
        lines.append(TextLine("SERVER: \(server.url ?? "")"))
        lines += serverLines(server, problems: [], showsRepositories: isListed)
        if let plan = server.plan { lines += planLines(plan) }
    }
    if status.servers.contains(where: { $0.plan != nil }) {
        lines.append(TextLine("Stop because of '--dry-run', nothing changed."))
    }
    return lines
}

private func hasRepositories(_ server: ServerDocument) -> Bool {
    server.repositories?.isEmpty == false || server.repositoriesProblem != nil
}

private func serverLines(
    _ server: ServerDocument, problems: [String], showsRepositories: Bool
) -> [TextLine] {
    var lines: [TextLine] = []
    if let error = server.error { lines.append(TextLine("Error: \(error)", .bad)) }
    if let hostname = server.hostname { lines.append(TextLine("Hostname: \(hostname)")) }
    if let path = server.path { lines.append(TextLine("Path: \(path)")) }
    if let database = server.database { lines += databaseLines(database) }
    if let isLocked = server.isLocked { lines.append(lockLine(isLocked, server.lock)) }
    lines += nodeLines(server)
    if let users = server.userProblems, !users.isEmpty {
        lines.append(TextLine("Users: \(users.joined(separator: "; "))", .warning))
    }
    let caches = (server.caches ?? []).compactMap { cache in
        cache.problem.map { "\(cache.target): \($0)" }
    }
    if !caches.isEmpty {
        lines.append(TextLine("Caches: \(caches.joined(separator: "; "))", .bad))
    }
    if let events = server.events { lines += eventsLines(events) }
    if let skew = server.clockSkewMilliseconds, skew.magnitude >= 100 {
        let direction = skew > 0 ? "ahead" : "behind"
        lines.append(TextLine("Clock: \(seconds(skew.magnitude)) \(direction)", .warning))
    }
    for warning in server.warnings + problems {
        lines.append(TextLine("Warning: \(warning)", .warning))
    }
    if showsRepositories, let repositories = server.repositories {
        lines += repositoryLines(repositories, problem: server.repositoriesProblem)
    }
    return lines
}

// MARK: Database and lock

private func databaseLines(_ database: DatabaseDocument) -> [TextLine] {
    guard let version = database.version else {
        return [TextLine("Database: \(database.problem ?? "did not say its version")", .bad)]
    }
    let size = database.sizeBytes.map(sizeText)
    return [
        TextLine("Database: \(version)"),
        TextLine(
            "  Size: \(size ?? "unknown (\(database.problem ?? "it did not say"))")",
            size == nil ? .bad : .plain),
    ]
}

/// A size in the largest unit of which there is one at least, rounded to a whole number.
///
/// Units are powers of 1,024 with the names that tools of MySQL give them: 30,408,704 bytes are
/// `29 MB`.
func sizeText(_ bytes: UInt64) -> String {
    var size = bytes
    var rest: UInt64 = 0
    for unit in ["B", "KB", "MB", "GB", "TB"] {
        let rounded = size + (rest >= 512 ? 1 : 0)
        if rounded < 1_024 || unit == "TB" { return "\(rounded) \(unit)" }
        rest = size % 1_024
        size /= 1_024
    }
    return "\(bytes) B"
}

/// The lock in the form of `status`.
func lockLine(_ isLocked: Bool, _ lock: LockDocument?) -> TextLine {
    guard isLocked, let lock else { return TextLine("Is Locked: \(isLocked)") }
    return TextLine("Is Locked: true (\(lockWords(lock)))", .warning)
}

/// By whom, since when, why and until when.
func lockWords(_ lock: LockDocument) -> String {
    let reason = lock.reason.isEmpty ? "" : ": \(lock.reason)"
    return "by \(lock.holder) since \(instant(lock.since))\(reason), expires "
        + instant(lock.expires)
}

// MARK: Node and events

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
    var lines: [TextLine] = []
    if !parts.isEmpty {
        let counts = ["\(events.stored) stored"] + parts
        lines.append(TextLine("Events: \(counts.joined(separator: ", "))", .warning))
    }
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

// MARK: Repositories and plan

private func repositoryLines(
    _ repositories: [RepositoryDocument], problem: String?
) -> [TextLine] {
    var lines = [TextLine("Repositories: ")]
    let rows = repositories.map { repository in
        [
            repository.path == "." ? "[core]" : repository.path, repository.head,
            repository.updatedOn.map(instant) ?? "", repository.updatedBy ?? "",
        ].map(cell)
    }
    if !rows.isEmpty {
        let titles = ["REPOSITORY", "HEAD", "UPDATED ON", "UPDATED BY"]
        lines += tableLines([titles] + rows).map { TextLine($0) }
    }
    for repository in repositories {
        guard let problem = repository.problem else { continue }
        lines.append(TextLine("  Error: \(repository.path): \(cell(problem))", .bad))
    }
    if let problem { lines.append(TextLine("  Error: \(cell(problem))", .bad)) }
    return lines
}

/// Rows whose cells have two spaces before them, are padded to the widest of their column, and
/// have a tab behind them.
private func tableLines(_ rows: [[String]]) -> [String] {
    let columns = rows.first?.indices ?? 0..<0
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        zip(row, widths).map { cell, width in
            "  \(cell)\(String(repeating: " ", count: width - cell.count))\t"
        }.joined()
    }
}

/// What a cell shows: nothing in it moves or hides others, and no tab ends it.
private func cell(_ text: String) -> String {
    escaped(text).split(separator: "\t", omittingEmptySubsequences: false).joined(separator: " ")
}

private func planLines(_ plan: PlanDocument) -> [TextLine] {
    var lines = plan.behind.map { TextLine("WARNING: THIS SERVER IS BEHIND: \($0)", .bad) }
    if !plan.behind.isEmpty {
        lines.append(TextLine("WARNING: the following would take that server back.", .bad))
    }
    lines.append(TextLine("The following actions will be performed:"))
    return lines + plan.steps.map(planLine)
}

private func planLine(_ step: PlanStepDocument) -> TextLine {
    let (from, to) = (step.from ?? "", step.to ?? "")
    switch step.action {
    case "ok": return TextLine("OK: \(step.path) is in sync")
    case "clone": return TextLine("clone: \(step.path) at \(to)")
    case "checkout": return TextLine("checkout: \(step.path) \(from) -> \(to)")
    case "extra": return TextLine("extra: \(step.path) (kept; --prune removes)")
    default: return TextLine("\(step.action): \(step.path) (\(step.reason ?? ""))", .warning)
    }
}
