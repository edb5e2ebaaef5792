// SPDX-License-Identifier: Apache-2.0
public import ArgumentParser

/// A duration as commands take it: a whole number with a unit, such as `500ms`, `30s`, `2m`, `1h`.
public struct DurationArgument: Sendable, Hashable, ExpressibleByArgument {
    /// The longest that may be asked for.
    ///
    /// Unit: milliseconds. Limit: 24 hours.
    public static let limit: UInt64 = 86_400_000

    /// Unit: milliseconds.
    public let milliseconds: UInt64

    /// A duration of ours, such as a default.
    public init(milliseconds: UInt64) {
        self.milliseconds = milliseconds
    }

    /// Reads a duration; `nil` for anything but a whole number with a unit, within the limit.
    public init?(argument: String) {
        let digits = argument.utf8.prefix { (0x30...0x39).contains($0) }
        let units: [String: UInt64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
        guard (1...9).contains(digits.count), digits.count == 1 || digits.first != 0x30,
            let value = UInt64(String(Substring(digits))),
            let unit = units[String(argument.dropFirst(digits.count))],
            value * unit <= Self.limit
        else { return nil }
        milliseconds = value * unit
    }

    /// The duration itself.
    public var duration: Duration { .milliseconds(Int64(milliseconds)) }
    /// How `--help` shows a default.
    public var defaultValueDescription: String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}
