// SPDX-License-Identifier: Apache-2.0
internal import CacheTargets
internal import ClusterModel

/// A real PHP-FPM that somebody else started and will end.
struct FastCGIPool: Sendable {
    private let address: SocketAddress
    private let client = FastCGIClient(pool: BlockingPool(name: "primer", width: 1))

    init(_ socket: String) throws(CacheTargetError) {
        address = try SocketAddress("unix:\(socket)")
    }

    /// What clears it, wired like the program's.
    ///
    /// - Parameter scripts: The folder of the script that clears.
    func caches(scripts: String) -> CacheSet {
        CacheSet([
            PHPFPMCache(
                endpoints: .addresses([address]), script: ClearScript(directory: scripts),
                pool: BlockingPool(name: "php-fpm", width: 4))
        ])
    }

    /// Fills its caches.
    ///
    /// - Throws: `CacheTargetError` where it does not answer, `BenchmarkError` where the script
    ///   does not say that it is done.
    func prime(_ script: String) async throws {
        let request = FastCGIRequest(parameters: [
            ("SCRIPT_FILENAME", script), ("SCRIPT_NAME", script), ("REQUEST_METHOD", "GET"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
        ])
        let text = String(
            decoding: try await client.perform(request, at: address).body, as: UTF8.self)
        guard text.hasPrefix("PRIMED") else {
            throw BenchmarkError(operation: "fill the caches of \(address)", detail: text)
        }
    }
}

/// What the steps of a clear must show before it counts.
enum ClearProof {
    /// What is missing; `nil` where the counters show that both caches were emptied.
    static func doubt(_ steps: [StepReceipt]) -> String? {
        if let failed = steps.first(where: { $0.failure != nil }) { return failed.failure }
        let proof = steps.flatMap(\.proof)
        guard let restarts = proof.first(where: { $0.counter == "restarts" }),
            let entries = proof.first(where: { $0.counter == "entries" })
        else { return "no counters in \(steps.map(\.action))" }
        guard restarts.after == restarts.before + 1 else {
            return "restarts: \(restarts.before) before, \(restarts.after) after"
        }
        return entries.after == 0 ? nil : "\(entries.after) entries left"
    }
}
