// SPDX-License-Identifier: Apache-2.0
internal import GRDB
internal import NodeRuntime

/// Runs a block and turns whatever it throws into the port's error.
///
/// - Throws: what the block threw, as an `EventLogError` which names the operation.
func translating<Value>(
    _ operation: @autoclosure () -> String, _ body: () throws -> Value
) throws(EventLogError) -> Value {
    do {
        return try body()
    } catch let error as EventLogError {
        throw error
    } catch let error as DatabaseError {
        throw EventLogError(error, operation: operation())
    } catch {
        throw EventLogError(
            code: .inputOutput, operation: operation(), detail: String(describing: error))
    }
}

extension EventLogError {
    /// Says in the port's words what SQLite said.
    ///
    /// A full disk is told from a broken one: `SQLITE_FULL` and a shared-memory file that cannot
    /// grow leave everything as it was and may be tried again, while any other I/O error may mean
    /// that the kernel has dropped what it could not write. Source: sqlite.org/rescode.html.
    init(_ error: DatabaseError, operation: String) {
        let code: Code =
            switch (error.extendedResultCode, error.resultCode) {
            case (.SQLITE_IOERR_SHMSIZE, _), (_, .SQLITE_FULL): .diskFull
            case (_, .SQLITE_CORRUPT), (_, .SQLITE_NOTADB): .corrupt
            case (_, .SQLITE_BUSY), (_, .SQLITE_LOCKED): .busy
            case (_, .SQLITE_CONSTRAINT): .conflict
            case (_, .SQLITE_MISUSE), (_, .SQLITE_INTERRUPT): .closed
            // A structure, not an enumeration: SQLite's remaining codes are troubles of the system.
            default: .inputOutput
            }
        let number = error.extendedResultCode.rawValue
        let text = error.message ?? error.resultCode.description
        self.init(code: code, operation: operation, detail: "SQLite \(number), \(text)")
    }

    /// Whether the log must not be used any more once a write failed with this.
    ///
    /// After a failed sync a second one may report success for pages that were dropped, so nothing
    /// is tried again. Source: Rebello et al., "Can Applications Recover from fsync Failures?"
    /// (USENIX ATC 2020).
    var isFatal: Bool {
        switch code {
        case .inputOutput, .corrupt: true
        case .diskFull, .busy, .schemaTooNew, .schemaTooOld, .conflict, .closed: false
        }
    }
}
