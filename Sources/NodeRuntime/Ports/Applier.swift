// SPDX-License-Identifier: Apache-2.0

public import ClusterModel

/// Brings this host to the state that an event describes.
///
/// Must be idempotent: after a crash between effect and record it runs again. Never blocks a thread
/// of the cooperative pool. Failures are data, so that they can travel to the origin.
public protocol CacheClearer: Sendable {
    /// Clears what the invalidation names in every configured cache, and proves it.
    ///
    /// One step per cache and action, failed ones included; empty where no cache is configured.
    func clear(_ invalidation: Invalidation) async -> [StepReceipt]
}

/// Runs what the configuration says shall happen on an application event.
public protocol EventReactor: Sendable {
    /// Runs the reaction at an index of the configuration; `nil` where it succeeded, else why not.
    ///
    /// At least once: the same event may come again, with the same ID.
    func react(_ index: Int, to event: ApplicationEvent, payload: [UInt8], id: EventID) async
        -> String?
}

/// Both clocks of the host.
public protocol HostClock: Sendable {
    /// Reads both.
    func now() -> Moment
}
