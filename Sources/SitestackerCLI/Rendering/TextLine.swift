// SPDX-License-Identifier: Apache-2.0

/// A line for people, and how it stands out.
struct TextLine: Hashable {
    let text: String
    let style: Output.Style

    init(_ text: String, _ style: Output.Style = .plain) {
        self.text = text
        self.style = style
    }
}

/// A duration in milliseconds with one decimal, such as `3.1 ms`.
func milliseconds(ofMicroseconds count: UInt64) -> String {
    let tenths = count / 100 + (count % 100 >= 50 ? 1 : 0)
    return "\(tenths / 10).\(tenths % 10) ms"
}

/// An instant as `2026-11-23 11:20:33Z`; the number itself beyond the year 9999.
///
/// Unit: milliseconds since 1970. Source: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", civil_from_days.
func instant(_ milliseconds: UInt64) -> String {
    let seconds = milliseconds / 1000
    guard seconds < 253_402_300_800 else { return "\(milliseconds) ms" }
    let days = Int(seconds / 86_400) + 719_468
    let era = days / 146_097
    let dayOfEra = days % 146_097
    let yearOfEra =
        (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let time = Int(seconds % 86_400)
    return "\(padded(year, 4))-\(padded(month))-\(padded(day)) "
        + "\(padded(time / 3600)):\(padded(time / 60 % 60)):\(padded(time % 60))Z"
}

private func padded(_ number: Int, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
