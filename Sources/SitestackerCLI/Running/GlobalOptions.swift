// SPDX-License-Identifier: Apache-2.0
public import ArgumentParser

/// The options that every command takes.
public struct GlobalOptions: ParsableArguments, Sendable {
    /// When to colour.
    public enum Color: String, Sendable, CaseIterable, ExpressibleByArgument {
        /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
        case auto
        /// Always.
        case always
        /// Never.
        case never
    }

    /// Whether data are JSON, and errors one JSON object.
    @Flag(name: .long, help: "Print JSON; an error is one object on standard error.")
    public var json = false

    /// Whether standard error stays empty but for errors.
    @Flag(name: .long, help: "Print no hints or warnings, only data and errors.")
    public var quiet = false

    /// When to colour.
    @Option(name: .long, help: "When to colour: auto, always or never.")
    public var color = Color.auto

    /// The root of the installation, if it is named.
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The folder with the sitestacker.yml; default: the nearest parent that holds one.",
            valueName: "dir"))
    public var site: String?

    /// The defaults.
    public init() {}
}
