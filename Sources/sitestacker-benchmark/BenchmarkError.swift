// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Why there is no figure.
struct BenchmarkError: Error, CustomStringConvertible {
    let operation: String
    let detail: String

    /// What was tried, and what went wrong.
    var description: String { "\(operation): \(detail)" }

    /// What the system call before said.
    static func system(_ operation: String) -> BenchmarkError {
        BenchmarkError(operation: operation, detail: String(cString: strerror(errno)))
    }
}
