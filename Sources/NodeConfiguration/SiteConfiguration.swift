// SPDX-License-Identifier: Apache-2.0

/// What `sitestacker.yml` says about one installation, checked and with every default filled in.
///
/// Invariant: whatever comes out of ``decode(_:file:)`` can be used as it is; what the file system
/// or the network must confirm is left to whoever uses it.
public struct SiteConfiguration: Sendable, Hashable {
    /// The name of the file.
    public static let fileName = "sitestacker.yml"

    /// The nodes of the site in the order of the file.
    ///
    /// Limit: 64.
    ///
    /// Invariant: no two have the same ``SiteURL/key``.
    public var urls: [SiteURL]
    /// The site's database, if it has one.
    public var database: DatabaseAddress?
    /// Patterns of the repositories besides the one at the root.
    public var repositories: [String] = ["packages/*/*"]
    /// The folders whose files are kept in step.
    public var fileRoots: [FileRoot] = [.standard]
    /// The caches to clear; `nil` means every PHP-FPM socket found on this server.
    public var caches: [CacheConfiguration]?
    /// What happens here when the application publishes an event.
    public var reactions: [EventReaction] = []
    /// The socket for the application, if it wants one.
    public var applicationSocket: ApplicationSocket?
    /// The authenticated HTTP interface; off by default.
    public var http: HTTPInterface?
    /// The door's port of this node where its URL does not name it.
    public var port: UInt16?
    /// The address to listen on instead of that of this node's URL.
    public var bind: HostName?
    /// Bounds on what a node stores and does.
    public var limits = Limits()
    /// How new code takes the place of the old.
    public var switchMode: SwitchMode = .checkout
    /// How long after a switch the caches are cleared once more.
    public var settle: Duration = .seconds(2)
    /// How long after one node the next one clears everything; zero: all at once.
    public var stagger: Duration = .milliseconds(500)
    /// The program that migrates the database, once for the cluster.
    public var migrate: [String]?

    /// A configuration with nothing but a list of URLs, which is complete.
    public init(urls: [SiteURL]) {
        self.urls = urls
    }

    /// The door's port of this node, once it is known which URL is its own.
    ///
    /// What the URL names comes first, because that is where the others look.
    public func doorPort(ofOwn url: SiteURL) -> UInt16 {
        url.namedDoorPort ?? port ?? SiteURL.defaultDoorPort
    }

    /// How new code takes the place of the old.
    public enum SwitchMode: String, Sendable, Hashable, CaseIterable {
        /// File by file in the existing tree.
        case checkout
        /// A whole tree at once, behind a link.
        case rename
    }

    /// A folder whose files are kept in step on all nodes.
    public struct FileRoot: Sendable, Hashable {
        /// The folder below the root of the installation.
        public var path: String
        /// Patterns below the folder of what is left alone.
        public var exclude: [String]
        /// Whether the folder may be missing because nobody asked for it.
        public var isDefault: Bool

        /// What is kept in step where the file does not say.
        public static let standard = FileRoot(
            path: "webroot/data", exclude: [], isDefault: true)

        /// Names a folder.
        public init(path: String, exclude: [String], isDefault: Bool = false) {
            self.path = path
            self.exclude = exclude
            self.isDefault = isDefault
        }
    }

    /// The socket through which the application talks to its node.
    public struct ApplicationSocket: Sendable, Hashable {
        /// The absolute path of the socket.
        public var path: String
        /// The group which may use it.
        public var group: String
        /// What the application may do.
        public var scopes: [ConfiguredScope]
    }

    /// The authenticated HTTP interface.
    public struct HTTPInterface: Sendable, Hashable {
        /// The address to listen on.
        public var host: HostName
        /// The port to listen on.
        public var port: UInt16
        /// Whether the dashboard is served.
        public var dashboard: Bool
    }

    /// Bounds on what a node stores and does.
    public struct Limits: Sendable, Hashable {
        /// The largest payload the application may publish.
        ///
        /// Unit: bytes.
        public var payload = 1 << 20
        /// What waits for one peer before it has to pull instead.
        ///
        /// Unit: bytes.
        public var peerQueue = 8 << 20
        /// The size at which the log is truncated.
        ///
        /// Unit: bytes.
        public var logSize = 1 << 30
        /// The age at which the log is truncated.
        public var logAge: Duration = .seconds(30 * 86_400)
        /// Deletions of data files at once beyond which a node stops and asks.
        ///
        /// Unit: files.
        public var deletions = 1000
        /// The share of the data files beyond which a node stops and asks.
        ///
        /// Unit: percent.
        public var deletionPercent = 25

        /// The usual bounds.
        public init() {}
    }
}

/// What a user or an application may do.
public enum ConfiguredScope: String, Sendable, Hashable, CaseIterable {
    /// Bring new code to all nodes.
    case update
    /// Clear caches.
    case invalidate
    /// Change data files.
    case files
    /// Publish application events.
    case publish
    /// Ask for status and events.
    case query
    /// Change accounts and grants.
    case admin
}

/// A cache which this node clears.
public struct CacheConfiguration: Sendable, Hashable {
    /// Which cache, and where it is.
    public enum Target: Sendable, Hashable {
        /// The opcode and user cache of a PHP-FPM master; `reload` also restarts its workers.
        case phpFPM(ServerAddress, reload: Bool)
        /// The same through the web server, for PHP that lives inside it; `root` is the folder
        /// that the address serves, from the root of the installation.
        case http(WebAddress, root: String)
        /// Keys of a Redis database.
        case redis(RedisAddress, KeySelection)
        /// Keys of a Memcached server.
        case memcached(ServerAddress, KeySelection)
        /// A Varnish server, the header in which it reads tags, and how it forgets one page.
        case varnish(WebAddress, tagHeader: String?, pages: PageMethod)
        /// A program of the site, and the orders besides everything that it is told of.
        case command([String], on: Set<Trigger>)
        /// A web hook, told like a program.
        case post(WebAddress, on: Set<Trigger>)
    }

    /// How Varnish is asked to forget a page that is named exactly.
    public enum PageMethod: String, Sendable, Hashable, CaseIterable {
        /// By a ban.
        case ban
        /// By `PURGE`.
        case purge
    }

    /// What an order is about.
    public enum Trigger: String, Sendable, Hashable, CaseIterable {
        /// The whole opcode cache.
        case opcode
        /// The whole user cache.
        case user
        /// Some files' opcodes.
        case path
        /// Entries by key, prefix or pattern.
        case key
        /// Pages by URL.
        case url
        /// Pages and entries by tag.
        case tag
    }

    /// Which keys of a shared store belong to the site's cache.
    public enum KeySelection: Sendable, Hashable {
        /// Those that begin with this text.
        case prefix(String)
        /// Those that carry one of these tags.
        case tags([String])
        /// All, also sessions and queues that live there.
        case everything
    }

    /// Which cache, and where it is.
    public var target: Target
    /// How long clearing may take.
    public var timeout: Duration
}

/// What happens on this node when the application publishes an event.
public struct EventReaction: Sendable, Hashable {
    /// What is done with the payload.
    public enum Action: Sendable, Hashable {
        /// A program is run, the payload on its standard input.
        case run([String])
        /// The payload is posted to an address.
        case post(WebAddress)
    }

    /// Which topics: a name, or a beginning with `.*` after it.
    public var topic: String
    /// What is done with the payload.
    public var action: Action
    /// How long one attempt may take.
    public var timeout: Duration
    /// How often a failed attempt is repeated before the event is parked.
    public var retries: Int
}
