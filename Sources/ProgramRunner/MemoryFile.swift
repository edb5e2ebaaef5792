// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import SystemPackage

/// A file in memory from which a program reads its input, or does not.
///
/// Through a pipe, a program that ends without reading would make the writing fail, or wait for
/// ever.
enum MemoryFile {
    /// Makes one, ready to be read from its beginning; nobody else finds it, since it loses its
    /// name at once.
    ///
    /// Source: shm_open(3); glibc shows Swift no memfd_create(2).
    static func holding(_ bytes: [UInt8]) throws(Errno) -> FileDescriptor {
        let name = "/sitestacker-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let number = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        shm_unlink(name)
        let file = FileDescriptor(rawValue: number)
        do {
            try file.writeAll(bytes)
            guard lseek(number, 0, SEEK_SET) == 0 else { throw Errno(rawValue: errno) }
            return file
        } catch {
            _ = close(number)
            throw error as? Errno ?? .ioError
        }
    }
}
