// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import Testing

@Suite("Node identities")
struct NodeIdentityTests {
    @Test("The node ID is the hash of the node key")
    func law() throws {
        let identity = try NodeIdentity()
        #expect(identity.node.bytes == Blake2b.hash(identity.nodeKey.bytes))
        #expect(identity.nodeKey.bytes == identity.signingKey.verificationKey.bytes)
        #expect(try NodeIdentity().node != identity.node)
    }

    @Test("A key stands in the ring under its own hash only")
    func ring() throws {
        let (one, two) = (try NodeIdentity(), try NodeIdentity())
        var ring = NodeKeyRing()
        #expect(try ring.insert(one.nodeKey) == one.node)
        #expect(ring[one.node] == one.signingKey.verificationKey)
        #expect(ring[two.node] == nil)
        ring.remove(one.node)
        #expect(ring[one.node] == nil)
    }

    @Test("A key that proves nothing does not enter the ring")
    func unsafeKeys() {
        var ring = NodeKeyRing()
        #expect(throws: CryptographyError.self) {
            try ring.insert(NodeKey(SigningSamples.filled(0)))
        }
        #expect(throws: CryptographyError.self) {
            try ring.insert(NodeKey(SigningSamples.filled(0xFF)))
        }
    }

    @Test("A key file makes the same node again")
    func fileRoundTrip() throws {
        let identity = try NodeIdentity()
        let file = NodeKeyFile.encode(identity)
        #expect(file.count == NodeKeyFile.byteCount)
        let again = try NodeKeyFile.decode(file)
        #expect(again.node == identity.node)
        #expect(again.curveKey == identity.curveKey)
        #expect(again.curveSecret == identity.curveSecret)
    }

    @Test("Every flipped bit of a key file is refused")
    func fileBits() throws {
        let file = revealed(NodeKeyFile.encode(try NodeIdentity()))
        for flipped in oneBitOff(file) {
            #expect(throws: CryptographyError.self) {
                _ = try NodeKeyFile.decode(secretBytes(flipped))
            }
        }
    }

    @Test("A cut or extended key file is refused", arguments: [0, 1, 8, 72, 103, 105, 208])
    func fileLengths(count: Int) throws {
        let file = revealed(NodeKeyFile.encode(try NodeIdentity()))
        let changed = Array((file + file).prefix(count))
        #expect(throws: CryptographyError.self) {
            _ = try NodeKeyFile.decode(secretBytes(changed))
        }
    }

    @Test("Nothing secret is printed")
    func redacted() throws {
        let identity = try NodeIdentity()
        #expect("\(identity)" == "node \(identity.node.short) (keys redacted)")
    }
}
