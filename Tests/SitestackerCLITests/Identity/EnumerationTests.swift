// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import Foundation
import Testing

/// Whoever asks at a door learns of nobody whether he exists.
@Suite struct EnumerationTests {
    private let holder: TestHolder
    private let asker: NodeIdentity

    init() throws {
        holder = TestHolder(try TestCluster())
        asker = try NodeIdentity()
    }

    private func start(_ name: String) async throws -> LoginReply {
        try await holder.take(
            LoginMessage(
                step: "start", name: name, nodeKey: asker.nodeKey.description,
                curveKey: asker.curveKey.description))
    }

    /// Names and lengths of what an answer holds.
    private func shape(_ reply: LoginReply) throws -> [String: Int] {
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(reply))
        return try #require(object as? [String: String]).mapValues(\.count)
    }

    @Test(arguments: ["alice@example.com", "mallory", "mallory@example.com", "Alice"])
    func `Every name and address is answered like a known name`(name: String) async throws {
        let known = try await start("alice")
        let other = try await start(name)
        #expect(try shape(other) == shape(known))
        #expect(other.bytes == nil)
        #expect(other.cluster == known.cluster)
        #expect(other.holderKey == known.holderKey)
        let parameters = try [known, other].map { reply in
            let text = try #require(reply.parameters)
            return try Argon2idParameters(encoded: try #require(Hexadecimal.decode(text)))
        }
        #expect(parameters[0].cost == parameters[1].cost)
        for reply in [known, other] {
            let text = String(decoding: try JSONEncoder().encode(reply), as: UTF8.self)
            #expect(!text.contains("alice"))
            #expect(!text.contains(Hexadecimal.encode(Array("alice".utf8))))
        }
    }

    @Test(arguments: ["alice", "alice@example.com", "mallory", "mallory@example.com"])
    func `Asked again an answer has the same salt, and a wrong share the same refusal`(
        name: String
    ) async throws {
        let first = try await start(name)
        #expect(try await start(name).parameters == first.parameters)
        let share = try Spake2PlusSample.share()
        let answer = try await holder.take(
            LoginMessage(
                step: "share", session: first.session, bytes: Hexadecimal.encode(share)))
        #expect(answer.bytes?.count == 2 * (65 + 32))
        let error = await #expect(throws: ErrorDocument.self) {
            try await holder.take(
                LoginMessage(
                    step: "confirm", session: first.session,
                    bytes: String(repeating: "00", count: 32)))
        }
        #expect(error?.code == "login-refused")
        #expect(error?.message == "no account with this name and password")
    }
}

/// A share that any prover may send.
private enum Spake2PlusSample {
    static func share() throws -> [UInt8] {
        let owner = try PasswordOwner(name: [1], realm: [2])
        let made = try PasswordAccount.fakeVerifier(
            serverSecret: SecretBytes(randomCount: 32), owner: owner)
        return Array(made.verifier.encoded().withUnsafeBytes { [UInt8]($0) }[32...])
    }
}
