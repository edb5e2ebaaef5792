// SPDX-License-Identifier: Apache-2.0

/// What a mutator knows of an input.
struct Shape: Sendable {
    enum Form: Sendable {
        case bytes
        /// A message of Protocol Buffers.
        case message
        /// A list of frames, each perhaps a message.
        case frames
        /// Text, with words that mean something in it.
        case text([String])
    }

    /// Unit: bytes in front, which are no part of the form.
    let prefix: Int
    let form: Form

    static let bytes = Shape(prefix: 0, form: .bytes)
    static let message = Shape(prefix: 0, form: .message)
    static let frames = Shape(prefix: 0, form: .frames)
    /// A byte that says whether to sign, and frames.
    static let signed = Shape(prefix: 1, form: .frames)

    static func bytes(after prefix: Int) -> Shape { Shape(prefix: prefix, form: .bytes) }
    static func message(after prefix: Int) -> Shape { Shape(prefix: prefix, form: .message) }
    static func frames(after prefix: Int) -> Shape { Shape(prefix: prefix, form: .frames) }
    static func text(_ words: [String]) -> Shape { Shape(prefix: 0, form: .text(words)) }

    /// The input without bytes behind its last frame, which no decoder sees.
    func normal(_ input: [UInt8]) -> [UInt8] {
        guard prefix == 0, case .frames = form else { return input }
        return Frames.join(Frames.split(input))
    }
}
