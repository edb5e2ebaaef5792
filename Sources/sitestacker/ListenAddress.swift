// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import NodeConfiguration

/// Where an installation's door and mesh listen on this host.
struct ListenAddress: Sendable {
    /// The numeric address to bind.
    let numeric: String
    /// The URL of the list that is taken for this server's own.
    let url: SiteURL
    /// What the hello tells peers to connect to; `nil`: the address which they asked.
    let advertised: String?

    /// `bind:` where it is set; else the address of the first listed URL that this host has.
    ///
    /// - Throws: `ConfigurationError` where no listed URL stands for an address of this host.
    init(of configuration: SiteConfiguration) throws {
        let local = try ListenAddress.localAddresses()
        var resolved: [(url: SiteURL, addresses: [String])] = []
        for url in configuration.urls {
            resolved.append((url, ListenAddress.resolve(url.host)))
        }
        if let bind = configuration.bind {
            let own = resolved.first { $0.addresses.contains(bind.canonical) }
            numeric = bind.canonical
            url = own?.url ?? configuration.urls[0]
            advertised = nil
            return
        }
        for (url, addresses) in resolved {
            guard let own = addresses.first(where: { ListenAddress.isLocal($0, among: local) })
            else { continue }
            numeric = own
            self.url = url
            advertised = own
            return
        }
        throw ConfigurationError(
            code: .invalid, operation: "find this server in its list of URLs",
            findings: [
                Finding(
                    file: SiteConfiguration.fileName,
                    expected: "a URL whose host is an address of this host",
                    found: configuration.urls.map(\.display).joined(separator: ", "),
                    hint: "add this server's own URL, or set bind: to the address to listen on")
            ])
    }

    /// Numeric addresses of a host; empty where it has none.
    private static func resolve(_ host: HostName) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host.canonical, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        return sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { entry in
            guard let entry, let address = entry.pointee.ai_addr else { return nil }
            return numeric(address, entry.pointee.ai_addrlen)
        }
    }

    /// Addresses of this host's interfaces.
    ///
    /// Source: getifaddrs(3).
    private static func localAddresses() throws -> Set<String> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var addresses: Set<String> = []
        var next = list
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr else { continue }
            let length: Int =
                switch Int32(address.pointee.sa_family) {
                case AF_INET: MemoryLayout<sockaddr_in>.size
                case AF_INET6: MemoryLayout<sockaddr_in6>.size
                default: 0
                }
            if length > 0, let text = numeric(address, socklen_t(length)) { addresses.insert(text) }
        }
        return addresses
    }

    /// Every address of 127.0.0.0/8 is this host's, though the interface lists one only.
    private static func isLocal(_ address: String, among local: Set<String>) -> Bool {
        local.contains(address) || address.hasPrefix("127.")
    }

    private static func numeric(
        _ address: UnsafePointer<sockaddr>, _ length: socklen_t
    ) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        // A scope (%eth0) makes an address useless to others.
        return String(decoding: bytes, as: UTF8.self).split(separator: "%").first.map(String.init)
    }
}
