// SPDX-License-Identifier: Apache-2.0
internal import AdminAPI
internal import ArgumentParser
internal import DatabaseStatus
internal import Glibc
internal import Logging
internal import NodeConfiguration
internal import SitestackerCLI

/// The program.
@main
struct Sitestacker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sitestacker",
        abstract: "Keeps the web servers of one site in step.",
        discussion: """
            On the first server: sitestacker init, then sitestacker daemon.
            On every other:      sitestacker daemon, then sitestacker login -r URL -u USER.
            Then anywhere:       sitestacker status
            """,
        version: ServedInstallation.version,
        subcommands: [DaemonCommand.self] + sitestackerSubcommands)

    static func main() async {
        prepareSignals()
        Glibc.exit(
            await runSitestacker(
                Sitestacker.self, arguments: Array(CommandLine.arguments.dropFirst())))
    }
}

/// `sitestacker daemon`.
struct DaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon",
        abstract: "Run in the foreground for one or more installations.",
        discussion: """
            For systemd: Type=notify; stops on SIGTERM. With --quiet only errors are logged; with \
            --json an error that ends it is one object. The log is never coloured.

            Example:
              sitestacker daemon /var/www/site
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Directories that hold a sitestacker.yml (default: the nearest one upwards).")
    var directories: [String] = []

    @Option(
        help: """
            The least important log lines to write: debug, info, notice, warning, error; default: \
            notice, or error with --quiet.
            """)
    var logLevel: String?

    func validate() throws {
        if let logLevel, Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError(
                "expected debug, info, notice, warning or error, found \(logLevel)")
        }
        guard directories.isEmpty || global.site == nil else {
            throw ValidationError("Name directories or --site, not both.")
        }
    }

    func run() async throws {
        LibraryEnvironment.forget()
        // An interrupt of the daemon is a request to stop in good order.
        signal(SIGINT, SIG_DFL)
        let level =
            logLevel.flatMap { Logger.Level(rawValue: $0) } ?? (global.quiet ? .error : .notice)
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let locator = CommandContext(global, in: .process()).locator
        let wanted: [String?] = directories.isEmpty ? [global.site] : directories.map { $0 }
        let sites = try wanted.map { directory in
            let file = try locator.configuration(site: directory).path
            return String(file.dropLast(SiteConfiguration.fileName.utf8.count + 1))
        }
        let daemon = Daemon(
            sites: sites, stateDirectory: try locator.state().path,
            logger: Logger(label: "sitestacker"))
        do {
            try await daemon.run()
        } catch let error as any CustomStringConvertible & Error
            where errorDocument(for: error) == nil
        {
            throw ErrorDocument(
                code: "daemon", message: "\(error)", exitStatus: ExitStatus.failed)
        }
    }
}
