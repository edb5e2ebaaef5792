// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import NodeConfiguration

/// Looks at the configuration, without touching the network.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the configuration, or say which file is in force.",
        discussion: """
            Example:
              sitestacker config check
            """,
        subcommands: [ConfigCheckCommand.self, ConfigPathCommand.self])
}

/// Validates the configuration and the users file.
struct ConfigCheckCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check sitestacker.yml and the users file, without touching the network.",
        discussion: """
            Example:
              sitestacker config check --site /var/www/html
            """)

    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let location = try context.locator.configuration(site: global.site)
        let configuration = try SiteConfiguration.load(from: location.path)
        let usersPath = try context.locator.state().path + "/" + UsersFile.fileName
        let users = try UsersFile.load(from: usersPath)
        let report = ConfigurationReport(
            configuration: location.path, servers: configuration.urls.map(\.description),
            usersFile: usersPath, users: users.isMissing ? nil : users.entries.count)
        guard !context.output.isJSON else {
            try context.output.document(report)
            return ExitStatus.done
        }
        try context.output.line(
            "\(report.configuration): OK, \(counted(report.servers.count, "server"))")
        if let count = report.users {
            try context.output.line("\(report.usersFile): OK, \(counted(count, "user"))")
        } else {
            try context.output.line(
                "\(report.usersFile): missing, so no change from another node is accepted",
                style: .warning)
        }
        return ExitStatus.done
    }
}

/// Says which files are in force, and why.
struct ConfigPathCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "path",
        abstract: "Say which sitestacker.yml and which state directory are in force, and why.",
        discussion: """
            Example:
              sitestacker config path
            """)

    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let configuration = try context.locator.configuration(site: global.site)
        let state = try context.locator.state()
        guard !context.output.isJSON else {
            try context.output.document(
                PathReport(
                    configuration: configuration.path, configurationReason: configuration.reason,
                    state: state.path, stateReason: state.reason))
            return ExitStatus.done
        }
        try context.output.line(configuration.path)
        try context.output.note("  \(configuration.reason)")
        try context.output.line(state.path)
        try context.output.note("  \(state.reason)")
        return ExitStatus.done
    }
}

/// What `config check --json` prints.
private struct ConfigurationReport: Encodable {
    let configuration: String
    let servers: [String]
    let usersFile: String
    let users: Int?
}

/// What `config path --json` prints.
private struct PathReport: Encodable {
    let configuration: String
    let configurationReason: String
    let state: String
    let stateReason: String
}

/// A number with its noun.
func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}
