// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Foundation
import Testing

@testable import ClusterCore

/// Runs the transcripts in `Scenarios`: commands, `----`, and what they led to.
///
/// `REWRITE=1 swift test --filter ScenarioTests` writes what they lead to now; review the
/// difference like code.
@Suite struct ScenarioTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Scenarios")

    static var names: [String] {
        let files = FileManager.default.subpaths(atPath: folder.path()) ?? []
        return files.filter { $0.hasSuffix(".txt") }.sorted()
    }

    @Test func `there are scenarios`() { #expect(Self.names.count >= 5) }

    @Test(arguments: ScenarioTests.names)
    func `a scenario leads to what its transcript says`(name: String) throws {
        let file = Self.folder.appending(path: name)
        let expected = try String(contentsOf: file, encoding: .utf8)
        var scenario = Scenario()
        let found = scenario.replay(expected)
        if ProcessInfo.processInfo.environment["REWRITE"] == "1" {
            try found.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(found == expected)
        }
    }
}

/// Reads commands and writes down what the cores then ask for.
struct Scenario {
    private var cluster = TestCluster(count: 1)
    private var told: [Int] = []
    private var loses: Set<Int> = []

    /// Runs the commands of every block; returns the text with the outputs of this run.
    mutating func replay(_ text: String) -> String {
        var result = ""
        var commands: [String] = []
        var isOutput = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "----" {
                isOutput = true
                result += "----\n"
                for command in commands { run(command) }
                for output in takeOutput() { result += output + "\n" }
                commands = []
            } else if line.isEmpty {
                if isOutput { result += "\n" }
                isOutput = false
            } else if !isOutput {
                result += line + "\n"
                if !line.hasPrefix("#") { commands.append(String(line)) }
            }
        }
        while result.hasSuffix("\n\n") { result.removeLast() }
        return result
    }

    private mutating func run(_ command: String) {
        let words = command.split(separator: " ").map(String.init)
        let numbers = words.dropFirst().compactMap { Int($0) }
        switch (words[0], numbers.first) {
        case ("nodes", let count?):
            cluster = TestCluster(count: count, handlers: Array(words.dropFirst(2)))
            told = Array(repeating: 0, count: count)
        case ("start", let node?): cluster.start(node)
        case ("start", nil): cluster.startAll()
        case ("run", let milliseconds?): cluster.run(for: .milliseconds(milliseconds))
        case ("kill", let node?): cluster.kill(node)
        case ("lose", let node?):
            loses.insert(node)
            let loses = loses
            cluster.losesBroadcast = { peer, _ in loses.contains(peer) }
        case ("keep", _):
            loses = []
            cluster.losesBroadcast = { _, _ in false }
        case ("cut", _): cluster.cut = [numbers, numbers.reversed()]
        case ("heal", _): cluster.cut = []
        case ("fail", let node?): cluster.diskFails.insert(node)
        case ("mend", let node?): cluster.diskFails.remove(node)
        case ("quiet", _): told = cluster.effects.map(\.count)
        case ("invalidate", let node?): _ = cluster.publish(node, [.invalidation(.plain)])
        case ("publish", let node?):
            let level: ConfirmationLevel =
                words.contains("local") ? .local : words.contains("one") ? .one : .all
            _ = cluster.publish(
                node, [Forge.application(words.last ?? "")], level: level,
                timeout: .seconds(2))
        default: Issue.record("unknown command: \(command)")
        }
    }

    private mutating func takeOutput() -> [String] {
        var lines: [String] = []
        for node in cluster.effects.indices {
            for effect in cluster.effects[node].dropFirst(told[node]) {
                if let line = Self.describe(effect) { lines.append("\(node) \(line)") }
            }
        }
        told = cluster.effects.map(\.count)
        return lines
    }

    private static func name(_ node: NodeID) -> String { String(node.raw.bytes[0] - 1) }

    private static func name(_ log: EpochID) -> String {
        "\(name(log.origin))/\(log.epoch.counter)"
    }

    private static func name(_ range: EventRange) -> String {
        "\(name(range.log)) \(range.first)...\(range.last)"
    }

    /// One line for an effect; none for beacons and for what is written down of watermarks.
    private static func describe(_ effect: Effect) -> String? {
        switch effect {
        case .persistEpoch(let epoch): "persist epoch \(epoch.counter)"
        case .seal(let draft): "seal \(name(draft.log)) \(draft.first) (\(draft.events.count))"
        case .broadcast(let batch): "broadcast \(name(batch.header.range))"
        case .resolve(let ticket, let result): "resolve \(ticket.number) \(describe(result))"
        case .append(let entries, _):
            "append " + entries.map { name($0.batch.header.range) }.joined(separator: ", ")
        case .load(let range): "load \(name(range))"
        case .acknowledge(let word, let peer):
            "acknowledge \(name(word.log)) durable \(word.durable) applied \(word.applied) "
                + "to \(name(peer))"
        case .requestReplay(let request, let peer):
            "request \(name(request.log)) \(request.first)...\(request.last) of \(name(peer))"
        case .serveReplay(let request, _):
            "serve \(name(request.log)) \(request.first)...\(request.last)"
        case .refuseReplay(let request, _, let end): "refuse \(name(request.log)) \(end)"
        case .requestHeads(let peer): "request heads of \(name(peer))"
        case .requestOwnHeads(let peer): "request own heads of \(name(peer))"
        case .requestRecords(let peer): "request records of \(name(peer))"
        case .requestBlob(_, let peer): "request blob of \(name(peer))"
        case .relink(let peer, let attempt, let isFresh):
            "relink \(name(peer)) attempt \(attempt)\(isFresh ? " with a fresh socket" : "")"
        case .deliver(let batch, let indices):
            "deliver \(name(batch.header.log)) "
                + indices.map { "\(batch.id(at: $0).sequence)" }.joined(separator: " ")
        case .apply(let task):
            switch task.work {
            case .clear(let order, sparing: let spared):
                "clear \(order.everything ? "everything" : "as told")"
                    + spared.sorted().map { ", not \($0)" }.joined()
                    + ", attempt \(task.attempt)"
            case .handle(let handler, let id, _):
                "run handler \(handler) for \(name(id.alone)), attempt \(task.attempt)"
            }
        case .recordReceipt(let receipt, let member, _):
            "receipt of \(name(member)) for \(name(receipt.subject)): \(receipt.outcome)"
        case .keepEvidence(let batch): "keep evidence \(name(batch.header.range))"
        case .truncate(let floor): "truncate \(name(floor.log)) \(floor.last)"
        case .jump(let floor): "jump \(name(floor.log)) \(floor.last)"
        case .keepState(let entries, of: let log, through: let last, _):
            "keep state of \(name(log)) through \(last): \(entries.count) batches"
        case .readiness(let readiness):
            readiness.isReady ? "ready" : "not ready: \(readiness.obstacles.count) obstacles"
        case .stop: "stop"
        case .report(let observation): "report \(observation.mark)"
        case .recordClears(let record):
            "record clears: \(record.owesFull ? "a full one is owed" : "no full one is owed")"
        case .authority, .recordApplied, .dispose, .answerHeads, .broadcastBeacon: nil
        }
    }

    private static func describe(_ result: PublishResult) -> String {
        switch result {
        case .confirmed(let range, let holders):
            "confirmed \(name(range)) by \(holders.map { name($0) })"
        case .unconfirmed(let range, let missing):
            "unconfirmed \(name(range)), missing \(missing.map { name($0) })"
        case .unknown: "unknown"
        case .refused(let refusal): "refused: \(refusal)"
        }
    }
}
