// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// What a test waited for in vain.
public struct Overdue: Error, CustomStringConvertible {
    /// What did not come true.
    public let description: String

    /// Says what did not come true.
    public init(description: String) { self.description = description }
}

/// Waits until there is a value; nothing in a test waits for time itself.
///
/// - Parameter what: Said where it does not come in time.
/// - Throws: `Overdue`; what the condition throws; `CancellationError`.
@discardableResult
public func eventually<Value>(
    _ what: String, within timeout: Duration = .seconds(90),
    _ condition: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + timeout
    while true {
        if let value = try await condition() { return value }
        try Task.checkCancellation()
        guard ContinuousClock.now < deadline else {
            throw Overdue(description: "waited \(timeout) for: \(what)")
        }
        await nextLook()
    }
}

/// Waits until a condition holds.
///
/// - Throws: As for a value.
public func eventually(
    _ what: String, within timeout: Duration = .seconds(90),
    holds condition: () async throws -> Bool
) async throws {
    try await eventually(what, within: timeout) { try await condition() ? () : nil }
}

/// Lets others run between two looks at what only another process makes true.
private func nextLook() async {
    await withCheckedContinuation { continuation in
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(10)) {
            continuation.resume()
        }
    }
}
