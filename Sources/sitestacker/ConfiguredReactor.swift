// SPDX-License-Identifier: Apache-2.0
internal import CacheTargets
internal import ClusterCore
internal import ClusterModel
internal import HTTPTransport
internal import NodeConfiguration
internal import NodeRuntime
internal import ProgramRunner
internal import Synchronization

/// Runs what the configuration says shall happen on an application event.
///
/// A handler may hang, fail or talk without end: it has a deadline, its output is bounded, and it
/// never holds up anything but the next event of its own topic.
///
/// Law: a reaction keeps its index as long as the process runs, so that what waits to be run when
/// the configuration changes never meets another program.
final class ConfiguredReactor: EventReactor {
    /// No topic is empty, so this matches none.
    private static let nothing = ""

    private let known = Mutex<[EventReaction]>([])
    private let site: String

    init(site: String) {
        self.site = site
    }

    /// Takes the reactions of a configuration.
    ///
    /// - Returns: The rules by index; those of former configurations match nothing any more.
    func take(_ reactions: [EventReaction]) -> [ReactionRule] {
        known.withLock { known in
            known += reactions.filter { !known.contains($0) }
            return known.map {
                ReactionRule(
                    TopicPattern(reactions.contains($0) ? $0.topic : ConfiguredReactor.nothing),
                    attempts: $0.retries + 1)
            }
        }
    }

    func react(
        _ index: Int, to event: ApplicationEvent, payload: [UInt8], id: EventID
    ) async -> String? {
        let known = known.withLock { $0 }
        guard known.indices.contains(index) else { return "no such handler" }
        let reaction = known[index]
        switch reaction.action {
        case .run(let words):
            return await run(words, event, payload, id, within: reaction.timeout)
        case .post(let address):
            return await post(payload, to: address, id, within: reaction.timeout)
        }
    }

    private func run(
        _ words: [String], _ event: ApplicationEvent, _ payload: [UInt8], _ id: EventID,
        within timeout: Duration
    ) async -> String? {
        do {
            let owner = try ProgramOwner.ofTree(site)
            let result = try await ProgramRunner().run(
                ProgramCall(
                    words, in: site,
                    environment: ProgramEnvironment.clean(
                        for: owner,
                        adding: [
                            "SITESTACKER_EVENT_ID": id.description,
                            "SITESTACKER_TOPIC": event.topic, "SITESTACKER_SITE": site,
                        ]), input: payload, deadline: timeout, owner: owner))
            guard !result.isSuccess else { return nil }
            return "\(words.first ?? ""): \(result.ending) \(result.lastComplaint)"
        } catch {
            return "\(error)"
        }
    }

    private func post(
        _ payload: [UInt8], to address: WebAddress, _ id: EventID, within timeout: Duration
    ) async -> String? {
        do {
            try await WebExchange(try WebPlace(address), timeout: timeout).post(
                payload, type: "application/octet-stream",
                fields: [HTTPField("sitestacker-event-id", id.description)])
            return nil
        } catch {
            return "\(error)"
        }
    }
}
