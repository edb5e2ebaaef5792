// SPDX-License-Identifier: Apache-2.0
import NodeRuntime
import Testing
import ZeroMQ

@testable import MeshTransport

@Suite("The proof that strangers are refused", .timeLimit(.minutes(1)))
struct StrangerProofTests {
    private func knocks(_ outcomes: [HandshakeSelfTest.Outcome]) async -> (
        asked: [Duration], error: TransportError?
    ) {
        var asked: [Duration] = []
        do throws(TransportError) {
            try await StrangerProof.prove("PUB") { patience in
                asked.append(patience)
                return outcomes[min(asked.count, outcomes.count) - 1]
            }
            return (asked, nil)
        } catch {
            return (asked, error)
        }
    }

    @Test("A refusal that is seen at last is enough")
    func refusedLate() async {
        let (asked, error) = await knocks([.unreachable, .unreachable, .refused(.closed)])
        #expect(asked == Array(StrangerProof.patiences.prefix(3)))
        #expect(error == nil)
    }

    @Test("A socket that nobody reaches is knocked at with growing patience, and never trusted")
    func unreachable() async throws {
        let (asked, error) = await knocks([.unreachable])
        #expect(asked == StrangerProof.patiences)
        #expect(asked == asked.sorted())
        #expect(try #require(error).detail.contains("found nobody"))
    }

    @Test("A socket that lets a stranger in ends it, at once or later")
    func admitted() async throws {
        let (asked, error) = await knocks([.admitted])
        #expect(asked.count == 1)
        #expect(try #require(error).detail.contains("was let in"))
        #expect(await knocks([.unreachable, .admitted]).error == error)
    }

    @Test("A transport whose sockets are not there does not pass")
    func closed() async throws {
        let peer = try TestPeer(1)
        let error = await #expect(throws: TransportError.self) {
            try await peer.transport.proveThatStrangersAreRefused()
        }
        #expect(error?.detail.contains("found nobody") == true)
        await peer.transport.stop()
    }
}
