// SPDX-License-Identifier: Apache-2.0

/// Makes inputs out of those of a corpus, the same ones for the same seed.
struct Mutator {
    /// Larger inputs are cut; every limit of a decoder has its own test.
    ///
    /// Unit: bytes.
    static let longest = 65_536

    private var generator: Generator
    private let shape: Shape
    private let corpus: [[UInt8]]

    /// - Parameter corpus: at least one input.
    init(seed: UInt64, shape: Shape, corpus: [[UInt8]]) {
        generator = Generator(seed: seed)
        self.shape = shape
        self.corpus = corpus
    }

    mutating func next() -> [UInt8] {
        let input = generator.pick(corpus)
        var prefix = Array(input.prefix(shape.prefix))
        var rest = Array(input.dropFirst(shape.prefix))
        if !prefix.isEmpty, generator.oneIn(2) {
            prefix[generator.below(prefix.count)] = generator.byte()
        }
        let rounds = generator.oneIn(8) ? 12 : 1 + generator.below(3)
        for _ in 0..<rounds { change(&rest) }
        return Array((prefix + rest).prefix(Self.longest))
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        if generator.oneIn(16) {
            splice(&bytes)
            return
        }
        switch shape.form {
        case .bytes:
            ByteMutation.apply(to: &bytes, &generator)
        case .message:
            changeMessage(&bytes)
        case .frames:
            var frames = Frames.split(bytes)
            change(&frames)
            bytes = Frames.join(frames)
        case .text(let words):
            if generator.oneIn(2) {
                let word = Array(generator.pick(words).utf8)
                let start = generator.below(bytes.count + 1)
                let end = start + generator.below(min(8, bytes.count - start + 1))
                bytes.replaceSubrange(start..<end, with: word)
            } else {
                ByteMutation.apply(to: &bytes, &generator)
            }
        }
    }

    private mutating func changeMessage(_ bytes: inout [UInt8]) {
        guard !generator.oneIn(3), var fields = MessageField.parse(bytes), !fields.isEmpty else {
            ByteMutation.apply(to: &bytes, &generator)
            return
        }
        MessageMutation.apply(to: &fields, &generator)
        bytes = MessageField.join(fields)
    }

    private mutating func change(_ frames: inout [[UInt8]]) {
        guard !frames.isEmpty, !generator.oneIn(8) else {
            let index = generator.below(frames.count + 1)
            if generator.oneIn(2), index < frames.count {
                frames.remove(at: index)
            } else {
                frames.insert(frames.isEmpty ? [] : generator.pick(frames), at: index)
            }
            return
        }
        changeMessage(&frames[generator.below(frames.count)])
    }

    /// Replaces the end by that of another input.
    private mutating func splice(_ bytes: inout [UInt8]) {
        let other = generator.pick(corpus).dropFirst(shape.prefix)
        let end = other.dropFirst(generator.below(other.count + 1))
        bytes.replaceSubrange(generator.below(bytes.count + 1)..., with: end)
    }
}
