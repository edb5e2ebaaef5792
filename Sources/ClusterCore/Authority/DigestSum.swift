// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// A digest of a set that does not depend on the order: the sum of its members modulo 2^256.
///
/// The members are hashes or public keys already, so equal sums mean equal sets unless somebody
/// worked for it: sums of chosen hashes can be made to collide (Wagner, "A generalized birthday
/// problem", 2002). That is why it only says *when* to compare the lists of hashes, never what is
/// true; members compare whole lists when they link, too.
/// Law: adding is commutative and associative; each member is to be added once.
struct DigestSum: Hashable, Sendable {
    private var words: [UInt64] = [0, 0, 0, 0]

    /// Adds a member, times a small factor.
    mutating func add(_ member: Bytes32, times factor: UInt32 = 1) {
        var addend = Self.words(of: member)
        var carry: UInt64 = 0
        for index in addend.indices.reversed() {
            let product = addend[index].multipliedFullWidth(by: UInt64(factor))
            let (low, overflow) = product.low.addingReportingOverflow(carry)
            addend[index] = low
            carry = product.high &+ (overflow ? 1 : 0)
        }
        carry = 0
        for index in words.indices.reversed() {
            let (half, first) = words[index].addingReportingOverflow(addend[index])
            let (sum, second) = half.addingReportingOverflow(carry)
            words[index] = sum
            carry = first || second ? 1 : 0
        }
    }

    /// The sum; `Digest.none` for the empty set.
    var digest: Digest {
        var bytes: [UInt8] = []
        for word in words {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return Digest(bytes: bytes) ?? .none
    }

    private static func words(of member: Bytes32) -> [UInt64] {
        let bytes = member.bytes
        return stride(from: 0, to: 32, by: 8).map { start in
            bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
