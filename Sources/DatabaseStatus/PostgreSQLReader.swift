// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Glibc

/// Reads version and size from PostgreSQL, through libpq.
///
/// The library only ever does what the socket allows at once, so no server can hold the thread
/// beyond the limits; looking up a host's name can.
/// Source: libpq-fe.h of PostgreSQL 15.
struct PostgreSQLReader {
    private typealias Text = UnsafePointer<CChar>
    private typealias TextList = UnsafePointer<Text?>

    private let start: @convention(c) (TextList, TextList, CInt) -> OpaquePointer?
    private let advance: @convention(c) (OpaquePointer) -> CInt
    private let status: @convention(c) (OpaquePointer) -> CInt
    private let libraryVersion: @convention(c) () -> CInt
    private let isEncrypted: @convention(c) (OpaquePointer) -> CInt
    private let finish: @convention(c) (OpaquePointer) -> Void
    private let socket: @convention(c) (OpaquePointer) -> CInt
    private let verbosity: @convention(c) (OpaquePointer, CInt) -> CInt
    private let errorText: @convention(c) (OpaquePointer) -> Text?
    private let parameter: @convention(c) (OpaquePointer, Text) -> Text?
    private let send: @convention(c) (OpaquePointer, Text) -> CInt
    private let rowByRow: @convention(c) (OpaquePointer) -> CInt
    private let consume: @convention(c) (OpaquePointer) -> CInt
    private let isBusy: @convention(c) (OpaquePointer) -> CInt
    private let result: @convention(c) (OpaquePointer) -> OpaquePointer?
    private let resultStatus: @convention(c) (OpaquePointer) -> CInt
    private let resultError: @convention(c) (OpaquePointer) -> Text?
    private let fieldCount: @convention(c) (OpaquePointer) -> CInt
    private let value: @convention(c) (OpaquePointer, CInt, CInt) -> UnsafeMutablePointer<CChar>?
    private let length: @convention(c) (OpaquePointer, CInt, CInt) -> CInt
    private let clear: @convention(c) (OpaquePointer) -> Void

    /// Loads the library.
    ///
    /// - Throws: `libraryMissing`.
    init() throws(DatabaseProblem) {
        let library = try ClientLibrary("libpq.so.5", package: "libpq5")
        start = try library.function("PQconnectStartParams")
        advance = try library.function("PQconnectPoll")
        status = try library.function("PQstatus")
        libraryVersion = try library.function("PQlibVersion")
        isEncrypted = try library.function("PQsslInUse")
        finish = try library.function("PQfinish")
        socket = try library.function("PQsocket")
        verbosity = try library.function("PQsetErrorVerbosity")
        errorText = try library.function("PQerrorMessage")
        parameter = try library.function("PQparameterStatus")
        send = try library.function("PQsendQuery")
        rowByRow = try library.function("PQsetSingleRowMode")
        consume = try library.function("PQconsumeInput")
        isBusy = try library.function("PQisBusy")
        result = try library.function("PQgetResult")
        resultStatus = try library.function("PQresultStatus")
        resultError = try library.function("PQresultErrorMessage")
        fieldCount = try library.function("PQnfields")
        value = try library.function("PQgetvalue")
        length = try library.function("PQgetlength")
        clear = try library.function("PQclear")
    }

    /// Logs in and asks.
    ///
    /// - Throws: why there is no version; a missing size is the state's problem.
    func read(
        _ login: DatabaseLogin, limits: DatabaseLimits
    ) throws(DatabaseProblem) -> DatabaseState {
        guard let server = open(login) else {
            throw .unexpected("a connection's memory", found: "none")
        }
        defer { finish(server) }
        // Error codes are the same in every language of the server; they are only in long texts.
        _ = verbosity(server, 2)
        try connect(server, within: limits.connecting)
        let said = parameter(server, "server_version").map { String(cString: $0) } ?? ""
        let number = said.prefix { $0 != " " }
        let version = "PostgreSQL " + (try DatabaseAnswer.version(Array(number.utf8)))
        do throws(DatabaseProblem) {
            let size = try DatabaseAnswer.size(
                try answer(
                    of: server, to: "SELECT pg_database_size(current_database())", limits.asking))
            return DatabaseState(version: version, sizeBytes: size)
        } catch {
            let problem = error.hiding(login.password).description
            return DatabaseState(version: version, sizeBytes: nil, problem: problem)
        }
    }

    /// Begins to connect, as the site's configuration says.
    ///
    /// ``LibraryEnvironment`` keeps the daemon's environment out, `passfile` files of passwords.
    /// The library may still present a certificate of `~/.postgresql`.
    private func open(_ login: DatabaseLogin) -> OpaquePointer? {
        let settings = [
            ("host", login.host), ("port", "\(login.port)"), ("user", login.user ?? ""),
            ("password", login.password ?? ""), ("dbname", login.database),
            ("passfile", "/dev/null"), ("application_name", "sitestacker"),
            ("client_encoding", "UTF8"), ("gssencmode", "disable"),
            ("require_auth", knowsMethods ? "!password" : ""),
        ].filter { !$0.1.isEmpty }
        // The library copies the texts before the call returns.
        let names = settings.map { strdup($0.0) }
        let values = settings.map { strdup($0.1) }
        defer { for text in names + values { free(text) } }
        let nameList = names.map { $0.map { UnsafePointer($0) } } + [nil]
        let valueList = values.map { $0.map { UnsafePointer($0) } } + [nil]
        return nameList.withUnsafeBufferPointer { names in
            valueList.withUnsafeBufferPointer { values in
                guard let names = names.baseAddress, let values = values.baseAddress else {
                    return nil
                }
                // 0: the database's name is a name, and no string of settings.
                return start(names, values, 0)
            }
        }
    }

    /// Whether the library itself can refuse to give a password in clear text: since version 16.
    private var knowsMethods: Bool { libraryVersion() >= 160_000 }

    private func connect(
        _ server: OpaquePointer, within limit: Duration
    ) throws(DatabaseProblem) {
        let operation = "log in to the database"
        let deadline = ContinuousClock.now + limit
        // Source: PostgresPollingStatusType: 0 failed, 1 reading, 2 writing, 3 done.
        var next: CInt = status(server) == 1 ? 0 : 2
        while next != 3 {
            guard next == 1 || next == 2 else { throw failure(of: server, operation) }
            let isReady = Self.wait(
                for: socket(server), toWrite: next == 2, until: deadline)
            guard isReady else { throw .timedOut(operation, after: limit) }
            // Source: ConnStatusType: 4 waits for what the server wants.
            if next == 1, status(server) == 4, !knowsMethods, isEncrypted(server) == 0,
                PasswordWish.isClearText(ahead: PasswordWish.peek(socket(server)))
            {
                throw .clearText(operation)
            }
            next = advance(server)
        }
    }

    /// The only column of the only row.
    private func answer(
        of server: OpaquePointer, to question: String, _ limit: Duration
    ) throws(DatabaseProblem) -> [UInt8] {
        let operation = "ask the database server"
        let deadline = ContinuousClock.now + limit
        guard send(server, question) == 1, rowByRow(server) == 1 else {
            throw failure(of: server, operation)
        }
        while true {
            if isBusy(server) == 0 { break }
            guard Self.wait(for: socket(server), toWrite: false, until: deadline) else {
                throw .timedOut(operation, after: limit)
            }
            guard consume(server) == 1 else { throw failure(of: server, operation) }
        }
        guard let row = result(server) else { throw failure(of: server, operation) }
        defer { clear(row) }
        // Source: ExecStatusType: 9 is one row, 2 the end of rows. Later rows are never read: the
        // connection ends here.
        guard resultStatus(row) == 9 else {
            let said = resultError(row).map { String(cString: $0) } ?? ""
            guard !said.isEmpty else { throw .unexpected("one row", found: "none") }
            throw Self.failure(said, operation)
        }
        let count = length(row, 0, 0)
        guard fieldCount(row) == 1, count > 0, count <= 64, let bytes = value(row, 0, 0) else {
            throw .unexpected("one value", found: "\(fieldCount(row)) columns, \(count) bytes")
        }
        return bytes.withMemoryRebound(to: UInt8.self, capacity: Int(count)) {
            Array(UnsafeBufferPointer(start: $0, count: Int(count)))
        }
    }

    /// Whether the socket can be used before the deadline.
    private static func wait(
        for socket: CInt, toWrite: Bool, until deadline: ContinuousClock.Instant
    ) -> Bool {
        while true {
            let left = (deadline - ContinuousClock.now).wholeMilliseconds
            guard left > 0 else { return false }
            var request = pollfd(
                fd: socket, events: CShort(toWrite ? POLLOUT : POLLIN), revents: 0)
            let count = poll(&request, 1, CInt(clamping: left))
            if count > 0 { return true }
            guard count == 0 || errno == EINTR else { return true }
        }
    }

    private func failure(of server: OpaquePointer, _ operation: String) -> DatabaseProblem {
        Self.failure(errorText(server).map { String(cString: $0) } ?? "", operation)
    }

    /// What the library says, understood by the error code in it.
    ///
    /// Source: PostgreSQL, appendix A, "Error Codes".
    static func failure(_ text: String, _ operation: String) -> DatabaseProblem {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        if line.contains("authentication method requirement") { return .clearText(operation) }
        let (code, expected, hint): (DatabaseProblem.Code, String, String) =
            switch errorCode(in: line) {
            case "28P01", "28000":
                (
                    .loginRefused, "a login that the server accepts",
                    "Correct user and password of database: in sitestacker.yml, or pg_hba.conf."
                )
            case "3D000":
                (
                    .databaseUnknown, "a database of that name",
                    "Correct the name in database: of sitestacker.yml."
                )
            case .some:
                (.questionRefused, "an answer", "Try the same user with the client psql.")
            case .none:
                (
                    .unreachable, "a database server",
                    "See whether the server runs, and whether host and port are right."
                )
            }
        let found = line.isEmpty ? "nothing" : PrintableText.make(line, limit: 250)
        return DatabaseProblem(
            code, operation: operation, expected: expected, found: found, hint: hint)
    }

    /// The five characters of `FATAL:  28P01: ...`, whatever the server's word for the first is.
    static func errorCode(in line: String) -> Substring? {
        line.split(separator: " ").lazy.filter { $0.hasSuffix(":") }.map { $0.dropLast() }
            .first { word in
                word.utf8.count == 5 && word.utf8.contains { $0 < UInt8(ascii: "A") }
                    && word.unicodeScalars.allSatisfy {
                        ("0"..."9").contains($0) || ("A"..."Z").contains($0)
                    }
            }
    }
}
