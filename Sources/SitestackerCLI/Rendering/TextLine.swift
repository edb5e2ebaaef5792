// SPDX-License-Identifier: Apache-2.0
import ClusterModel

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

/// An instant as ``WallTime`` shows it.
///
/// Unit: milliseconds since 1970.
func instant(_ milliseconds: UInt64) -> String {
    WallTime(milliseconds: milliseconds).description
}
