// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// Something that is wrong with the list of URLs, or with what answers there.
public struct RosterProblem: Hashable, Sendable, CustomStringConvertible {
    /// The kinds of problems, for counters, exit status and tests.
    public enum Code: String, CaseIterable, Hashable, Sendable {
        /// No URL of the list is this node.
        case selfMissing = "self-missing"
        /// Several URLs of the list are this node.
        case selfTwice = "self-twice"
        /// Another process answers with this node's identity.
        case clone
        /// Several URLs are one other node.
        case sameNode = "same-node"
        /// Several processes answer with one identity.
        case clonedPeer = "cloned-peer"
        /// A node of another cluster.
        case wrongCluster = "wrong-cluster"
        /// A node that no user vouches for.
        case notLoggedIn = "not-logged-in"
        /// A node that says it is logged in, but whose grant does not count here.
        case notMember = "not-member"
        /// A node whose sockets prove another key than its grant names.
        case wrongKey = "wrong-key"
        /// A door that does not serve this host name.
        case wrongServer = "wrong-server"
        /// Something else than a door.
        case notDoor = "not-door"
        /// Nobody answers.
        case unreachable
    }

    /// The kind of problem.
    public let code: Code
    /// The URLs it is about, in the order of the list.
    public let urls: [String]
    /// The whole problem, naming the URLs, with what to do about it.
    public let message: String

    /// The message.
    public var description: String { message }

    init(_ code: Code, _ urls: [String], _ words: String) {
        self.code = code
        self.urls = urls
        message = "\(Self.join(urls)) \(words)"
    }

    static func selfMissing(_ urls: [String], silent: [String]) -> RosterProblem {
        let silence =
            silent.isEmpty
            ? "" : "; \(join(silent)) did not answer and may be it"
        return RosterProblem(
            code: .selfMissing, urls: urls,
            message: "none of the listed URLs is this node: \(join(urls))\(silence); add this "
                + "server's own URL to \"urls\"")
    }

    private init(code: Code, urls: [String], message: String) {
        self.code = code
        self.urls = urls
        self.message = message
    }

    static func selfTwice(_ urls: [String]) -> RosterProblem {
        RosterProblem(.selfTwice, urls, "are all this node; list it once")
    }

    static func clone(_ urls: [String]) -> RosterProblem {
        RosterProblem(
            .clone, urls,
            "answers with this node's identity but is another process: a cloned machine; log one "
                + "of the two in again with a new key")
    }

    static func sameNode(_ urls: [String], _ node: NodeID) -> RosterProblem {
        RosterProblem(.sameNode, urls, "are one node, \(node.short); list it once")
    }

    static func clonedPeer(_ urls: [String], _ node: NodeID) -> RosterProblem {
        RosterProblem(
            .clonedPeer, urls,
            "answer with one identity, \(node.short), but are several processes: cloned machines; "
                + "log all but one in again with a new key")
    }

    static func wrongCluster(_ url: String, _ cluster: ClusterID) -> RosterProblem {
        RosterProblem(.wrongCluster, [url], "belongs to another cluster, \(cluster.short)")
    }

    static func notLoggedIn(_ url: String) -> RosterProblem {
        RosterProblem(.notLoggedIn, [url], "is not logged in")
    }

    static func notMember(_ url: String, _ node: NodeID) -> RosterProblem {
        RosterProblem(
            .notMember, [url],
            "(node \(node.short)) has no grant that counts here: it was removed, or its records "
                + "have not arrived yet")
    }

    static func wrongKey(_ url: String, _ node: NodeID) -> RosterProblem {
        RosterProblem(
            .wrongKey, [url],
            "(node \(node.short)) has another CURVE key than its grant names; log it in again")
    }

    static func refused(_ url: String, status: Int, _ detail: String) -> RosterProblem {
        let said = PrintableText.make(detail, limit: wordLimit)
        return status == 421
            ? RosterProblem(
                .wrongServer, [url],
                "reaches a server that does not serve it (421: \(said)); check the host name and "
                    + "what it resolves to")
            : RosterProblem(.notDoor, [url], "is not the door of a node (\(status): \(said))")
    }

    static func unreachable(_ url: String, _ reason: String) -> RosterProblem {
        let said = PrintableText.make(reason, limit: wordLimit)
        return RosterProblem(.unreachable, [url], "does not answer: \(said)")
    }

    /// How many characters of what another server says are shown.
    private static let wordLimit = 200

    /// `A`, `A and B`, `A, B and C`.
    private static func join(_ urls: [String]) -> String {
        guard let last = urls.last, urls.count > 1 else { return urls.first ?? "" }
        return urls.dropLast().joined(separator: ", ") + " and " + last
    }
}
