// SPDX-License-Identifier: Apache-2.0

import ClusterModel
import Foundation

/// An order as commands and web hooks read it.
///
/// Law: keys stay; new ones may come. All keys are always there.
/// Source: docs/guides/caches.md.
struct OrderDocument: Codable, Sendable, Equatable {
    let all: Bool
    let opcode: Bool
    let user: Bool
    let paths: [String]
    let keys: [String]
    let keyPrefixes: [String]
    let keyPatterns: [String]
    let urls: [String]
    let tags: [String]

    init(_ order: Invalidation) {
        all = order.everything
        opcode = order.everything || order.opcodeCache
        user = order.everything || order.userCache
        (paths, keys, keyPrefixes) = (order.paths, order.keys, order.keyPrefixes)
        (keyPatterns, urls, tags) = (order.keyPatterns, order.urls, order.tags)
    }

    /// The document as JSON on one line.
    ///
    /// - Throws: `invalidRequest` where JSON cannot say it.
    func encoded(for target: String) throws(CacheTargetError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self))
        } catch {
            throw CacheTargetError(
                .invalidRequest, target: target, operation: "describe the order",
                expected: "text", found: "\(error)", hint: "Correct the request.")
        }
    }
}
