// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterModel
import NodeConfiguration

/// The nodes of the cluster.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Nodes of the cluster: list, remove.",
        discussion: """
            Example:
              sitestacker node list
            """,
        subcommands: [NodeListCommand.self, NodeRemoveCommand.self])
}

/// Shows the members.
struct NodeListCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the nodes of the cluster as this server sees them.",
        discussion: """
            Example:
              sitestacker node list
            """)

    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let members = try await daemon.members()
        guard !context.output.isJSON else {
            try context.output.document(members)
            return ExitStatus.done
        }
        let rows = members.members.map { member in
            [
                member.node.map { String($0.prefix(16)) } ?? "-", member.url ?? "-",
                member.state, member.user ?? "-",
            ]
        }
        for line in table([["NODE", "URL", "STATE", "USER"]] + rows) {
            try context.output.line(line)
        }
        return ExitStatus.done
    }
}

/// Throws a node out.
struct NodeRemoveCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a node from the cluster, for good.",
        discussion: """
            For a server that was stolen or taken down: its keys are never admitted again; the \
            same server can join later as a new node. What it published stays.

            Example:
              sitestacker node remove http://web3
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var signer: SignerOptions
    @OptionGroup var confirmation: ConfirmationOptions

    @Argument(help: "The node: its URL, its ID, or at least eight digits of the ID.")
    var node: String

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let changes = try await AccountChanges(daemon)
        let target = try member(
            try await daemon.members().members.filter { $0.node != nil }, changes.accounts)
        let administrator = try changes.accounts.administrator(signer.administrator)
        let isOwn = target.description == changes.accounts.own.node
        try confirmation.confirm(
            "This removes node \(target.short)\(isOwn ? ", THIS SERVER," : "") for good.", context)
        var input = try signer.input(context)
        let renewed = try await changes.remove(
            target, by: administrator,
            password: try input.present(of: administrator.user.name))
        try context.output.done(
            ChangeReport(change: "node-removed", node: target.description, renewed: renewed),
            "Removed node \(target.short).")
        try context.output.renewed(renewed, of: administrator.user.name)
        return ExitStatus.done
    }

    /// The one node that is meant; one that is no member any more by its whole ID.
    private func member(
        _ members: [MemberDocument], _ accounts: ClusterAccounts
    ) throws -> NodeID {
        let isDigits = node.utf8.count >= 8 && node.allSatisfy { $0.isASCII && $0.isHexDigit }
        let matches = try members.filter { member in
            if isDigits { return member.node?.hasPrefix(node.lowercased()) == true }
            let key = try SiteURL(argument: node).key
            return try member.url.map { try SiteURL($0).key } == key
        }
        if matches.count == 1, let id = matches[0].node.flatMap({ NodeID(hex: $0) }) { return id }
        if matches.isEmpty, let id = NodeID(hex: node) { return id }
        throw ErrorDocument(
            code: "unknown-node",
            message: "expected one node of the cluster, found \(matches.count) for \(node)",
            hint: "sitestacker node list shows them", exitStatus: ExitStatus.failed)
    }
}

/// Leaves the cluster's mesh.
struct LogoutCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Log this server out: it leaves the mesh, and keeps its log.",
        discussion: """
            From then on it publishes nothing and hears nothing; login takes it back. Asks for \
            the user's password, ends this server's grants in the cluster, and so the others see \
            it leave. With --local nobody is told, and no password is needed: the grant stays \
            valid. For a server that is gone use node remove.

            Examples:
              sitestacker logout
              sitestacker logout --local --yes
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var passwords: PasswordOptions
    @OptionGroup var confirmation: ConfirmationOptions

    @Flag(name: .customLong("local"), help: "Leave without telling the other servers.")
    var isLocal = false

    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32 {
        let own = try await daemon.identity()
        guard let user = own.user else { throw ErrorDocument.notLoggedIn }
        try confirmation.confirm(
            "This server is logged in as \(user.name); after it leaves it gets no changes.",
            context)
        if !isLocal { try await endGrants(of: user, daemon, context) }
        let identity = try await daemon.logout()
        if !isLocal, identity.isHeard != true {
            try context.output.note(
                "No other server has heard of it yet: they go on counting this one as silent.",
                style: .warning)
        }
        try context.output.done(
            ChangeReport(change: "logged-out", user: user.name, node: identity.node),
            "Logged out.")
        return ExitStatus.done
    }

    private func endGrants(
        of user: UserDocument, _ daemon: any Administration, _ context: CommandContext
    ) async throws {
        let changes = try await AccountChanges(daemon)
        let account = try changes.accounts.account(user.name)
        var input = try PasswordInput(fromInput: passwords.fromInput, context.surroundings)
        let renewed = try await changes.logOut(
            account, password: try input.present(of: user.name))
        try context.output.renewed(renewed, of: user.name)
        let others = changes.accounts.current.filter { other in
            other.user.name != user.name
                && other.grants.contains { $0.node == changes.accounts.own.node }
        }
        guard !others.isEmpty else { return }
        try context.output.note(
            "Grants of \(others.map(\.user.name).joined(separator: ", ")) for this server remain:"
                + " the others go on counting it as a member until it logs in as them and out, or"
                + " is removed with node remove.", style: .warning)
    }
}
