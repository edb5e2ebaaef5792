// SPDX-License-Identifier: Apache-2.0
import AdminAPI

/// One event in one line: when, ID, kind, where, who, what.
func eventLine(_ event: EventDocument) -> String {
    var fields = [instant(event.time), event.id, event.kind, event.node]
    fields.append(event.user ?? "-")
    fields.append(event.summary)
    if event.disposition != "accepted" { fields.append("(\(event.disposition))") }
    return fields.joined(separator: "  ")
}

/// One event with what came of it, node by node.
func eventLines(_ event: EventDocument) -> [TextLine] {
    var lines = [
        TextLine("Event: \(event.id)"), TextLine("Kind: \(event.kind)"),
        TextLine("Time: \(instant(event.time))"), TextLine("Node: \(event.node)"),
        TextLine("User: \(event.user ?? "-")"), TextLine("What: \(event.summary)"),
        TextLine(
            "Here: \(event.disposition)", event.disposition == "accepted" ? .plain : .warning),
    ]
    for outcome in event.outcomes ?? [] { lines += outcomeLines(outcome) }
    return lines
}

/// Whether a node said that it failed.
func hasFailed(_ outcome: OutcomeDocument) -> Bool {
    ["failed", "parked", "refused"].contains(outcome.outcome)
        || outcome.steps.contains { $0.failure != nil }
}

/// Whether a step says that no cache of its node knows some part of the order.
func isAbsence(_ step: StepDocument) -> Bool {
    step.target == "caches" && step.action.hasPrefix("nothing to clear")
}

/// What came of an event on one node: a line for each step, and one for what no step says.
func outcomeLines(_ outcome: OutcomeDocument) -> [TextLine] {
    var lines = outcome.steps.map { stepLine($0, node: outcome.node) }
    let isTold = outcome.steps.contains { step in
        guard let failure = step.failure else { return false }
        // The reason of a failed clear is that of a failed step, with the cache in front of it.
        return outcome.reason?.hasSuffix(failure) ?? true
    }
    if !isTold, lines.isEmpty || hasFailed(outcome) || outcome.reason != nil {
        var text = "\(outcome.node)  \(outcome.outcome)"
        if let reason = outcome.reason { text += ": \(reason)" }
        let style: Output.Style =
            hasFailed(outcome) ? .bad : (outcome.outcome == "pending" ? .warning : .plain)
        lines.append(TextLine(text, style))
    }
    return lines
}

private func stepLine(_ step: StepDocument, node: String) -> TextLine {
    var fields = [node, step.target, step.action]
    if let failure = step.failure {
        fields.append("FAILED: \(failure)")
    } else if !step.action.hasPrefix("nothing to clear") {
        fields.append("cleared")
    }
    fields += step.proof.map { "\($0.counter) \($0.before) -> \($0.after)" }
    fields.append(milliseconds(ofMicroseconds: step.microseconds))
    return TextLine(fields.joined(separator: "  "), step.failure == nil ? .plain : .bad)
}

/// What one line of an invalidation says to people; nothing for the first one.
func invalidationLines(_ line: InvalidateLine) -> [TextLine] {
    var lines: [TextLine] = []
    if let outcome = line.outcome { lines += outcomeLines(outcome) }
    for node in line.silent ?? [] {
        let isLoggedOut = line.notLoggedIn?.contains(node) ?? false
        lines.append(
            TextLine("\(node)  \(isLoggedOut ? "not logged in" : "did not answer in time")", .bad))
    }
    return lines
}
