// SPDX-License-Identifier: Apache-2.0
public import ArgumentParser
public import NodeConfiguration

/// A command that sees nothing of the process but its context.
///
/// The root of the program runs it through ``runSitestacker(_:arguments:surroundings:)``.
public protocol ContextCommand: AsyncParsableCommand {
    /// The options that every command takes.
    var global: GlobalOptions { get }
    /// Whether it is no failure when whoever reads the output leaves early.
    static var endsWithItsReader: Bool { get }
    /// Does the work.
    ///
    /// Returns the exit status: 0, or another where the output itself tells what failed.
    ///
    /// - Throws: `ErrorDocument`, which is shown and ends the command with its exit status.
    func run(in context: CommandContext) async throws -> Int32
}

extension ContextCommand {
    /// No: whoever leaves early does not learn how it ended.
    public static var endsWithItsReader: Bool { false }

    /// Runs it in the process that we are.
    ///
    /// - Throws: as ``run(in:)`` does; `ExitCode` for a status other than 0.
    public mutating func run() async throws {
        let status = try await run(in: CommandContext(global, in: .process()))
        guard status == 0 else { throw ExitCode(status) }
    }
}

/// What a command works with.
public struct CommandContext: Sendable {
    /// The options that every command takes.
    public let options: GlobalOptions
    /// The process around it.
    public let surroundings: Surroundings
    /// The way to standard output and standard error.
    public let output: Output

    /// Joins options and surroundings.
    public init(_ options: GlobalOptions, in surroundings: Surroundings) {
        self.options = options
        self.surroundings = surroundings
        output = Output(options: options, surroundings: surroundings)
    }

    /// Finds configuration and state, by the environment and the working directory.
    public var locator: ConfigurationLocator {
        ConfigurationLocator(
            workingDirectory: surroundings.workingDirectory,
            home: surroundings.environment["HOME"],
            stateOverride: surroundings.environment["SITESTACKER_HOME"])
    }

    /// The root of the installation that is meant; `nil` where nothing says which.
    ///
    /// - Throws: `ConfigurationError` where `--site` names a folder without a `sitestacker.yml`.
    public func site() throws(ConfigurationError) -> String? {
        do {
            let path = try locator.configuration(site: options.site).path
            return String(path.dropLast(SiteConfiguration.fileName.utf8.count + 1))
        } catch  where error.code == .missing && options.site == nil {
            return nil
        }
    }

    /// The way to the daemon; nothing is opened yet.
    ///
    /// - Throws: `ConfigurationError` where there is no state directory, or no such site.
    public func daemon() throws(ConfigurationError) -> DaemonConnection {
        DaemonConnection(stateDirectory: try locator.state().path, site: try site())
    }
}
