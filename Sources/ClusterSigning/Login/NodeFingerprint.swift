// SPDX-License-Identifier: Apache-2.0
public import ClusterModel

/// What two people compare to be sure of a node's keys: four words of four digits.
///
/// 64 bits: enough against whoever has to find another pair of keys with the same one.
public struct NodeFingerprint: Hashable, Sendable, CustomStringConvertible {
    /// The words, joined by hyphens.
    public let description: String

    /// The fingerprint of a node's two public keys.
    public init(nodeKey: NodeKey, curveKey: CurveKey) {
        let digits = Array(Digest(hashing: nodeKey.bytes + curveKey.bytes).short)
        description = stride(from: 0, to: digits.count, by: 4)
            .map { String(digits[$0..<min($0 + 4, digits.count)]) }.joined(separator: "-")
    }

    /// Whether a person typed this one; case, spaces and hyphens are no difference.
    public func matches(_ text: String) -> Bool {
        Self.plain(text) == Self.plain(description)
    }

    private static func plain(_ text: String) -> String {
        text.lowercased().filter { $0 != "-" && $0 != " " }
    }
}
