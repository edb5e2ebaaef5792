// SPDX-License-Identifier: Apache-2.0
import Foundation
import ServerTesting
import Testing

extension Cluster {
    /// Starts a machine made by copying the third one; every list names it.
    func startCopyOfThird() async throws -> Server {
        let copy = Server(number: 4, root: "\(self[3].root)-copy")
        try copy.makeFolders()
        for name in ["users", "sites"] {
            try FileManager.default.copyItem(
                atPath: "\(self[3].home)/\(name)", toPath: "\(copy.home)/\(name)")
        }
        let sites = "\(copy.home)/sites"
        let names = try FileManager.default.contentsOfDirectory(atPath: sites)
        try copy.configure(urls: [copy.url] + urls)
        // The folder's name is made from the path: let the copy make its own, and fill it.
        let probe = try copy.launch()
        let made = try await eventually("the folder of the copy: \(probe.errors)") {
            try FileManager.default.contentsOfDirectory(atPath: sites).first {
                !names.contains($0)
                    && FileManager.default.fileExists(atPath: "\(sites)/\($0)/node.key")
            }
        }
        try await copy.stop()
        let original = try #require(names.first)
        try FileManager.default.removeItem(atPath: "\(sites)/\(made)")
        try FileManager.default.moveItem(
            atPath: "\(sites)/\(original)", toPath: "\(sites)/\(made)")
        for server in servers {
            try server.configure(
                urls: [server.url] + (urls + [copy.url]).filter { $0 != server.url })
        }
        try copy.launch()
        return copy
    }
}
