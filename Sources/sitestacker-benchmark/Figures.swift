// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Prints figures, one JSON object a line, as the peers' programs do.
enum Figures {
    /// Prints one.
    static func print(_ what: String, _ value: Double, _ unit: String) {
        let rounded = (value * 1_000).rounded() / 1_000
        Swift.print(
            """
            {"what":"\(what)","peer":"sitestacker","value":\(rounded),"unit":"\(unit)"}
            """)
        fflush(nil)
    }

    /// Prints median and 99th percentile.
    ///
    /// - Parameter nanoseconds: In any order.
    static func printPercentiles(_ what: String, _ nanoseconds: [UInt64]) {
        let sorted = nanoseconds.sorted()
        guard !sorted.isEmpty else { return }
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let index = Int((share * Double(sorted.count - 1)).rounded())
            print("\(what).\(name)", Double(sorted[index]) / 1_000, "us")
        }
    }

    /// Prints how long events were under way: to any subscriber, and to the last of all.
    static func printLatency(_ board: Scoreboard, events: Int) {
        var each: [UInt64] = []
        var last: [UInt64] = []
        var lost = 0
        for event in 0..<events {
            let times = (0..<Scoreboard.subscriberCount)
                .map { board.received(event, by: $0) }.filter { $0 > 0 }
            let delays = times.map { $0 - board.sent(event) }
            each += delays
            lost += Scoreboard.subscriberCount - times.count
            if times.count == Scoreboard.subscriberCount, let slowest = delays.max() {
                last.append(slowest)
            }
        }
        printPercentiles("event.oneway", each)
        printPercentiles("event.last3", last)
        print("event.latency.lost", Double(lost), "events")
    }
}
