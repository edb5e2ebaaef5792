// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The commands about who may do what.
let identitySubcommands: [any ParsableCommand.Type] = [
    InitCommand.self, LoginCommand.self, LogoutCommand.self, UserCommand.self,
    NodeCommand.self, ClientCommand.self, ReplayCommand.self,
]
