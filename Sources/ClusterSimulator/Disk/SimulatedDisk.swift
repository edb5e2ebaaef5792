// SPDX-License-Identifier: Apache-2.0

/// A disk with group commits that take time, and fail or are cut short as the seed wants.
///
/// Law: a completion without a failure means that the operation, and every one submitted before
/// it, is in `image`; a power cut keeps `image`, and the group under way whole or not at all.
struct SimulatedDisk {
    /// Called with why it failed; `nil` where it is on disk.
    typealias Completion = (Simulation, String?) -> Void

    private struct Group {
        var operations: [[DiskOperation]] = []
        var completions: [Completion] = []
    }

    /// What survives.
    private(set) var image = LogImage()
    /// How often what was on it has been lost or put back to an earlier state.
    private(set) var losses = 0
    /// How often the power was cut: commits begun before are void.
    private(set) var cuts = 0
    /// Whether there is no room.
    var isFull = false
    /// How long a commit takes at least, and at most.
    var latency: (least: VirtualTime, most: VirtualTime) = (.microseconds(200), .milliseconds(4))
    /// What impossible thing was asked of it.
    private(set) var conflict: String?
    private var waiting = Group()
    private var committing: Group?

    /// Adds operations to the next group; returns whether a commit is to be begun.
    mutating func submit(
        _ operations: [DiskOperation], completion: @escaping Completion
    ) -> Bool {
        waiting.operations.append(operations)
        waiting.completions.append(completion)
        return committing == nil
    }

    /// Begins to commit what waits; returns whether there is anything.
    mutating func beginCommit() -> Bool {
        guard committing == nil, !waiting.operations.isEmpty else { return false }
        committing = waiting
        waiting = Group()
        return true
    }

    /// Ends the commit under way.
    mutating func endCommit() -> (completions: [Completion], failure: String?) {
        guard let group = committing else { return ([], nil) }
        committing = nil
        guard !isFull else {
            // What was submitted meanwhile may build on what failed: it fails too.
            let completions = group.completions + waiting.completions
            waiting = Group()
            return (completions, "no space left on device")
        }
        switch image.performing(group.operations.flatMap { $0 }) {
        case .success(let next):
            image = next
            return (group.completions, nil)
        case .failure(let found):
            conflict = found.text
            return (group.completions, found.text)
        }
    }

    /// The power goes: the group under way is on disk or not, as `keepsGroup` says.
    mutating func cutPower(keepsGroup: Bool) {
        if keepsGroup, !isFull, let group = committing,
            case .success(let next) = image.performing(group.operations.flatMap { $0 })
        {
            image = next
        }
        committing = nil
        waiting = Group()
        cuts += 1
    }

    /// Everything on it is replaced: by a backup, by nothing, by another machine's.
    mutating func replace(by other: LogImage) {
        cutPower(keepsGroup: false)
        image = other
        losses += 1
    }
}
