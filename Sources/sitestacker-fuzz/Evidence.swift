// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The file that holds the input that is being tried.
///
/// It is written before each try, so that it still holds the input after a trap, a hang or an
/// exhausted memory has ended the process; a run that ends well removes it.
struct Evidence {
    let path: String
    private let descriptor: Int32

    /// - Throws: where the file cannot be made.
    init(of target: String, in folder: String) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        path = "\(folder)/\(target).input"
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open") }
    }

    /// - Throws: where the disk is full.
    func record(_ input: [UInt8]) throws {
        guard pwrite(descriptor, input, input.count, 0) == input.count,
            ftruncate(descriptor, off_t(input.count)) == 0
        else { throw failure("write") }
    }

    /// - Throws: where the file is gone.
    func remove() throws {
        close(descriptor)
        try FileManager.default.removeItem(atPath: path)
    }

    private func failure(_ operation: String) -> Flaw {
        Flaw(description: "cannot \(operation) \(path): \(String(cString: strerror(errno)))")
    }
}
