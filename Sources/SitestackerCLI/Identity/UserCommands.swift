// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterModel
import NodeConfiguration

/// The users of the cluster.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Users of the cluster: add, list, passwd, remove, pin.",
        discussion: """
            Example:
              sitestacker user list
            """,
        subcommands: [
            UserAddCommand.self, UserListCommand.self, UserPasswordCommand.self,
            UserRemoveCommand.self, UserPinCommand.self,
        ])
}

/// Who signs.
struct SignerOptions: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "The administrator who signs; default: as whom this server is logged in.",
            valueName: "admin"))
    var administrator: String?

    @OptionGroup var passwords: PasswordOptions

    /// Where the signer's password comes from.
    func input(_ context: CommandContext) throws -> PasswordInput {
        try PasswordInput(fromInput: passwords.fromInput, context.surroundings)
    }
}

/// Makes a user.
struct UserAddCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a user to the cluster.",
        discussion: """
            Asks for the administrator's password, then for the new user's. A user acts on a \
            server only where its users file names him.

            Example:
              sitestacker user add bob --email bob@example.com --name "Bob Builder" \
            --scopes publish,query
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var signer: SignerOptions

    @Argument(help: ArgumentHelp("The user name.", valueName: "name"))
    var user: String

    @Option(help: "The email address.")
    var email: String

    @Option(help: "The user as people call him.")
    var name: String

    @Option(help: "What the user may do, out of \(ScopesArgument.words).")
    var scopes = ScopesArgument(Scopes.all.subtracting(.admin))

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let founder = try NewUser(name: user, email: email, fullName: name)
        let changes = try await AccountChanges(daemon)
        try changes.checkIsNew(founder)
        let administrator = try changes.accounts.administrator(signer.administrator)
        var input = try signer.input(context)
        let password = try input.present(of: administrator.user.name)
        let new = try input.new(of: founder.name)
        let renewed = try await changes.add(
            founder, scopes: scopes.scopes, by: administrator, password: password, new: new)
        try context.output.done(
            ChangeReport(change: "user-added", user: founder.name, renewed: renewed),
            "Added \(founder.name) with \(scopes.scopes).")
        try context.output.renewed(renewed, of: administrator.user.name)
        try context.output.note(
            "Each server lets \(founder.name) act once its users file names \(founder.name).")
        return ExitStatus.done
    }
}

/// Shows the users.
struct UserListCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the users of the cluster, and what this server makes of them.",
        discussion: """
            Example:
              sitestacker user list --json | jq -r '.users[].name'
            """)

    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let document = try await daemon.accounts()
        let current = document.accounts.filter { !$0.isRemoved }
        guard !context.output.isJSON else {
            try context.output.document(
                UserListReport(
                    users: current.map(UserListReport.User.init),
                    unresolved: document.unresolved))
            return ExitStatus.done
        }
        let rows = current.map { account in
            [
                account.user.name, account.user.email, account.user.fullName,
                account.user.scopes, account.allowed, "\(account.grants.count)",
            ]
        }
        let heading = ["USER", "EMAIL", "NAME", "SCOPES", "ALLOWED HERE", "GRANTS"]
        for line in table([heading] + rows) { try context.output.line(line) }
        for name in document.unresolved {
            try context.output.note(
                "Warning: the users file names \(name), whom the cluster does not have.",
                style: .warning)
        }
        return ExitStatus.done
    }
}

/// Changes a password.
struct UserPasswordCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Change a user's password, and with it the user's key.",
        discussion: """
            Asks for the user's password, then twice for the new one; with --as for the \
            administrator's instead of the user's. The grants of all servers are signed again. \
            Names the servers that are silent first: what the user signed there and nobody here \
            has heard of does not count afterwards.

            Example:
              sitestacker user passwd alice
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var signer: SignerOptions

    @Argument(help: ArgumentHelp("The user, by name or email address.", valueName: "name"))
    var user: String

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let changes = try await AccountChanges(daemon)
        let account = try changes.accounts.account(user)
        let named = try signer.administrator.map { name throws(ErrorDocument) in
            try changes.accounts.administrator(name)
        }
        let administrator = named?.user.name == account.user.name ? nil : named
        let silent = try await silentMembers(daemon)
        for member in silent {
            try context.output.note(
                "Warning: \(member.name) is \(member.state). What \(account.user.name) signed there"
                    + " and this server has not heard of, such as a login or a new user, does not"
                    + " count under the new key: do it again afterwards.", style: .warning)
        }
        var input = try signer.input(context)
        let password = try input.present(of: (administrator ?? account).user.name)
        let count = try await changes.changePassword(
            of: account, by: administrator, password: password,
            new: try input.new(of: account.user.name))
        try context.output.done(
            ChangeReport(
                change: "password-changed", user: account.user.name, grants: count,
                silent: silent.map(\.name), isPinNeeded: administrator != nil),
            "Changed the password of \(account.user.name); renewed \(counted(count, "grant")).")
        if administrator != nil {
            try context.output.note(
                "The key is another one now: on each server run sitestacker user pin"
                    + " \(account.user.name).", style: .warning)
        }
        return ExitStatus.done
    }
}

extension UserPasswordCommand {
    /// The members that may hold what the old key signed and nobody here has seen: it cannot be
    /// signed again, and counts no more.
    fileprivate func silentMembers(
        _ daemon: any Administration
    ) async throws -> [(name: String, state: String)] {
        try await daemon.members().members.filter {
            $0.node != nil && !["self", "alive"].contains($0.state)
        }.map { member in
            let id = member.node.map { "node \($0.prefix(16))" }
            return (member.url ?? id ?? "a server", member.state)
        }
    }
}

/// Removes a user.
struct UserRemoveCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a user from the cluster, with every grant the user gave.",
        discussion: """
            Servers that are logged in as this user are logged out. What they published stays.

            Example:
              sitestacker user remove bob
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var signer: SignerOptions
    @OptionGroup var confirmation: ConfirmationOptions

    @Argument(help: ArgumentHelp("The user, by name or email address.", valueName: "name"))
    var user: String

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let changes = try await AccountChanges(daemon)
        let account = try changes.accounts.account(user)
        let administrator = try changes.accounts.administrator(signer.administrator)
        try confirmation.confirm(
            "This removes \(account.user.name) and ends"
                + " \(counted(account.grants.count, "grant")) for good.", context)
        var input = try signer.input(context)
        let renewed = try await changes.remove(
            account, by: administrator,
            password: try input.present(of: administrator.user.name))
        try context.output.done(
            ChangeReport(
                change: "user-removed", user: account.user.name, grants: account.grants.count,
                renewed: renewed),
            "Removed \(account.user.name).")
        try context.output.renewed(renewed, of: administrator.user.name)
        return ExitStatus.done
    }
}

/// Pins a user's name to a key.
struct UserPinCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Say on this server which key a user of the users file has.",
        discussion: """
            Needed where a user got a new key from somebody else, or has several. Compare the key \
            with the user first; of several none is taken without --key.

            Example:
              sitestacker user pin bob
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("As the users file names the user.", valueName: "name"))
    var user: String

    @Option(help: "The public key in hexadecimal digits; default: the user's only one.")
    var key: String?

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let keys = try await ClusterAccounts(daemon).keys(of: user)
        // Which of several is meant is what the person is here to say.
        guard let named = key ?? (keys.count == 1 ? keys.first : nil) else {
            throw ErrorDocument.usage(
                "\(user): expected one key, found \(keys.count): \(keys.joined(separator: ", "))",
                hint: "ask the user for the right one, and name it with --key")
        }
        guard let key = UserKey(hex: named) else {
            throw ErrorDocument.usage("--key: expected 64 hexadecimal digits")
        }
        _ = try await daemon.pin(PinRequestDocument(identifier: user, key: key.description))
        try context.output.done(
            ChangeReport(change: "user-pinned", user: user, key: key.description),
            "Pinned \(user) to \(key).")
        return ExitStatus.done
    }
}
