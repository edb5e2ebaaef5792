// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Glibc

/// What stands at a path, without following a link at its end.
enum Entry: Hashable, Sendable, CustomStringConvertible {
    case folder
    case file
    case link
    case other
    case nothing
    /// Something may be there: this process may not look, or cannot.
    case hidden

    /// Looks.
    init(at path: [UInt8]) {
        var status = stat()
        let result = path.withCString { lstat($0, &status) }
        guard result == 0 else {
            self = [ENOENT, ENOTDIR].contains(errno) ? .nothing : .hidden
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: self = .folder
        case S_IFREG: self = .file
        case S_IFLNK: self = .link
        default: self = .other
        }
    }

    /// In the words of a message.
    var description: String {
        switch self {
        case .folder: "a folder"
        case .file: "a file"
        case .link: "a symbolic link"
        case .other: "neither file nor folder"
        case .nothing: "nothing"
        case .hidden: "what the daemon's user may not look at"
        }
    }
}

/// What the operating system says about folders.
package enum DirectoryEntries {
    /// A name in a folder.
    package enum Name: Hashable, Sendable {
        /// It can be shown and passed on as it is.
        case text(String)
        /// It is no UTF-8, or would steer a terminal; `shown` stands for it.
        case unusable(bytes: [UInt8], shown: String)

        package init(_ bytes: [UInt8]) {
            if let text = String(validating: bytes, as: UTF8.self),
                text.unicodeScalars.allSatisfy(PrintableText.isPrintable)
            {
                self = .text(text)
            } else {
                let shown = PrintableText.make(String(decoding: bytes, as: UTF8.self))
                self = .unusable(bytes: bytes, shown: shown)
            }
        }
    }

    /// The names in a folder, in no order; `nil` where it cannot be read.
    ///
    /// Limit: the first 100,000 names.
    static func names(in path: String) -> [Name]? {
        guard let listing = opendir(path) else {
            return [ENOENT, ENOTDIR].contains(errno) ? [] : nil
        }
        defer { _ = closedir(listing) }
        var names: [Name] = []
        while names.count < 100_000, let entry = readdir(listing) {
            // In place: the record is only as long as its name, so it must not be copied whole.
            let bytes = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                let start = UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self)
                return Array(UnsafeBufferPointer(start: start, count: strlen(start)))
            }
            if bytes != [0x2E], bytes != [0x2E, 0x2E] { names.append(Name(bytes)) }
        }
        return names
    }

    /// The folder that a `.git` which is a link or a file leads to; `nil` where git must say what
    /// is wrong with it.
    ///
    /// Source: gitrepository-layout(5).
    static func target(ofGitAt path: String, in folder: String) -> String? {
        if Entry(at: Array(path.utf8)) == .link { return resolved(path) }
        guard let file = fopen(path, "re") else { return nil }
        defer { _ = fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&buffer, 1, buffer.count, file)
        guard let target = gitFileTarget(buffer.prefix(count)) else { return nil }
        return resolved(target.hasPrefix("/") ? target : "\(folder)/\(target)")
    }

    /// What a `.git` file names.
    package static func gitFileTarget(_ bytes: some Collection<UInt8>) -> String? {
        let line = String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline }
        guard line.hasPrefix("gitdir: "), line.count > "gitdir: ".count else { return nil }
        return String(line.dropFirst("gitdir: ".count))
    }

    /// A path without links; `nil` where it leads nowhere.
    static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}

extension [UInt8] {
    /// The bytes as the operating system wants a path; they hold no NUL.
    fileprivate func withCString<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
        (self + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { chars in
                chars.baseAddress.map(body) ?? body("")
            }
        }
    }
}
