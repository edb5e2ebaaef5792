// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ClusterModel
internal import WireFormat

// What may be asked of caches: bounded, and named so that no cache can misread it.
extension Invalidation {
    /// The order that a request means.
    ///
    /// - Throws: `ErrorDocument` for a request that names nothing, a name that is empty, too long
    ///   or holds control characters, a path that is not inside the site, a URL that is neither
    ///   absolute nor a path, and more names than an event holds.
    init(_ request: InvalidateRequestDocument) throws(ErrorDocument) {
        self.init()
        opcodeCache = request.opcodeCache
        userCache = request.userCache
        everything = request.everything
        paths = try Self.names(request.paths, "paths", Self.isInside, "a path below the site")
        keys = try Self.names(request.keys, "keys")
        keyPrefixes = try Self.names(request.keyPrefixes, "keyPrefixes")
        keyPatterns = try Self.names(request.keyPatterns, "keyPatterns")
        urls = try Self.names(
            request.urls, "urls", Self.isURL, "http://HOST/PATH, https://HOST/PATH or /PATH")
        tags = try Self.names(request.tags, "tags")
        let lists = [paths, keys, keyPrefixes, keyPatterns, urls, tags]
        guard opcodeCache || userCache || everything || lists.contains(where: { !$0.isEmpty })
        else {
            throw .malformed(
                "expected opcodeCache, userCache or everything to be true, or a name to clear")
        }
    }

    private static func names(
        _ names: [String], _ what: String, _ isUsable: (String) -> Bool = { _ in true },
        _ expected: String = ""
    ) throws(ErrorDocument) -> [String] {
        guard names.count <= WireLimits.invalidationEntries else {
            throw .malformed(
                "\(what): expected at most \(WireLimits.invalidationEntries), found \(names.count)",
                hint: "clear everything instead")
        }
        for name in names {
            let size = name.utf8.count
            guard (1...WireLimits.entry).contains(size) else {
                throw .malformed(
                    "\(what): expected 1 to \(WireLimits.entry) bytes each, found \(size)")
            }
            guard !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            else { throw .malformed("\(what): expected no control characters") }
            guard isUsable(name) else {
                throw .malformed("\(what): expected \(expected), found \(name)")
            }
        }
        return names
    }

    /// Whether a path stays below the folder that it starts from, by its words alone.
    private static func isInside(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !["", ".", ".."].contains($0) }
    }

    /// Whether it names a page: absolute with a host, or a path; without spaces and fragment.
    private static func isURL(_ text: String) -> Bool {
        guard !text.utf8.contains(where: { $0 == 0x20 || $0 == UInt8(ascii: "#") }) else {
            return false
        }
        if text.utf8.first == UInt8(ascii: "/") { return !text.hasPrefix("//") }
        let lowered = text.lowercased()
        for scheme in ["http://", "https://"] where lowered.hasPrefix(scheme) {
            let rest = text.utf8.dropFirst(scheme.utf8.count)
            let host = rest.prefix { !"/?".utf8.contains($0) }
            return !host.isEmpty && !host.contains(UInt8(ascii: "@"))
        }
        return false
    }
}
