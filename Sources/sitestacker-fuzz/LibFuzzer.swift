// SPDX-License-Identifier: Apache-2.0

#if LIBFUZZER
    import Foundation

    /// Inputs that the coverage of the code leads to new code; then libFuzzer is the program.
    enum LibFuzzer {
        /// The target that the environment names, as libFuzzer has the command line to itself.
        static let target: FuzzTarget = {
            let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
            guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
                fatalError("FUZZ_TARGET=\(name) names no target")
            }
            return target
        }()
    }

    /// Called by libFuzzer with each input.
    ///
    /// Source: llvm.org/docs/LibFuzzer.html, "Fuzz Target".
    @_cdecl("LLVMFuzzerTestOneInput")
    public func tryOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        do {
            _ = try LibFuzzer.target.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        } catch {
            // libFuzzer keeps an input that ends the process.
            fatalError("\(error)")
        }
    }
#endif
