// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The names in an open directory.
enum DirectoryNames {
    /// Reads them all and closes the directory.
    ///
    /// Limit: the first 100,000 names.
    static func read(_ listing: OpaquePointer) -> [String] {
        defer { _ = closedir(listing) }
        var names: [String] = []
        while names.count < 100_000, let entry = readdir(listing) {
            // In place: the record is only as long as its name, so it must not be copied whole.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            names.append(name)
        }
        return names
    }
}
