// SPDX-License-Identifier: Apache-2.0

/// A key as it stands in a document, known or not.
private struct FoundKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// Refuses a document with a key of another name: what was meant to be said would be lost.
///
/// - Throws: `ErrorDocument` which names the key; `DecodingError` where it is no object.
func refuseOtherKeys<Keys: CodingKey & CaseIterable>(
    than known: Keys.Type, in decoder: any Decoder
) throws {
    let names = known.allCases.map(\.stringValue)
    let other = try decoder.container(keyedBy: FoundKey.self).allKeys.map(\.stringValue)
        .filter { !names.contains($0) }.min()
    guard let other else { return }
    throw ErrorDocument(
        code: "bad-request",
        message: "expected the keys \(names.joined(separator: ", ")), found \(other.prefix(100))",
        exitStatus: ExitStatus.usage)
}
