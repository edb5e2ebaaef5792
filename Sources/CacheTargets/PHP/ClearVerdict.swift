// SPDX-License-Identifier: Apache-2.0

import ClusterModel

/// Judges, from the script's answer alone, what a clear achieved.
///
/// Pure.
struct ClearVerdict {
    let target: String
    let request: ClearRequest
    let milliseconds: Double

    /// The reports for the caches which the request names.
    func reports(_ answer: ClearExchange.Answer) -> [CacheClearReport] {
        var reports: [CacheClearReport] = []
        if request.opcode != .none { reports.append(opcode(answer)) }
        if request.user != .none { reports.append(user(answer.reply)) }
        return reports
    }

    /// The same failure for every cache which the request names.
    func reports(_ error: CacheTargetError) -> [CacheClearReport] {
        reports(.failed(error))
    }

    /// The same outcome for every cache which the request names.
    func reports(_ outcome: CacheClearReport.Outcome) -> [CacheClearReport] {
        CacheClearReport.Cache.allCases.compactMap { cache in
            switch cache {
            case .opcode where request.opcode == .none: nil
            case .user where request.user == .none: nil
            case .redis, .memcached: nil
            case .opcode, .user: report(cache, outcome)
            }
        }
    }

    /// What a reload of the master achieved: the caches are new ones.
    func reports(_ reload: MasterReload.Result) -> [CacheClearReport] {
        let (before, after) = (reload.before, reload.after)
        var reports: [CacheClearReport] = []
        switch (before.opcode, after.opcode) {
        case (.active(let old, _, _), .active(let new, _, _)):
            reports.append(
                report(
                    .opcode, .cleared, counters: .opcode(before: old, after: new),
                    removed: old.scripts, notes: [reload.note]))
        case (_, .absent), (.absent, _):
            reports.append(report(.opcode, .cleared, notes: [reload.note]))
        }
        guard request.user != .none else { return reports }
        switch (before.user, after.user) {
        case (.active(let old, _, _), .active(let new, _, _)):
            reports.append(
                report(
                    .user, .cleared, counters: .user(before: old, after: new),
                    removed: old.entries))
        case (_, .absent), (.absent, _):
            reports.append(report(.user, absence(after.user, extension: "APCu")))
        }
        return reports
    }

    private func opcode(_ answer: ClearExchange.Answer) -> CacheClearReport {
        guard case .active(let before, let own, let result) = answer.reply.opcode else {
            return report(.opcode, absence(answer.reply.opcode, extension: "opcache"))
        }
        let after = answer.opcodeAfter ?? own
        let counters = CacheClearReport.Counters.opcode(before: before, after: after)
        let outcome: CacheClearReport.Outcome =
            if result[2] > 0 {
                .failed(
                    unproven(
                        "opcache to accept every item", found: "\(result[2]) refused",
                        hint: "Clear the whole opcode cache."))
            } else if request.opcode != .all || after.wasEmptied(since: before) {
                .cleared
            } else if after.isRestartPending {
                .restartPending
            } else {
                .failed(
                    unproven(
                        "a grown restart counter",
                        found: "\(before.manualRestarts) before, \(after.manualRestarts) after",
                        hint: "Try again; if it stays so, reload PHP-FPM."))
            }
        return report(
            .opcode, outcome, counters: counters,
            removed: request.opcode == .all ? before.scripts : result[1],
            notes: notes(answer.reply))
    }

    private func user(_ reply: ClearReply) -> CacheClearReport {
        guard case .active(let before, let after, let result) = reply.user else {
            return report(.user, absence(reply.user, extension: "APCu"))
        }
        if result[2] > 0, request.hasOnlyPatterns, result[0] == 0 {
            // Asking again would change nothing, so it is no failure.
            return report(.user, .refused("\(request.userAction) is no regular expression of PCRE"))
        }
        let outcome: CacheClearReport.Outcome =
            if result[1] > 0 {
                .failed(
                    unproven(
                        "no older entry left", found: "\(result[1]) left",
                        hint: "Try again, or clear the whole user cache."))
            } else {
                .cleared
            }
        return report(
            .user, outcome, counters: .user(before: before, after: after), removed: result[0],
            notes: result[2] == 0
                ? [] : ["nothing cleared for \(result[2]) that are no regular expressions of PCRE"])
    }

    private func absence<Counters>(
        _ part: ClearReply.Part<Counters>, extension name: String
    ) -> CacheClearReport.Outcome {
        switch part {
        case .absent("missing"):
            .nothingToClear("\(name) is not loaded, or disable_functions hides it")
        case .absent("restricted"):
            .failed(
                CacheTargetError(
                    .forbidden, target: target, operation: "clear opcode cache",
                    expected: "permission", found: "opcache.restrict_api names another directory",
                    hint: "Let it begin like the clear script's path, or unset it."))
        case .absent("file-only"):
            .failed(
                CacheTargetError(
                    .forbidden, target: target, operation: "clear opcode cache",
                    expected: "a cache in memory", found: "opcache.file_cache_only",
                    hint: "Files on disk are not cleared from here: unset opcache.file_cache_only.")
            )
        case .absent, .active:
            .nothingToClear("\(name) is loaded and disabled")
        }
    }

    private func notes(_ reply: ClearReply) -> [String] {
        var notes: [String] = []
        if !reply.fileCache.isEmpty, request.opcode == .all {
            notes.append(
                "opcache.file_cache \(PrintableText.make(reply.fileCache)) is not cleared "
                    + "by a reset: invalidate by file, or unset it")
        }
        if reply.realpathSeconds > 0 {
            notes.append(
                "workers keep their realpath caches for up to \(reply.realpathSeconds) s")
        }
        return notes
    }

    private func unproven(_ expected: String, found: String, hint: String) -> CacheTargetError {
        CacheTargetError(
            .unproven, target: target, operation: "prove the clear", expected: expected,
            found: found, hint: hint)
    }

    func report(
        _ cache: CacheClearReport.Cache, _ outcome: CacheClearReport.Outcome,
        counters: CacheClearReport.Counters? = nil, removed: Int = 0, notes: [String] = []
    ) -> CacheClearReport {
        CacheClearReport(
            target: target, cache: cache,
            action: cache == .opcode ? request.opcodeAction : request.userAction,
            outcome: outcome, counters: counters, removed: removed, milliseconds: milliseconds,
            notes: notes)
    }
}
