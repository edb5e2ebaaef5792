// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel
internal import Glibc
internal import Synchronization

/// Reads version and size from MySQL and MariaDB, through libmariadb.
///
/// Blocks, within the limits of each call of the library; a server that sends a byte now and then
/// can hold it for longer, so it has a thread of its own.
/// Source: mysql.h of MariaDB Connector/C 3.3.
struct MySQLReader {
    private typealias Text = UnsafePointer<CChar>
    private typealias Row = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    private let connect:
        @convention(c) (
            OpaquePointer, Text?, Text?, Text?, Text?, CUnsignedInt, Text?, CUnsignedLong
        ) -> OpaquePointer?
    private let make: @convention(c) (OpaquePointer?) -> OpaquePointer?
    private let option: @convention(c) (OpaquePointer, CInt, UnsafeRawPointer?) -> CInt
    private let query: @convention(c) (OpaquePointer, Text, CUnsignedLong) -> CInt
    private let useResult: @convention(c) (OpaquePointer) -> OpaquePointer?
    private let fetchRow: @convention(c) (OpaquePointer) -> Row?
    private let fetchLengths: @convention(c) (OpaquePointer) -> UnsafeMutablePointer<CUnsignedLong>?
    private let fieldCount: @convention(c) (OpaquePointer) -> CUnsignedInt
    private let freeResult: @convention(c) (OpaquePointer) -> Void
    private let close: @convention(c) (OpaquePointer) -> Void
    private let errorNumber: @convention(c) (OpaquePointer) -> CUnsignedInt
    private let errorText: @convention(c) (OpaquePointer) -> Text
    private let socket: @convention(c) (OpaquePointer) -> CInt

    /// The library sets itself up at its first use, and that is not made for several threads.
    private static let firstUse = Mutex(())

    /// Loads the library.
    ///
    /// - Throws: `libraryMissing`.
    init() throws(DatabaseProblem) {
        let library = try ClientLibrary("libmariadb.so.3", package: "libmariadb3")
        make = try library.function("mysql_init")
        option = try library.function("mysql_options")
        connect = try library.function("mysql_real_connect")
        query = try library.function("mysql_real_query")
        useResult = try library.function("mysql_use_result")
        fetchRow = try library.function("mysql_fetch_row")
        fetchLengths = try library.function("mysql_fetch_lengths")
        fieldCount = try library.function("mysql_num_fields")
        freeResult = try library.function("mysql_free_result")
        close = try library.function("mysql_close")
        errorNumber = try library.function("mysql_errno")
        errorText = try library.function("mysql_error")
        socket = try library.function("mysql_get_socket")
    }

    /// Logs in and asks.
    ///
    /// - Throws: why there is no version; a missing size is the state's problem.
    func read(
        _ login: DatabaseLogin, limits: DatabaseLimits
    ) throws(DatabaseProblem) -> DatabaseState {
        guard let server = Self.firstUse.withLock({ _ in make(nil) }) else {
            throw .unexpected("a connection's memory", found: "none")
        }
        defer { close(server) }
        prepare(server, limits)
        let start = ContinuousClock.now
        let isConnected =
            connect(
                server, login.host, login.user, login.password, login.database,
                CUnsignedInt(login.port), nil, 0) != nil
        guard isConnected else {
            throw failure(
                of: server, operation: "log in to the database", since: start, limits.connecting)
        }
        let version = try DatabaseAnswer.version(
            try answer(of: server, to: "SELECT VERSION()", limits.asking))
        if Self.keepsSizes(version) { askForFreshSizes(server) }
        let question = """
            SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED) \
            FROM information_schema.tables WHERE table_schema = DATABASE()
            """
        do throws(DatabaseProblem) {
            let size = try DatabaseAnswer.size(
                try answer(of: server, to: question, limits.asking))
            return DatabaseState(version: version, sizeBytes: size)
        } catch {
            let problem = error.hiding(login.password).description
            return DatabaseState(version: version, sizeBytes: nil, problem: problem)
        }
    }

    /// Limits, and nothing on the server's word: it may neither ask for files of this machine nor
    /// for the password in clear text.
    private func prepare(_ server: OpaquePointer, _ limits: DatabaseLimits) {
        set(server, Option.connectTimeout, Self.seconds(limits.connecting))
        set(server, Option.readTimeout, Self.seconds(limits.asking))
        set(server, Option.writeTimeout, Self.seconds(limits.asking))
        set(server, Option.localInfile, 0)
        // The name of size_t is unsigned long there; nothing asked here comes near it.
        var largest: CUnsignedLong = 1 << 20
        _ = option(server, Option.largestPacket, &largest)
        _ = "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password"
            .withCString { option(server, Option.restrictedAuthentication, $0) }
        _ = "utf8mb4".withCString { option(server, Option.characterSet, $0) }
    }

    /// Tells MySQL 8 not to answer with sizes of yesterday: it keeps them for a day.
    ///
    /// MariaDB and older servers do not know the variable. Where a server refuses, its sizes are
    /// as old as it keeps them.
    /// Source: MySQL 8.0 Reference Manual, information_schema_stats_expiry.
    private func askForFreshSizes(_ server: OpaquePointer) {
        let order = "SET SESSION information_schema_stats_expiry = 0"
        _ = query(server, order, CUnsignedLong(order.utf8.count))
    }

    /// Whether a server of that version keeps sizes.
    static func keepsSizes(_ version: String) -> Bool {
        guard !version.contains("MariaDB"), let major = Int(version.prefix { $0 != "." }) else {
            return false
        }
        return major >= 8
    }

    private func set(_ server: OpaquePointer, _ number: CInt, _ value: CUnsignedInt) {
        var value = value
        _ = option(server, number, &value)
    }

    /// Numbers of `enum mysql_option`.
    private enum Option {
        static let connectTimeout: CInt = 0
        static let characterSet: CInt = 7
        static let localInfile: CInt = 8
        static let readTimeout: CInt = 11
        static let writeTimeout: CInt = 12
        static let largestPacket: CInt = 39
        static let restrictedAuthentication: CInt = 7_026
    }

    /// The library counts whole seconds.
    private static func seconds(_ limit: Duration) -> CUnsignedInt {
        CUnsignedInt(clamping: (limit.wholeMilliseconds + 999) / 1_000)
    }

    /// The only column of the only row.
    private func answer(
        of server: OpaquePointer, to question: String, _ limit: Duration
    ) throws(DatabaseProblem) -> [UInt8] {
        let start = ContinuousClock.now
        let operation = "ask the database server"
        guard query(server, question, CUnsignedLong(question.utf8.count)) == 0,
            let result = useResult(server)
        else { throw failure(of: server, operation: operation, since: start, limit) }
        defer { freeResult(result) }
        guard let row = fetchRow(result) else {
            throw failure(of: server, operation: operation, since: start, limit)
        }
        guard fieldCount(result) == 1, let lengths = fetchLengths(result), let bytes = row[0] else {
            // What is left would be read when the result is let go, however much that is.
            shutdown(socket(server), CInt(SHUT_RDWR))
            throw .unexpected("one value", found: "\(fieldCount(result)) columns, or none")
        }
        let length = Int(clamping: lengths[0])
        let value = bytes.withMemoryRebound(to: UInt8.self, capacity: length) {
            Array(UnsafeBufferPointer(start: $0, count: length))
        }
        if fetchRow(result) != nil {
            shutdown(socket(server), CInt(SHUT_RDWR))
            throw .unexpected("one row", found: "several")
        }
        return value
    }

    /// What the library says of the last call that failed.
    ///
    /// Source: MariaDB's lists of server and client error codes.
    private func failure(
        of server: OpaquePointer, operation: String, since start: ContinuousClock.Instant,
        _ limit: Duration
    ) -> DatabaseProblem {
        let number = errorNumber(server)
        let said = PrintableText.make(String(cString: errorText(server)), limit: 200)
        if (2_000..<3_000).contains(number), ContinuousClock.now - start >= limit {
            return .timedOut(operation, after: limit)
        }
        let (code, expected, hint): (DatabaseProblem.Code, String, String) =
            switch number {
            case 1_044, 1_045, 1_698, 1_251, 2_059:
                (
                    .loginRefused, "a login that the server accepts",
                    "Correct user and password of database: in sitestacker.yml, or their rights."
                )
            case 1_049:
                (
                    .databaseUnknown, "a database of that name",
                    "Correct the name in database: of sitestacker.yml."
                )
            case 2_000..<3_000:
                (
                    .unreachable, "a database server",
                    "See whether the server runs, and whether host and port are right."
                )
            case 0: (.unexpected, "a row", "See whether another program listens there.")
            default:
                (.questionRefused, "an answer", "Try the same user with the client mariadb.")
            }
        let found = said.isEmpty ? "nothing" : "error \(number): \(said)"
        return DatabaseProblem(
            code, operation: operation, expected: expected, found: found, hint: hint)
    }
}
