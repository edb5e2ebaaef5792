// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A folder of its own for one test.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/configuration.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXFailure(code: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("cannot remove \(path): \(error)")
        }
    }

    func make(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw POSIXFailure(code: errno) }
        defer { _ = close(descriptor) }
        guard write(descriptor, text, text.utf8.count) == text.utf8.count,
            fchmod(descriptor, mode) == 0
        else { throw POSIXFailure(code: errno) }
        return file
    }

    func folder(_ name: String) throws -> String {
        let folder = "\(path)/\(name)"
        guard mkdir(folder, 0o700) == 0 else { throw POSIXFailure(code: errno) }
        return folder
    }

    func text(_ name: String) throws -> String {
        let descriptor = open("\(path)/\(name)", O_RDONLY)
        guard descriptor >= 0 else { throw POSIXFailure(code: errno) }
        defer { _ = close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(descriptor, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// The names in the folder, sorted.
    func names() throws -> [String] {
        guard let directory = opendir(path) else { throw POSIXFailure(code: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

struct POSIXFailure: Error {
    let code: Int32
}
