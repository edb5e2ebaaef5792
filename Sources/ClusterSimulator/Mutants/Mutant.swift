// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel

/// A core that was broken on purpose, to see whether the checkers would find it.
public enum Mutant: String, CaseIterable, Sendable {
    /// Takes appends for durable when it asks for them.
    case confirmBeforeFsync = "confirm-before-fsync"

    func core(
        _ recovered: RecoveredState, image: LogImage, simulation: Simulation
    ) -> any SimulatedCore {
        Replicator(recovered)
    }
}
