// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import ClusterSigning
import NodeConfiguration
import WireFormat

/// A user who is about to be made.
struct NewUser: Sendable {
    let name: String
    let email: String
    let fullName: String

    /// Checks the three names as the users file and a terminal need them.
    ///
    /// - Throws: `ErrorDocument` of bad usage.
    init(name: String, email: String, fullName: String) throws(ErrorDocument) {
        guard case .name = Self.identifier(name) else {
            throw ErrorDocument.usage(
                "expected a user name of 1 to 64 ASCII letters, digits and . - _, found"
                    + " \"\(name)\"", hint: "it begins with a letter or digit, and has no @")
        }
        guard case .email = Self.identifier(email) else {
            throw ErrorDocument.usage("expected an email address, found \"\(email)\"")
        }
        guard (1...WireLimits.name).contains(fullName.utf8.count), escaped(fullName) == fullName,
            !fullName.contains("\t")
        else {
            throw ErrorDocument.usage(
                "expected a full name of 1 to \(WireLimits.name) printable bytes")
        }
        self.name = name
        self.email = email
        self.fullName = fullName
    }

    /// What a users file makes of the text; `nil` where it can be in none.
    private static func identifier(_ text: String) -> UserEntry.Identifier? {
        do {
            return try UserEntry.Identifier(text)
        } catch {
            return nil
        }
    }
}

/// What `init` made, as it prints it.
struct InitReport: Encodable {
    /// A file and what became of it: `created`, `kept` or `extended`.
    struct File: Encodable {
        let path: String
        let outcome: String
    }

    let site: String
    let cluster: String
    let node: String
    let fingerprint: String
    let user: UserDocument
    let files: [File]
}

/// Makes a cluster out of nothing, in the folder of an installation and in its state.
///
/// Law: the pin is written last, and only where there is none; so an attempt that was interrupted
/// is one that never was, and a cluster that exists is never replaced.
struct ClusterFoundation {
    let site: String
    let state: SiteState

    var configurationFile: String { "\(site)/\(SiteConfiguration.fileName)" }

    /// Refuses where this installation belongs to a cluster already, or the users file cannot be
    /// extended: before anything is asked or made.
    ///
    /// - Throws: `ErrorDocument`, `ConfigurationError`.
    func check() throws {
        try state.prepare()
        try checkIsFree()
        _ = try UsersFile.load(from: state.usersFile)
    }

    private func checkIsFree() throws {
        guard try state.read(.clusterPin) == nil else { throw exists }
    }

    private var exists: ErrorDocument {
        ErrorDocument(
            code: "cluster-exists",
            message: "\(site) belongs to a cluster already: its pin is \(path(.clusterPin))",
            hint: "run sitestacker status; init is for the first server of a new cluster",
            exitStatus: ExitStatus.failed)
    }

    /// Whether the installation has its list of URLs.
    ///
    /// - Throws: `ConfigurationError` where one exists that cannot be used.
    func hasConfiguration(_ locator: ConfigurationLocator) throws -> Bool {
        do throws(ConfigurationError) {
            let path = try locator.configuration(site: site).path
            _ = try SiteConfiguration.load(from: path)
            return true
        } catch  where error.code == .missing {
            return false
        }
    }

    /// Makes everything; without URLs the `sitestacker.yml` that is there is kept.
    ///
    /// - Throws: `ErrorDocument`, `ConfigurationError`, `CryptographyError`, `WireError`.
    func make(
        founder: NewUser, password: SecretBytes, urls: [SiteURL]?, now: WallTime
    ) throws -> InitReport {
        try state.alone {
            // Since the first check people were asked, and somebody else may have been faster.
            try checkIsFree()
            return try found(founder, password: password, urls: urls, now: now)
        }
    }

    private func found(
        _ founder: NewUser, password: SecretBytes, urls: [SiteURL]?, now: WallTime
    ) throws -> InitReport {
        let (identity, keyFile) = try identity()
        guard let random = Bytes32(SecureRandom.bytes(32)) else {
            preconditionFailure("32 bytes are 32 bytes")
        }
        let cluster = ClusterID(random)
        let credential = try NewCredential(password: password, of: cluster, root: nil)
        let key = credential.key.user
        let account = Account(
            name: founder.name, email: founder.email, fullName: founder.fullName, key: key,
            scopes: .all, serial: 1, credential: credential.credential.digest)
        let grant = Grant(
            user: key, nodeKey: identity.nodeKey, node: identity.node,
            curveKey: identity.curveKey, scopes: .all, notBefore: now,
            notAfter: WallTime(
                milliseconds: now.milliseconds + LifetimeArgument.standard.milliseconds),
            serial: 1)
        let sealer = RecordSealer(cluster: cluster)
        let records = [
            try sealer.seal(
                .account(account), credential: credential.credential.encoded,
                with: credential.key
            ).sealed, try sealer.seal(.grant(grant), with: credential.key).sealed,
        ]
        var files = [keyFile]
        let outcome = try urls.map { urls throws(ConfigurationError) in
            try ConfigurationWriter.createSite(at: configurationFile, urls: urls)
        }
        files.append(.init(path: configurationFile, outcome: "\(outcome ?? .kept)"))
        let users = try ConfigurationWriter.addUser(
            try UserEntry.Identifier(founder.name), to: state.usersFile)
        files.append(.init(path: state.usersFile, outcome: "\(users)"))
        try state.write(.records, try RecordFile.encode(records))
        files.append(.init(path: path(.records), outcome: "created"))
        try state.write(.joinedAs, Array(founder.name.utf8))
        let pin = ClusterPin(cluster: cluster, root: key)
        guard try state.create(.clusterPin, ClusterPinFile.encode(pin)) else { throw exists }
        files.append(.init(path: path(.clusterPin), outcome: "created"))
        return InitReport(
            site: site, cluster: cluster.description, node: identity.node.description,
            fingerprint: NodeFingerprint(
                nodeKey: identity.nodeKey, curveKey: identity.curveKey
            ).description,
            user: UserDocument(
                name: founder.name, email: founder.email, fullName: founder.fullName,
                scopes: Scopes.all.description, expires: grant.notAfter.milliseconds),
            files: files)
    }

    /// This node's keys: those that a daemon has made already, or new ones.
    private func identity() throws -> (NodeIdentity, InitReport.File) {
        if var bytes = try state.read(.nodeKey) {
            let identity = try NodeKeyFile.decode(SecretBytes(moving: &bytes))
            return (identity, .init(path: path(.nodeKey), outcome: "kept"))
        }
        let identity = try NodeIdentity()
        let file = NodeKeyFile.encode(identity)
        // A daemon that starts just now makes its keys as well; whoever is second takes the others.
        guard try state.create(.nodeKey, file.withUnsafeBytes { [UInt8]($0) }) else {
            return try self.identity()
        }
        return (identity, .init(path: path(.nodeKey), outcome: "created"))
    }

    private func path(_ file: SiteState.File) -> String { "\(state.folder)/\(file.rawValue)" }
}
