// SPDX-License-Identifier: Apache-2.0

internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import WireFormat

extension Node {
    /// Fetches a blob chunk by chunk, checks its hash, stores it, and tells the core.
    func fetch(_ blob: BlobReference, from peer: NodeID) {
        start { [self] in
            let failure = await collect(blob, from: peer)
            guard let failure else { return }
            post(.blobFailed(blob, from: peer, reason: failure))
        }
    }

    /// The whole of a blob into the log; why not, where that failed. Success is told to the core
    /// by the log's completion.
    private nonisolated func collect(_ blob: BlobReference, from peer: NodeID) async -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(blob.byteCount)
        while bytes.count < blob.byteCount {
            let length = min(WireLimits.chunkBytes, blob.byteCount - bytes.count)
            let answer = await reply(
                to: .blob(digest: blob.digest, offset: bytes.count, length: length), of: peer)
            switch answer {
            case .success(.blob(let size, let offset, let chunk)):
                guard size == blob.byteCount, offset == bytes.count, !chunk.isEmpty,
                    chunk.count <= length
                else { return "a chunk of other size or place than asked for" }
                bytes += chunk
            case .success: return "a reply to another question"
            case .failure(let failure): return "\(failure)"
            }
        }
        guard Digest(bytes: Blake2b.hash(bytes)) == blob.digest else {
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

    /// Asks a peer and waits for its answer, or for its time to be over.
    nonisolated func reply(
        to request: Request, of peer: NodeID
    ) async -> Result<Reply, RequestFailure> {
        await withCheckedContinuation { continuation in
            post(.ask(request, peer) { continuation.resume(returning: $0) })
        }
    }
}
