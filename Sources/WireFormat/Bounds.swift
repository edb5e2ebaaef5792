// SPDX-License-Identifier: Apache-2.0
import ClusterModel

/// The checks that every codec makes in both directions.
enum Bounds {
    static func check<Number: BinaryInteger & Sendable>(
        _ number: Number, in range: ClosedRange<Number>, _ operation: String, _ field: String
    ) throws(WireError) {
        guard range.contains(number) else {
            throw WireError(
                .outOfRange, operation,
                expected: "\(field) from \(range.lowerBound) to \(range.upperBound)",
                found: "\(number)")
        }
    }

    static func check(_ log: EpochID, _ operation: String) throws(WireError) {
        try check(
            log.epoch.counter, in: 1...WireLimits.position, operation, "epoch counter")
    }

    static func check(
        _ position: SequenceNumber, _ operation: String, _ field: String = "sequence number"
    ) throws(WireError) {
        try check(position.value, in: 1...WireLimits.position, operation, field)
    }

    static func check(_ wall: WallTime, _ operation: String) throws(WireError) {
        try check(wall.milliseconds, in: 0...WireLimits.wall, operation, "wall time")
    }

    /// Any text of limited length.
    static func check(
        text: String, upTo limit: Int, _ operation: String, _ field: String, from least: Int = 0
    ) throws(WireError) {
        let count = text.utf8.count
        guard count <= limit else {
            throw WireError(
                .aboveLimit, operation, expected: "\(field) of at most \(limit) bytes",
                found: "\(count) bytes")
        }
        guard count >= least else {
            throw WireError(
                .missing, operation, expected: "\(field) of at least \(least) bytes",
                found: "\(count) bytes")
        }
    }

    /// A text that people type and terminals show: no control characters.
    static func check(
        name: String, upTo limit: Int, _ operation: String, _ field: String, from least: Int = 1
    ) throws(WireError) {
        try check(text: name, upTo: limit, operation, field, from: least)
        // C0 and DEL are single bytes; C1 is U+0080 to U+009F: C2 80 to C2 9F.
        var before: UInt8 = 0
        for byte in name.utf8 {
            guard byte >= 0x20, byte != 0x7F, !(before == 0xC2 && byte < 0xA0) else {
                throw WireError(
                    .forbiddenText, operation, expected: "\(field) without control characters",
                    found: "byte \(byte)")
            }
            before = byte
        }
    }

    /// The ID of a commit, as git writes it in full.
    static func check(commit: String, _ operation: String) throws(WireError) {
        let digits = commit.utf8
        guard digits.count == 40 || digits.count == 64,
            digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else {
            throw WireError(
                .forbiddenText, operation,
                expected: "a commit of 40 or 64 lower-case hexadecimal digits",
                found: "\(digits.count) bytes")
        }
    }

    static func check(
        count: Int, upTo limit: Int, _ operation: String, _ field: String, from least: Int = 0
    ) throws(WireError) {
        guard count <= limit else {
            throw WireError(
                .aboveLimit, operation, expected: "at most \(limit) \(field)", found: "\(count)")
        }
        guard count >= least else {
            throw WireError(
                .missing, operation, expected: "at least \(least) \(field)", found: "\(count)")
        }
    }

    /// Each element after the one before it: no duplicates, one order.
    static func checkAscending<Element>(
        _ list: [Element], _ operation: String, _ field: String,
        by precedes: (Element, Element) -> Bool
    ) throws(WireError) {
        for (left, right) in zip(list, list.dropFirst()) where !precedes(left, right) {
            throw WireError(
                .notAscending, operation, expected: "\(field) in strictly ascending order",
                found: "one that is not after the one before it")
        }
    }
}
