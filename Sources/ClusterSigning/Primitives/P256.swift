// SPDX-License-Identifier: Apache-2.0
import CCrypto

/// Arithmetic on P-256 for ``Spake2Plus``, on libcrypto's points and numbers.
///
/// Scalars are marked for constant time and multiplied one at a time, because libcrypto adds two
/// products at once by a faster way that is not constant in time. Points enter only through
/// ``point(_:)``, which checks them; the cofactor is one, so a point on the curve which is not its
/// identity is in the group of prime order.
///
/// Source: EC_POINT_mul(3), BN_mod(3).
struct P256: ~Copyable {
    /// Length of an uncompressed point.
    ///
    /// Unit: bytes.
    static let pointLength = 65
    /// Length of a scalar, the most significant byte first.
    ///
    /// Unit: bytes.
    static let scalarLength = 32
    /// The shortest number whose remainder is practically unbiased.
    ///
    /// Unit: bytes.
    /// Source: RFC 9383, section 3.2.
    static let wideLength = 40

    /// A point that libcrypto owns; overwritten and released with this value.
    struct Point: ~Copyable {
        fileprivate let raw: OpaquePointer

        deinit { EC_POINT_clear_free(raw) }
    }

    /// A number that libcrypto owns; overwritten and released with this value.
    struct Scalar: ~Copyable {
        fileprivate let raw: OpaquePointer

        deinit { BN_clear_free(raw) }
    }

    private struct Scratch: ~Copyable {
        let raw: OpaquePointer

        deinit { BN_CTX_free(raw) }
    }

    private struct Group: ~Copyable {
        let raw: OpaquePointer

        deinit { EC_GROUP_free(raw) }
    }

    private let group: Group
    private let scratch: Scratch

    init() throws(CryptographyError) {
        guard let scratch = BN_CTX_new() else { throw .library("P-256") }
        let ownedScratch = Scratch(raw: scratch)
        guard let group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1) else {
            throw .library("P-256")
        }
        self.scratch = ownedScratch
        self.group = Group(raw: group)
    }

    // MARK: Scalars

    /// Reads a scalar below the group order which is not zero.
    func scalar(_ bytes: SecretBytes) throws(CryptographyError) -> Scalar {
        guard bytes.count == Self.scalarLength else {
            throw .wrongLength("P-256 scalar", expected: "32 bytes", found: bytes.count)
        }
        let number = try number(bytes.withUnsafeBytes { Self.read($0) })
        guard BN_is_zero(number.raw) == 0, BN_cmp(number.raw, EC_GROUP_get0_order(group.raw)) < 0
        else {
            throw CryptographyError(
                .malformedEncoding, operation: "reading a P-256 scalar",
                expected: "a number from 1 below the group order", found: "another number",
                hint: "the stored record is damaged")
        }
        return number
    }

    /// The remainder of a long number by the group order, as a scalar's bytes; never zero.
    func reduce(_ wide: UnsafeRawBufferPointer) throws(CryptographyError) -> SecretBytes {
        let number = try number(Self.read(wide))
        guard let remainder = BN_new() else { throw .library("P-256") }
        let scalar = Scalar(raw: remainder)
        let order = EC_GROUP_get0_order(group.raw)
        guard sitestacker_bn_mod(scalar.raw, number.raw, order, scratch.raw) == 1,
            BN_is_zero(scalar.raw) == 0
        else { throw .library("reducing a number by the order of P-256") }
        var bytes = [UInt8](repeating: 0, count: Self.scalarLength)
        guard BN_bn2binpad(scalar.raw, &bytes, Int32(bytes.count)) == Self.scalarLength else {
            throw .library("writing a P-256 scalar")
        }
        return SecretBytes(moving: &bytes)
    }

    /// A fresh random scalar.
    func randomScalar() throws(CryptographyError) -> SecretBytes {
        let wide = SecretBytes(randomCount: Self.wideLength + 8)
        return try wide.withUnsafeBytes { wide throws(CryptographyError) in try reduce(wide) }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
        BN_bin2bn(
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(bytes.count), nil)
    }

    private func number(_ raw: OpaquePointer?) throws(CryptographyError) -> Scalar {
        guard let raw else { throw .library("reading a number") }
        sitestacker_bn_make_constant_time(raw)
        return Scalar(raw: raw)
    }

    // MARK: Points

    /// Reads an uncompressed point and checks that it is on the curve.
    func point(_ bytes: [UInt8]) throws(CryptographyError) -> Point {
        guard bytes.count == Self.pointLength else {
            throw .wrongLength("P-256 point", expected: "65 bytes", found: bytes.count)
        }
        // 4 marks the uncompressed form; libcrypto would take the hybrid form 6 and 7 as well.
        guard bytes[0] == 4 else { throw Self.invalid("another form of encoding") }
        let point = try emptyPoint()
        guard EC_POINT_oct2point(group.raw, point.raw, bytes, bytes.count, scratch.raw) == 1,
            EC_POINT_is_on_curve(group.raw, point.raw, scratch.raw) == 1,
            EC_POINT_is_at_infinity(group.raw, point.raw) == 0
        else {
            ERR_clear_error()
            throw Self.invalid("coordinates off the curve")
        }
        return point
    }

    /// Writes a point uncompressed, which the identity has no way to be.
    func bytes(_ point: borrowing Point) throws(CryptographyError) -> [UInt8] {
        guard EC_POINT_is_at_infinity(group.raw, point.raw) == 0 else {
            throw Self.invalid("the identity")
        }
        var bytes = [UInt8](repeating: 0, count: Self.pointLength)
        let length = EC_POINT_point2oct(
            group.raw, point.raw, POINT_CONVERSION_UNCOMPRESSED, &bytes, bytes.count, scratch.raw)
        guard length == Self.pointLength else { throw .library("writing a P-256 point") }
        return bytes
    }

    /// The generator times `scalar`.
    func generator(times scalar: SecretBytes) throws(CryptographyError) -> Point {
        let factor = try self.scalar(scalar)
        let product = try emptyPoint()
        guard EC_POINT_mul(group.raw, product.raw, factor.raw, nil, nil, scratch.raw) == 1 else {
            throw .library("multiplying on P-256")
        }
        return product
    }

    /// `point` times `scalar`.
    func multiply(
        _ point: borrowing Point, by scalar: SecretBytes
    ) throws(CryptographyError) -> Point {
        let factor = try self.scalar(scalar)
        let product = try emptyPoint()
        guard EC_POINT_mul(group.raw, product.raw, nil, point.raw, factor.raw, scratch.raw) == 1
        else { throw .library("multiplying on P-256") }
        return product
    }

    /// The sum of both points.
    func add(
        _ left: borrowing Point, _ right: borrowing Point
    ) throws(CryptographyError) -> Point {
        let sum = try emptyPoint()
        guard EC_POINT_add(group.raw, sum.raw, left.raw, right.raw, scratch.raw) == 1 else {
            throw .library("adding on P-256")
        }
        return sum
    }

    /// `left` minus `right`.
    func subtract(
        _ left: borrowing Point, _ right: consuming Point
    ) throws(CryptographyError) -> Point {
        guard EC_POINT_invert(group.raw, right.raw, scratch.raw) == 1 else {
            throw .library("inverting on P-256")
        }
        return try add(left, right)
    }

    private func emptyPoint() throws(CryptographyError) -> Point {
        guard let raw = EC_POINT_new(group.raw) else { throw .library("P-256") }
        return Point(raw: raw)
    }

    private static func invalid(_ found: String) -> CryptographyError {
        CryptographyError(
            .invalidPoint, operation: "reading a P-256 point",
            expected: "an uncompressed point of the curve which is not its identity",
            found: found, hint: "no honest program sends such a point; end the exchange")
    }
}
