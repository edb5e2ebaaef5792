// SPDX-License-Identifier: Apache-2.0
import ClusterCore
import ClusterModel
import ClusterSigning
import NodeRuntime
import WireFormat

extension FuzzTarget {
    /// Files of a node and the messages of a login.
    static let login: [FuzzTarget] = [
        FuzzTarget(name: "node-key-file", shape: .bytes(after: 1)) { input throws(Flaw) in
            let file = keyFile(input)
            let decoded = try attempt { try NodeKeyFile.decode(SecretBytes(copying: file)) }
            guard let decoded else { return .refused }
            let bytes = NodeKeyFile.encode(decoded).withUnsafeBytes { [UInt8]($0) }
            try expect(bytes, file, "the file")
            return .accepted
        },
        canonical(
            "cluster-pin-file", .bytes, decode: ClusterPinFile.decode,
            encode: ClusterPinFile.encode),
        canonical("clear-record", .text(["\0", "yes", "no", "1", "."])) { input -> ClearRecord in
            guard let record = ClearRecord(encoded: input) else { throw Unread() }
            return record
        } encode: {
            $0.encoded
        },
        canonical("record-file", decode: RecordFile.decode, encode: RecordFile.encode),
        canonical("login-welcome") {
            try LoginWelcome(decoding: $0)
        } encode: {
            try $0.encoded()
        },
        canonical("account-credential", .bytes) {
            try AccountCredential(encoded: $0)
        } encode: {
            $0.encoded
        },
        canonical("sealed-user-key", .bytes) {
            try SealedUserKey($0)
        } encode: {
            $0.bytes
        },
        canonical("argon2id-parameters", .bytes) {
            try Argon2idParameters(encoded: $0)
        } encode: {
            $0.encoded
        },
        FuzzTarget(name: "spake2plus-share", shape: .frames(after: 1), check: exchange),
        canonical("z85", .text(["rq", "%nSc0", "HelloWorld", "#####"])) {
            try Z85.decode(String(decoding: $0, as: UTF8.self))
        } encode: {
            Array(try Z85.encode($0).utf8)
        },
    ]

    /// The file with a checksum that is right, where the first byte wants it.
    private static func keyFile(_ input: [UInt8]) -> [UInt8] {
        var file = Array(input.dropFirst())
        guard (input.first ?? 0) & 1 != 0, file.count == NodeKeyFile.byteCount else { return file }
        let key = Member.made { try Blake2b.Key(Array("SSTKNOD1".utf8)) }
        file.replaceSubrange(72..., with: Blake2b.hash(Array(file[..<72]), key: key))
        return file
    }

    /// Law: nobody ends a login who did not know the password, whatever he sends.
    private static func exchange(_ input: [UInt8]) throws(Flaw) -> Verdict {
        let frames = Frames.split(input.dropFirst()) + [[], []]
        let isVerifier = (input.first ?? 0) & 1 == 0
        let isShareTaken = try attempt {
            guard isVerifier else {
                var prover = Spake2PlusProver(secret: Password.secret, binding: Password.binding)
                _ = try prover.start()
                _ = try prover.finish(shareV: frames[0], confirmV: frames[1])
                throw Flaw(description: "a prover took a forged confirmation")
            }
            var verifier = Spake2PlusVerifier(
                record: Password.record, binding: Password.binding)
            _ = try verifier.respond(to: frames[0])
            return true
        }
        return isShareTaken == nil ? .refused : .accepted
    }
}

private enum Password {
    static let binding = Spake2PlusBinding(
        context: Array("sitestacker-fuzz".utf8), proverID: [1], verifierID: [2])
    static let secret = Member.made {
        try Spake2PlusProverSecret(stretched: Member.secret(0x55, count: 80))
    }
    static let record = Member.made { try secret.verifierRecord() }
}

extension SecretBytes {
    fileprivate convenience init(copying bytes: [UInt8]) {
        var copy = bytes
        self.init(moving: &copy)
    }
}

/// A decoder that gives no reason.
struct Unread: Error {}
