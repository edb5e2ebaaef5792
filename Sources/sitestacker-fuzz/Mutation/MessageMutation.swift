// SPDX-License-Identifier: Apache-2.0

/// One field of a message of Protocol Buffers, read without its schema.
///
/// Source: protobuf.dev, "Encoding".
struct MessageField {
    enum Content {
        case varint(UInt64)
        case fixed64([UInt8])
        case bytes([UInt8])
        case fixed32([UInt8])
    }

    var number: UInt64
    var content: Content

    /// The fields of a message; `nil` where the bytes are none.
    static func parse(_ bytes: [UInt8]) -> [MessageField]? {
        var rest = bytes[...]
        var fields: [MessageField] = []
        while !rest.isEmpty {
            guard let tag = varint(&rest) else { return nil }
            let content: Content
            switch tag & 7 {
            case 0:
                guard let number = varint(&rest) else { return nil }
                content = .varint(number)
            case 1:
                guard rest.count >= 8 else { return nil }
                content = .fixed64(Array(rest.prefix(8)))
                rest = rest.dropFirst(8)
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return nil }
                content = .bytes(Array(rest.prefix(Int(length))))
                rest = rest.dropFirst(Int(length))
            case 5:
                guard rest.count >= 4 else { return nil }
                content = .fixed32(Array(rest.prefix(4)))
                rest = rest.dropFirst(4)
            default:
                return nil
            }
            fields.append(MessageField(number: tag >> 3, content: content))
        }
        return fields
    }

    static func join(_ fields: [MessageField]) -> [UInt8] {
        fields.flatMap { field -> [UInt8] in
            switch field.content {
            case .varint(let number): varint(field.number << 3) + varint(number)
            case .fixed64(let bytes): varint(field.number << 3 | 1) + bytes
            case .bytes(let bytes):
                varint(field.number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
            case .fixed32(let bytes): varint(field.number << 3 | 5) + bytes
            }
        }
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }

    private static func varint(_ number: UInt64) -> [UInt8] {
        var number = number
        var bytes: [UInt8] = []
        while number >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
            number >>= 7
        }
        return bytes + [UInt8(number)]
    }
}

/// A change of a message that leaves it one, with the lengths around the change put right.
enum MessageMutation: CaseIterable {
    case remove
    case double
    case swap
    case renumber
    case content

    static func apply(to fields: inout [MessageField], _ generator: inout Generator) {
        let index = generator.below(fields.count)
        // Most of a message is what its fields hold.
        switch generator.oneIn(2) ? .content : generator.pick(allCases) {
        case .remove: fields.remove(at: index)
        case .double: fields.insert(fields[index], at: generator.below(fields.count + 1))
        case .swap: fields.swapAt(index, generator.below(fields.count))
        case .renumber: fields[index].number = UInt64(1 + generator.below(20))
        case .content: change(&fields[index].content, &generator)
        }
    }

    private static func change(
        _ content: inout MessageField.Content, _ generator: inout Generator
    ) {
        switch content {
        case .varint(let number):
            let delta = generator.pick([1, UInt64.max])
            content = .varint(
                generator.oneIn(2) ? number &+ delta : generator.pick(ByteMutation.numbers))
        case .fixed64(var bytes):
            bytes[generator.below(8)] = generator.byte()
            content = .fixed64(bytes)
        case .fixed32(var bytes):
            bytes[generator.below(4)] = generator.byte()
            content = .fixed32(bytes)
        case .bytes(var bytes):
            if !generator.oneIn(4), var fields = MessageField.parse(bytes), !fields.isEmpty {
                apply(to: &fields, &generator)
                content = .bytes(MessageField.join(fields))
            } else {
                ByteMutation.apply(to: &bytes, &generator)
                content = .bytes(bytes)
            }
        }
    }
}
