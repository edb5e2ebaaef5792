// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import ClusterSigning

/// One account, made once: every stretching costs memory and time.
private enum Alice {
    static let password = Array("correct horse".utf8)

    static func owner() throws(CryptographyError) -> PasswordOwner {
        try PasswordOwner(name: Array("alice".utf8), realm: [UInt8](repeating: 7, count: 32))
    }

    static let made:
        Result<(account: PasswordAccount, secrets: PasswordSecrets), CryptographyError> =
            Result { () throws(CryptographyError) in
                try PasswordAccount.create(password: secretBytes(password), owner: try owner())
            }
}

@Suite("Password accounts")
struct PasswordAccountTests {
    @Test("Finds the same secrets again from password, name, cluster and parameters")
    func reproducible() throws {
        let made = try Alice.made.get()
        #expect(made.account.parameters.cost == .standard)
        let again = try PasswordSecrets(
            password: secretBytes(Alice.password), owner: try Alice.owner(),
            parameters: made.account.parameters)
        #expect(try again.prover.verifierRecord() == made.account.verifier)
        #expect(again.sealingKey.bytes == made.secrets.sealingKey.bytes)
    }

    @Test("Finds other secrets for another password, name, cluster or salt")
    func different() throws {
        let made = try Alice.made.get()
        let owner = try Alice.owner()
        let parameters = made.account.parameters
        let cases = [
            (Alice.password + [0], owner, parameters),
            (
                Alice.password, try PasswordOwner(name: Array("alicf".utf8), realm: owner.realm),
                parameters
            ),
            (Alice.password, try PasswordOwner(name: owner.name, realm: [7]), parameters),
            (
                Alice.password, owner,
                try Argon2idParameters(cost: .standard, salt: Array(0..<16))
            ),
        ]
        var seen = [made.secrets]
        for (password, owner, parameters) in cases {
            let other = try PasswordSecrets(
                password: secretBytes(password), owner: owner, parameters: parameters)
            #expect(!seen.contains { $0.sealingKey.bytes == other.sealingKey.bytes })
            #expect(!seen.contains { $0.prover.w0 == other.prover.w0 })
            #expect(!seen.contains { $0.prover.w1 == other.prover.w1 })
            seen.append(other)
        }
    }

    // Computed apart from this code, with Python's cryptography and PyNaCl. All programs of a
    // cluster must agree on these for ever; a change needs another version in the labels.
    @Test("Derives what the specification says")
    func pinned() throws {
        let owner = try Alice.owner()
        let secrets = try PasswordSecrets(
            password: secretBytes(Alice.password), owner: owner,
            parameters: try Argon2idParameters(cost: .standard, salt: Array(0..<16)))
        #expect(
            revealed(try secrets.prover.verifierRecord().encoded())
                == vectorBytes(
                    """
                    baa10b57499aed25699991931294b3eea73d415ef5e9ba0e5b87e48569c2b24f
                    04c5b6df8c161cf93c8b0a9803b458920cab8e0b052b7ba98fcf067ac00f8971
                    bafa5217add55f9b3b3412e99edb7f092dc677ac52651a846164438b44831041ee
                    """))
        #expect(
            revealed(secrets.sealingKey.bytes)
                == vectorBytes("fa6d3a35c01a74a8a79264a08a4d95e65b748bed697842649f7f166449d40ae0"))
        let fake = try PasswordAccount.fakeVerifier(
            serverSecret: secretBytes([UInt8](repeating: 1, count: 32)), owner: owner)
        #expect(fake.parameters.salt == vectorBytes("dc59de2819c96d6837bb09136a5c62c1"))
        #expect(
            revealed(fake.verifier.encoded())
                == vectorBytes(
                    """
                    b27974ccf3fa3726a3d08a5b357105ed4917cfa119396614eb205781200d5004
                    04e242c05629d38d635e639cd88ff87ad7858255e42d22fe9da053c2d3ac3b87
                    975ca0ea4422956e2afe742f90dff6c8f2a32d2ad3473b3640c2442b8b3218f641
                    """))
    }

    @Test("Refuses passwords outside 1 to 1024 bytes", arguments: [0, 1_025])
    func passwordLengths(length: Int) throws {
        let made = try Alice.made.get()
        let password = secretBytes([UInt8](repeating: 1, count: length))
        let owner = try Alice.owner()
        #expect(
            refusal { () throws(CryptographyError) in
                try PasswordSecrets(
                    password: password, owner: owner, parameters: made.account.parameters)
            } == .wrongLength)
    }

    @Test("Refuses names and realms outside 1 to 256 bytes", arguments: [0, 257])
    func ownerLengths(length: Int) {
        let bytes = [UInt8](repeating: 1, count: length)
        for (name, realm) in [(bytes, [1]), ([1], bytes)] {
            #expect(
                refusal { () throws(CryptographyError) in
                    try PasswordOwner(name: name, realm: realm)
                } == .wrongLength)
        }
    }

    @Test("Shows for an unknown name always the same account, and another for each name")
    func unknownNames() throws {
        let secret = SecretBytes(randomCount: 32)
        let owner = try Alice.owner()
        let fake = try PasswordAccount.fakeVerifier(serverSecret: secret, owner: owner)
        #expect(try PasswordAccount.fakeVerifier(serverSecret: secret, owner: owner) == fake)
        #expect(fake.parameters.cost == .standard)
        let others = [
            try PasswordAccount.fakeVerifier(
                serverSecret: SecretBytes(randomCount: 32), owner: owner),
            try PasswordAccount.fakeVerifier(
                serverSecret: secret, owner: try PasswordOwner(name: [1], realm: owner.realm)),
            try PasswordAccount.fakeVerifier(
                serverSecret: secret, owner: try PasswordOwner(name: owner.name, realm: [1])),
        ]
        for other in others {
            #expect(other.parameters.salt != fake.parameters.salt)
            #expect(other.verifier != fake.verifier)
        }
        let short = SecretBytes(randomCount: 31)
        #expect(
            refusal { () throws(CryptographyError) in
                try PasswordAccount.fakeVerifier(serverSecret: short, owner: owner)
            } == .wrongLength)
    }

    @Test("Answers a login to an unknown name as to a known one with a wrong password")
    func unknownLogin() throws {
        let owner = try Alice.owner()
        let made = try Alice.made.get()
        let fake = try PasswordAccount.fakeVerifier(
            serverSecret: SecretBytes(randomCount: 32), owner: owner)
        let binding = Spake2PlusTests.binding
        var prover = Spake2PlusProver(secret: made.secrets.prover, binding: binding)
        var verifier = Spake2PlusVerifier(record: fake.verifier, binding: binding)
        let response = try verifier.respond(to: try prover.start())
        #expect(response.shareV.count == Spake2Plus.shareLength)
        #expect(
            refusal { () throws(CryptographyError) in
                try prover.finish(shareV: response.shareV, confirmV: response.confirmV)
            } == .authenticationFailed)
        #expect(
            refusal { () throws(CryptographyError) in
                try verifier.finish(confirmP: [UInt8](repeating: 0, count: 32))
            } == .authenticationFailed)
    }

    @Test("Logs in from the password to the opened user key, and back over the channel")
    func wholeLogin() throws {
        let made = try Alice.made.get()
        let root = try SigningKey()
        let sealed = SealedUserKey(root, under: made.secrets.sealingKey, associatedData: [1])
        let transcript = LoginTranscript(
            owner: try Alice.owner(), parameters: made.account.parameters, holderKeys: [[1], [2]],
            nodeKeys: [[3]])
        var prover = Spake2PlusProver(secret: made.secrets.prover, binding: transcript.binding)
        var verifier = Spake2PlusVerifier(
            record: made.account.verifier, binding: transcript.binding)
        let response = try verifier.respond(to: try prover.start())
        let proof = try prover.finish(shareV: response.shareV, confirmV: response.confirmV)
        let shared = try verifier.finish(confirmP: proof.confirmP)
        var holder = try LoginChannel(sharedKey: shared, end: .verifier)
        var program = try LoginChannel(sharedKey: proof.sharedKey, end: .prover)
        let received = try SealedUserKey(program.open(holder.seal(sealed.bytes)))
        let opened = try received.open(under: made.secrets.sealingKey, associatedData: [1])
        #expect(opened.verificationKey == root.verificationKey)
        #expect(try holder.open(program.seal([5])) == [5])
    }
}
