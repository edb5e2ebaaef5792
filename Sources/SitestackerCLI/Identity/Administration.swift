// SPDX-License-Identifier: Apache-2.0
import AdminAPI

/// What the commands about identity ask of the daemon.
///
/// Every request throws what ``DaemonConnection`` does.
protocol Administration: Sendable {
    func identity() async throws -> IdentityDocument
    func remoteIdentity(_ request: RemoteIdentityRequest) async throws -> IdentityDocument
    func status() async throws -> StatusDocument
    func accounts() async throws -> AccountsDocument
    func members() async throws -> MembersDocument
    func submit(_ request: RecordsRequestDocument) async throws -> RecordsAnswer
    func join(_ request: JoinRequestDocument) async throws -> IdentityDocument
    func logout() async throws -> IdentityDocument
    func pin(_ request: PinRequestDocument) async throws -> AccountsDocument
    func replay(_ request: ReplayUserRequestDocument) async throws -> RecordsAnswer
    /// Tries parked events again.
    func retryParked(_ request: RetryRequestDocument) async throws -> RetryAnswer
    func noteRefusal(_ request: RefusalRequestDocument) async throws -> RefusalAnswer
}

extension Administration {
    /// Has the daemon note what was refused here.
    func note(
        _ attempt: RefusalRequestDocument.Attempt, _ user: String, _ subject: String? = nil,
        _ code: String
    ) async {
        do {
            _ = try await noteRefusal(
                RefusalRequestDocument(
                    attempt: attempt, user: user, subject: subject, code: code))
        } catch {
            // The refusal itself is what people are told.
        }
    }
}

extension DaemonConnection: Administration {
    func identity() async throws -> IdentityDocument { try await get(Routes.identity) }

    func remoteIdentity(_ request: RemoteIdentityRequest) async throws -> IdentityDocument {
        try await post(Routes.remoteIdentity, request)
    }

    func status() async throws -> StatusDocument { try await get(Routes.status) }

    func accounts() async throws -> AccountsDocument { try await get(Routes.accounts) }

    func members() async throws -> MembersDocument { try await get(Routes.members) }

    func submit(_ request: RecordsRequestDocument) async throws -> RecordsAnswer {
        try await post(Routes.records, request)
    }

    func join(_ request: JoinRequestDocument) async throws -> IdentityDocument {
        try await post(Routes.join, request)
    }

    func logout() async throws -> IdentityDocument { try await post(Routes.logout) }

    func pin(_ request: PinRequestDocument) async throws -> AccountsDocument {
        try await post(Routes.pin, request)
    }

    func replay(_ request: ReplayUserRequestDocument) async throws -> RecordsAnswer {
        try await post(Routes.replayUser, request)
    }

    func noteRefusal(_ request: RefusalRequestDocument) async throws -> RefusalAnswer {
        try await post(Routes.refusal, request)
    }

    func retryParked(_ request: RetryRequestDocument) async throws -> RetryAnswer {
        try await post(Routes.retry, request)
    }
}

/// A command that does its work through the daemon's administration.
protocol AdministrationCommand: ContextCommand {
    /// Does the work, whatever administration there is.
    func run(in context: CommandContext, _ daemon: any Administration) async throws -> Int32
}

extension AdministrationCommand {
    func run(in context: CommandContext) async throws -> Int32 {
        try await run(in: context, context.daemon())
    }
}
