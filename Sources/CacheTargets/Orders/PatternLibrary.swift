// SPDX-License-Identifier: Apache-2.0

internal import ClusterModel
internal import Glibc

/// The library by which PHP understands regular expressions, where it is installed.
///
/// It is on every Debian machine with git or PHP. Without it a pattern is judged by PHP alone, when
/// it is cleared by.
/// Source: pcre2.h of PCRE2 10; pcre2api(3).
struct PatternLibrary: Sendable {
    private typealias Text = UnsafePointer<UInt8>
    private typealias Compile =
        @Sendable @convention(c) (
            Text, Int, UInt32, UnsafeMutablePointer<CInt>, UnsafeMutablePointer<Int>,
            OpaquePointer?
        ) -> OpaquePointer?
    private typealias Free = @Sendable @convention(c) (OpaquePointer?) -> Void
    private typealias Message =
        @Sendable @convention(c) (CInt, UnsafeMutablePointer<UInt8>, Int) -> CInt

    private let compile: Compile
    private let free: Free
    private let message: Message

    /// The library; `nil` where it is not installed.
    static let shared = PatternLibrary()

    private init?() {
        guard let handle = dlopen("libpcre2-8.so.0", RTLD_NOW | RTLD_LOCAL),
            let compile = dlsym(handle, "pcre2_compile_8"),
            let free = dlsym(handle, "pcre2_code_free_8"),
            let message = dlsym(handle, "pcre2_get_error_message_8")
        else { return nil }
        self.compile = unsafeBitCast(compile, to: Compile.self)
        self.free = unsafeBitCast(free, to: Free.self)
        self.message = unsafeBitCast(message, to: Message.self)
    }

    /// Why a pattern is none, in the library's words; `nil` where it is one.
    ///
    /// As PHP reads it: bytes, without modifiers.
    func flaw(of pattern: String) -> String? {
        let bytes = Array(pattern.utf8)
        var code: CInt = 0
        var offset = 0
        let compiled = bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            guard let start = buffer.baseAddress else { return nil }
            return compile(start, buffer.count, 0, &code, &offset, nil)
        }
        guard compiled == nil else {
            free(compiled)
            return nil
        }
        var text = [UInt8](repeating: 0, count: 256)
        let length = message(code, &text, text.count)
        let words =
            length > 0
            ? String(decoding: text.prefix(Int(length)), as: UTF8.self) : "error \(code)"
        return "\(PrintableText.make(words)) at byte \(offset)"
    }
}
