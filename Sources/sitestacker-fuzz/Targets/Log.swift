// SPDX-License-Identifier: Apache-2.0
import EventLogSQLite

extension FuzzTarget {
    /// What the log keeps as text.
    static let log: [FuzzTarget] = [
        tolerant(
            "step-column",
            .text(["[]", "{", "}", ",", "null", "\"", "\\u0000", "\\ud800", "-1", "1e3", "0.5"])
        ) {
            try StepColumn.decode(String(decoding: $0, as: UTF8.self))
        } encode: {
            Array((try StepColumn.encode($0) ?? "[]").utf8)
        }
    ]
}
