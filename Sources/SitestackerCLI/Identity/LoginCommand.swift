// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterModel
import ClusterSigning
import NodeConfiguration
import WireFormat

/// Says as whom a node is logged in, or logs it in.
struct LoginCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log this server in, or say as whom a server is logged in.",
        discussion: """
            Without -u: as whom the server at the URL is logged in; 77 where it is not. With -u: \
            proves the password to a server that holds the account, and signs a grant for this \
            server's keys. The password is asked for, or comes by --password-stdin or \
            SITESTACKER_PASSWORD; it never leaves this process. The URL is this server's own; \
            renewing another server's grant needs its --fingerprint.

            Examples:
              sitestacker login -r http://192.168.7.9
              sitestacker login -r http://192.168.7.9 -u alice
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        name: [.customShort("r"), .customLong("remote")],
        help: ArgumentHelp("The server, as the list of URLs names it.", valueName: "url"))
    var remote: String

    @Option(name: .shortAndLong, help: "Log in as this user, by name or email address.")
    var user: String?

    @Option(
        name: .shortAndLong,
        help: "The password; better asked for: other users of this host could see it here.")
    var password: String?

    @OptionGroup var passwords: PasswordOptions

    @Option(help: "The fingerprint that the server's keys must have.")
    var fingerprint: String?

    @Option(help: "How long the grant is valid, in days or hours, such as 365d or 12h.")
    var ttl = LifetimeArgument.standard

    @Option(
        help: """
            What the server may do in the user's name: out of \(ScopesArgument.words); default: \
            all that the user may.
            """)
    var scopes: ScopesArgument?

    @Option(help: "How long to wait until the server is level with the others.")
    var timeout = DurationArgument(milliseconds: 30_000)

    func validate() throws {
        guard password == nil || !passwords.fromInput else {
            throw ValidationError("Use -p or --password-stdin, not both.")
        }
        if let password, !PasswordSecrets.acceptedPassword.contains(password.utf8.count) {
            throw ValidationError("-p: expected a password of 1 to 1024 bytes")
        }
        guard user != nil || (password == nil && !passwords.fromInput) else {
            throw ValidationError("A password needs a user: add -u.")
        }
        guard user.map({ (1...WireLimits.name).contains($0.utf8.count) }) ?? true else {
            throw ValidationError("-u: expected a user name or an email address.")
        }
    }

    func run(in context: CommandContext) async throws -> Int32 {
        if let password { context.surroundings.hideArgument(password) }
        let daemon = try context.daemon()
        guard let user else { return try await show(context, daemon) }
        let servers = try ServerList(remote, context)
        if let warning = servers.warning { try context.output.note(warning, style: .warning) }
        let flow = LoginFlow(
            daemon: daemon, doors: HTTPDoors(), servers: servers, user: user,
            fingerprint: fingerprint, ttl: ttl, scopes: scopes?.scopes)
        return try await run(flow, in: context)
    }

    /// Logs in through whatever daemon and doors the flow has.
    func run(_ flow: LoginFlow, in context: CommandContext) async throws -> Int32 {
        let target = try await flow.target()
        let password = try secret(flow.user, context)
        let outcome = try await Progress.waiting("proving the password", in: context) {
            try await flow.logIn(target, password: password)
        }
        let clock = ContinuousClock()
        let deadline = clock.now + timeout.duration
        // Of another server only its grant was renewed.
        let missing =
            target.isOwn
            ? try await Progress.waiting("becoming level with the others", in: context) {
                try await flow.level(until: deadline, clock: clock, pause: .milliseconds(200))
            } : nil
        let fingerprint = NodeFingerprint(nodeKey: target.nodeKey, curveKey: target.curveKey)
        let report = LoginReport(
            loggedIn: true, user: outcome.user, node: outcome.node,
            fingerprint: fingerprint.description, expires: outcome.expires,
            holder: outcome.holder, renewed: outcome.renewed, isReady: missing == nil,
            missing: missing ?? [],
            warnings: outcome.notes + (target.isOwn ? await userProblems(flow.daemon) : []))
        if context.output.isJSON {
            try context.output.document(report)
        } else {
            try context.output.line(loggedInLine(outcome.user), style: .good)
            try context.output.note("The grant is valid until \(instant(outcome.expires)).")
            try context.output.renewed(outcome.renewed, of: outcome.user.name)
            for warning in report.warnings ?? [] {
                try context.output.note("Warning: \(warning)", style: .warning)
            }
        }
        guard let missing else { return ExitStatus.done }
        try context.output.note(
            "Logged in, but not level with the others after"
                + " \(timeout.defaultValueDescription):", style: .warning)
        for line in missing { try context.output.note("  \(line)", style: .warning) }
        return ExitStatus.incomplete
    }

    /// What is wrong with the users file here: a login alone lets nobody act from elsewhere.
    private func userProblems(_ daemon: any Administration) async -> [String] {
        do {
            return try await daemon.status().own.userProblems?.map { "users: \($0)" } ?? []
        } catch {
            // Whether it answers was asked before, and is said.
            return []
        }
    }

    private func secret(_ user: String, _ context: CommandContext) throws -> SecretBytes {
        guard let password else {
            var input = try PasswordInput(
                fromInput: passwords.fromInput, context.surroundings)
            return try input.present(of: user)
        }
        try context.output.note(
            "Warning: a password on the command line can be read by others, in the list of"
                + " processes and in the shell's history.", style: .warning)
        var bytes = Array(password.utf8)
        return SecretBytes(moving: &bytes)
    }

    /// Says as whom a server is logged in.
    func show(_ context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let url = try SiteURL(argument: remote)
        let own = try await daemon.identity()
        // A node that is not logged in can ask nobody but itself.
        var identity = own
        if own.user != nil, try own.url.map({ try SiteURL($0).key }) != url.key {
            identity = try await daemon.remoteIdentity(
                RemoteIdentityRequest(url: try ServerList(remote, context).listed ?? remote))
        }
        if context.output.isJSON {
            try context.output.document(
                LoginReport(
                    loggedIn: identity.user != nil, user: identity.user, node: identity.node,
                    fingerprint: identity.fingerprint, expires: identity.user?.expires))
        } else {
            let line = identity.user.map(loggedInLine)
            try context.output.line(line ?? "Not logged in.", style: line == nil ? .bad : .plain)
            // Who renews its grant from afar needs it.
            try context.output.note("Fingerprint of that server's keys: \(identity.fingerprint)")
        }
        return identity.user == nil ? ExitStatus.notAuthorised : ExitStatus.done
    }
}

/// What `login --json` prints.
struct LoginReport: Encodable {
    var loggedIn: Bool
    var user: UserDocument?
    var node: String
    /// Of the server's keys, for people to compare.
    var fingerprint: String
    var expires: UInt64?
    var holder: String?
    /// How many of the user's other grants were signed again, as they were due.
    var renewed: Int?
    var isReady: Bool?
    var missing: [String]?
    var warnings: [String]?
}

/// As whom somebody is logged in, in one line.
func loggedInLine(_ user: UserDocument) -> String {
    "Logged in as \(user.fullName.isEmpty ? user.name : user.fullName)"
        + " (\(user.name), \(user.email))."
}
