// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import WireFormat

extension Node {
    /// Fetches a blob chunk by chunk, checks its hash, stores it, and tells the core.
    func fetch(_ blob: BlobReference, from peer: NodeID) {
        start { [self] in
            if let failure = await collect(blob, from: peer) {
                post(.blobFailed(blob, from: peer, reason: failure))
            }
        }
    }

    /// The whole of a blob into the log; why not, where that failed.
    ///
    /// Success is told to the core by the log's completion.
    private nonisolated func collect(_ blob: BlobReference, from peer: NodeID) async -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(blob.byteCount)
        while bytes.count < blob.byteCount {
            let request = BlobRequest(
                digest: blob.digest, offset: bytes.count,
                length: min(WireLimits.chunk, blob.byteCount - bytes.count))
            switch await reply(to: .blob(request), of: peer) {
            case .success((_, .blob(let chunk))):
                guard chunk.blobByteCount == blob.byteCount, chunk.offset == bytes.count,
                    !chunk.bytes.isEmpty, chunk.bytes.count <= request.length
                else { return "a chunk of other size or place than asked for" }
                bytes += chunk.bytes
            case .success: return "a reply to another question"
            case .failure(let failure): return failure.description
            }
        }
        guard Digest(hashing: bytes) == blob.digest else {
            counters.count("blob.wrong-hash")
            return "bytes with another hash"
        }
        store(blob, bytes) { [weak self] error in
            self?.post(
                error.map { .blobFailed(blob, from: peer, reason: $0.description) }
                    ?? .blobStored(blob))
        }
        return nil
    }

    /// Stores a blob whose hash has been checked or made here.
    nonisolated func store(
        _ blob: BlobReference, _ bytes: [UInt8],
        completion: @escaping @Sendable (EventLogError?) -> Void
    ) {
        ports.log.submit([.blob(blob, bytes)], completion: completion)
    }
}
