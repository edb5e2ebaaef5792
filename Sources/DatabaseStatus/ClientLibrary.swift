// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A client library that is loaded while the program runs, if it is installed.
///
/// It stays loaded: libraries like these keep threads and tables of their own.
struct ClientLibrary {
    private let handle: UnsafeMutableRawPointer
    private let name: String
    private let package: String

    /// Loads the library.
    ///
    /// - Throws: `libraryMissing` with the Debian package that holds it.
    init(_ name: String, package: String) throws(DatabaseProblem) {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            throw Self.missing(name, package: package)
        }
        self.handle = handle
        self.name = name
        self.package = package
    }

    /// A function of the library by its name.
    ///
    /// Unsafe where the type is not what the library's header says: nothing checks it, so whoever
    /// asks names the header.
    /// - Throws: `libraryMissing` where the library has no such function.
    func function<Function>(_ symbol: String) throws(DatabaseProblem) -> Function {
        guard let address = dlsym(handle, symbol) else {
            throw Self.missing("\(symbol) in \(name)", package: package)
        }
        return unsafeBitCast(address, to: Function.self)
    }

    private static func missing(_ what: String, package: String) -> DatabaseProblem {
        DatabaseProblem(
            .libraryMissing, operation: "load the database's client library", expected: what,
            found: "none", hint: "Install the Debian package \(package).")
    }
}
