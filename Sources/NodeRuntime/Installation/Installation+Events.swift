// SPDX-License-Identifier: Apache-2.0

public import AdminAPI
internal import ClusterCore
internal import ClusterModel
internal import ClusterSigning
internal import Foundation
internal import WireFormat

// Publishing, and trying again.
extension Installation {
    /// Publishes an application event and waits for the level, as long as asked.
    public func publish(
        _ request: PublishRequestDocument
    ) async throws(ErrorDocument) -> PublishAnswer {
        let node = try loggedInNode()
        let payload = try bytes(of: request)
        guard (1...WireLimits.topic).contains(request.topic.utf8.count),
            !request.topic.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f })
        else { throw .malformed("expected a topic of 1 to 200 bytes without control characters") }
        let limit = min(settings.payloadLimit, WireLimits.blob)
        guard payload.count <= limit else { throw .tooLarge(payload.count, limit: limit) }
        let level = try await level(request.confirm, of: node)
        let content = EventContent.application(
            ApplicationEvent(topic: request.topic, payload: try await place(payload)))
        try checkEncodable(content)
        let result = await node.publish(
            [content], level: level,
            timeout: .milliseconds(Int64(clamping: request.timeoutMilliseconds)))
        return try answer(result, level: level, snapshot: await node.snapshot())
    }

    /// The level of a word; where none is given, the disk of one other node, if there is one.
    func level(
        _ word: String?, of node: Node
    ) async throws(ErrorDocument) -> ConfirmationLevel {
        let isAlone = await node.snapshot().authority.members.count <= 1
        return try ConfirmationLevel(word ?? (isAlone ? "local" : "one"))
    }

    /// Refuses what no batch can hold: it would take others in its batch with it.
    func checkEncodable(_ content: EventContent) throws(ErrorDocument) {
        do {
            _ = try EventBodyCodec.byteCount(of: content)
        } catch {
            throw .malformed(error.description)
        }
    }

    private func bytes(of request: PublishRequestDocument) throws(ErrorDocument) -> [UInt8] {
        switch (request.payload, request.payloadBase64) {
        case (let text?, nil): return Array(text.utf8)
        case (nil, let encoded?):
            guard let data = Data(base64Encoded: encoded) else {
                throw .malformed("expected Base64 as payloadBase64")
            }
            return Array(data)
        case (nil, nil): return []
        case (_?, _?): throw .malformed("expected payload or payloadBase64, found both")
        }
    }

    /// The payload itself, or the name of the blob it has been stored as.
    private func place(_ payload: [UInt8]) async throws(ErrorDocument) -> Payload {
        guard payload.count > WireLimits.inlinePayload else { return .inline(payload) }
        let blob = BlobReference(digest: Digest(hashing: payload), byteCount: payload.count)
        let error = await withCheckedContinuation { continuation in
            ports.log.submit([.blob(blob, payload)]) { continuation.resume(returning: $0) }
        }
        if let error { throw ErrorDocument(error) }
        return .blob(blob)
    }

    /// What became of an event, with the nodes by the names that people know.
    ///
    /// - Throws: `ErrorDocument` where nothing was published, or nobody knows.
    func answer(
        _ result: PublishResult, level: ConfirmationLevel, snapshot: NodeSnapshot
    ) throws(ErrorDocument) -> PublishAnswer {
        let own = identity.node
        switch result {
        case .confirmed(let range, let holders):
            // A listed server that nobody is logged in on cannot confirm, and counts for `all`.
            let missing = level == .all ? snapshot.attendance(own: own).absent(silent: []) : []
            return PublishAnswer(
                id: EventID(log: range.log, sequence: range.first).description,
                level: level.word, isConfirmed: missing.isEmpty,
                confirmedBy: ([own] + holders).map { snapshot.name(of: $0, own: own) },
                missing: missing)
        case .unconfirmed(let range, let missing):
            return PublishAnswer(
                id: EventID(log: range.log, sequence: range.first).description,
                level: level.word, isConfirmed: false,
                confirmedBy: [snapshot.name(of: own, own: own)],
                missing: snapshot.attendance(own: own).absent(silent: Set(missing)))
        case .unknown(let range):
            let id = range.map { EventID(log: $0.log, sequence: $0.first).description }
            throw ErrorDocument(
                code: "unknown",
                message: "the own disk did not answer in time"
                    + (id.map { ": \($0) may exist or not" } ?? ""),
                hint: "look it up with sitestacker events", exitStatus: ExitStatus.incomplete)
        case .refused(let refusal):
            let error = ErrorDocument(refusal)
            note(refused: error, user: snapshot.authority.ownMember?.user)
            throw error
        }
    }

    /// Counts an event that this server may not publish, and notes it.
    private nonisolated func note(refused error: ErrorDocument, user: String?) {
        guard error.exitStatus == ExitStatus.notAuthorised else { return }
        counters.count("publish.\(error.code)")
        audit.refused(
            .publish, user: user, address: Auditor.local, subject: identity.node.description,
            reason: error.message)
    }

    /// Tries parked events again: the one that is named, or all.
    public func retryParked(
        _ request: RetryRequestDocument
    ) async throws(ErrorDocument) -> RetryAnswer {
        let node = try loggedInNode()
        guard let text = request.id else { return RetryAnswer(events: await node.retryParked()) }
        guard let reference = EventReference(text) else {
            throw .malformed("expected NODE-EPOCH-SEQUENCE, found \(text)")
        }
        guard await node.retryParked(reference) else {
            throw ErrorDocument(
                code: "not-parked", message: "\(text) is not parked on this node",
                hint: "sitestacker events show \(text) tells what came of it",
                exitStatus: ExitStatus.failed)
        }
        return RetryAnswer(events: 1)
    }
}

extension ConfirmationLevel {
    /// The level of a word.
    init(_ word: String) throws(ErrorDocument) {
        switch word {
        case "local": self = .local
        case "one": self = .one
        case "all": self = .all
        default: throw .malformed("expected local, one or all as confirm, found \(word)")
        }
    }

    /// The word of the level.
    var word: String {
        switch self {
        case .local: "local"
        case .one: "one"
        case .all: "all"
        }
    }
}

extension ErrorDocument {
    /// A payload is larger than what may be published here.
    fileprivate static func tooLarge(_ size: Int, limit: Int) -> ErrorDocument {
        ErrorDocument(
            code: "payload-too-large",
            message: "expected a payload of at most \(limit) bytes, found \(size)",
            hint: "publish where the content is, not the content; see limits: payload: in "
                + "sitestacker.yml, which goes up to 1MiB", exitStatus: ExitStatus.failed)
    }

    /// Nothing was published.
    init(_ refusal: PublishRefusal) {
        switch refusal {
        case .notLoggedIn: self = .notLoggedIn
        case .cloned:
            self.init(
                code: "cloned", message: "another process has this node's identity: cloned machine",
                hint: "stop one of the two, remove its state directory, and log it in again",
                exitStatus: ExitStatus.notAuthorised)
        case .impossibleSize(let what):
            self.init(code: "size", message: what, exitStatus: ExitStatus.usage)
        case .overloaded:
            self.init(
                code: "overloaded", message: "too much waits to be published",
                hint: "try again later", exitStatus: ExitStatus.tryLater)
        case .sealingFailed(let why):
            self.init(code: "sealing", message: why, exitStatus: ExitStatus.failed)
        case .notAllowed(let why):
            self.init(code: "not-allowed", message: why, exitStatus: ExitStatus.notAuthorised)
        case .noEpoch(let why):
            self.init(
                code: "no-epoch", message: "the node does not sign yet: \(why)",
                hint: "try again in a moment", exitStatus: ExitStatus.tryLater)
        }
    }
}
