// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ArgumentParser
import ClusterModel
import NodeConfiguration

/// How long a grant is valid: whole days or hours, such as `365d` or `12h`.
struct LifetimeArgument: Sendable, Hashable, ExpressibleByArgument {
    /// What a grant lasts where nothing is said.
    static let standard = LifetimeArgument(hours: 365 * 24)
    /// The longest.
    ///
    /// Unit: hours. Limit: ten years.
    static let limit: UInt64 = 3_650 * 24

    let hours: UInt64

    init(hours: UInt64) {
        self.hours = hours
    }

    /// Reads a lifetime; `nil` for anything but a whole number from 1 with its unit.
    init?(argument: String) {
        let digits = argument.utf8.prefix { (0x30...0x39).contains($0) }
        let units: [String: UInt64] = ["h": 1, "d": 24]
        guard (1...6).contains(digits.count), let value = UInt64(String(Substring(digits))),
            let unit = units[String(argument.dropFirst(digits.count))],
            (1...Self.limit).contains(value * unit)
        else { return nil }
        hours = value * unit
    }

    var milliseconds: UInt64 { hours * 3_600_000 }

    var defaultValueDescription: String {
        hours.isMultiple(of: 24) ? "\(hours / 24)d" : "\(hours)h"
    }
}

/// Scopes, joined by commas, such as `invalidate,query`.
struct ScopesArgument: Sendable, Hashable, ExpressibleByArgument {
    /// Every scope there is, for people.
    static let words = Scopes.all.description.split(separator: ",").joined(separator: ", ")

    let scopes: Scopes

    init(_ scopes: Scopes) {
        self.scopes = scopes
    }

    /// Reads scopes; `nil` for none, or one that does not exist.
    init?(argument: String) {
        var scopes: Scopes = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let scope = Scopes(name: word) else { return nil }
            scopes.formUnion(scope)
        }
        guard !scopes.isEmpty else { return nil }
        self.scopes = scopes
    }

    var defaultValueDescription: String { scopes.description }
}

/// Whether a question about something irrevocable was answered beforehand.
struct ConfirmationOptions: ParsableArguments {
    @Flag(name: [.customShort("y"), .long], help: "Do not ask whether this is meant.")
    var yes = false

    /// Goes on only where somebody says yes.
    ///
    /// - Throws: `ErrorDocument` where nobody does.
    func confirm(_ question: String, _ context: CommandContext) throws {
        guard !yes else { return }
        guard let conversation = context.surroundings.conversation else {
            throw ErrorDocument.usage(
                "\(question) Nobody can be asked here", hint: "add --yes if it is meant")
        }
        let answer = try conversation.line("\(escaped(question)) Type yes to go on: ")
        guard answer == "yes" else {
            throw ErrorDocument(
                code: "not-confirmed", message: "nothing was changed: the answer was not yes",
                exitStatus: ExitStatus.failed)
        }
    }
}

extension SiteURL {
    /// Reads a URL of the command line.
    ///
    /// - Throws: `ErrorDocument` of usage for one that is none.
    init(argument: String) throws(ErrorDocument) {
        do {
            try self.init(argument)
        } catch {
            throw .usage(error.description)
        }
    }
}
