// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterModel
import ClusterSigning
import NodeConfiguration

/// Makes a cluster on its first server.
struct InitCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the cluster, its first user and this server's keys.",
        discussion: """
            For the first server only; the others log in. Works in the folder named by --site, or \
            in the working directory, and needs no daemon. What exists is kept and named. Asks for \
            what is not given.

            Example:
              sitestacker init --user alice --email alice@example.com --name "Alice Admin" \
            --url http://web1 --url http://web2
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "The first user's name: letters, digits and . - _")
    var user: String?

    @Option(help: "The first user's email address.")
    var email: String?

    @Option(help: "The first user as people call him.")
    var name: String?

    @Option(
        help: "A server of the site; repeat it, this server first. Not for an existing list.")
    var url: [String] = []

    @OptionGroup var passwords: PasswordOptions

    func run(in context: CommandContext) async throws -> Int32 {
        let path = context.locator.newSite(global.site)
        let state = SiteState(stateDirectory: try context.locator.state().path, site: path)
        let foundation = ClusterFoundation(site: path, state: state)
        try foundation.check()
        let founder = try founder(context)
        let urls = try urls(foundation, context)
        var input = try PasswordInput(fromInput: passwords.fromInput, context.surroundings)
        let password = try input.new(of: founder.name)
        let report = try foundation.make(
            founder: founder, password: password, urls: urls, now: wallTime())
        if context.output.isJSON {
            try context.output.document(report)
        } else {
            try show(report, context.output)
        }
        return ExitStatus.done
    }

    private func founder(_ context: CommandContext) throws -> NewUser {
        let name = try given(user, "--user", "User name: ", context)
        let email = try given(email, "--email", "Email address: ", context)
        let fullName = try given(self.name, "--name", "Full name: ", context)
        return try NewUser(name: name, email: email, fullName: fullName)
    }

    private func urls(
        _ foundation: ClusterFoundation, _ context: CommandContext
    ) throws -> [SiteURL]? {
        if try foundation.hasConfiguration(context.locator) {
            guard url.isEmpty else {
                throw ErrorDocument.usage(
                    "\(foundation.configurationFile) exists already and is kept",
                    hint: "leave --url away, and change the list there")
            }
            return nil
        }
        guard url.isEmpty else { return try url.map { try SiteURL(argument: $0) } }
        let text = try given(
            nil, "--url", "URLs of all servers, this one first, with spaces between them: ",
            context)
        let urls = try text.split(separator: " ").map { try SiteURL(argument: String($0)) }
        guard !urls.isEmpty else {
            throw ErrorDocument.usage(
                "init: expected the URL of this server at least, found none",
                hint: "such as http://web1; the others can be added to sitestacker.yml later")
        }
        return urls
    }

    private func given(
        _ value: String?, _ option: String, _ prompt: String, _ context: CommandContext
    ) throws -> String {
        if let value { return value }
        guard let conversation = context.surroundings.conversation else {
            throw ErrorDocument.usage("init: expected \(option), found nobody to ask for it")
        }
        return try conversation.line(prompt)
    }

    private func show(_ report: InitReport, _ output: Output) throws {
        try output.line("Cluster: \(report.cluster)")
        try output.line("User: \(report.user.fullName) (\(report.user.name), \(report.user.email))")
        try output.line("Node: \(report.node)")
        try output.line("Fingerprint: \(report.fingerprint)")
        for file in report.files { try output.line("\(file.path): \(file.outcome)") }
        let name = report.user.name
        for line in [
            "Next:",
            "  1. Start the daemon here: sitestacker daemon \(report.site)",
            "  2. On each other server: its own sitestacker.yml, \(name) in ~/.sitestacker/users,"
                + " the daemon, then",
            "       sitestacker login -r ITS-URL -u \(name)",
            "  3. Anywhere: sitestacker status",
        ] { try output.note(line) }
    }
}
