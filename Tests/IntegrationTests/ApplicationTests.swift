// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ServerTesting
import Testing

extension BlackBox {
    @Suite("The application's socket, and PHP that uses it", .enabled(if: PHPProgram.isUsable))
    struct ApplicationTests {}
}

/// PHP on the command line, with the file that sites copy.
enum PHPProgram {
    static let path = "/usr/bin/php"

    /// Whether tests that need it run: skipped without it, but never in continuous integration.
    static let isUsable =
        access(path, X_OK) == 0 || ProcessInfo.processInfo.environment["CI"] != nil

    /// `Sitestacker.php` of this repository.
    static let client = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../examples/php/Sitestacker.php").standardizedFileURL.path

    /// What a call of the client came to.
    struct Call: Decodable {
        var id: String?
        var error: String?
        var outcome: String
        var longestWait: Int
    }

    /// A script that makes calls of `$site` and prints what each came to.
    static func script(
        _ socket: String, _ calls: [String], milliseconds: Int = 50, client: String = client
    ) -> String {
        let lines = calls.map { call in
            """
            $id = $site->\(call);
            $told = ['id' => $id, 'error' => $site->lastError()];
            echo json_encode($told + $site->account()), "\\n";

            """
        }
        return """
            <?php
            require '\(client)';
            $site = new Sitestacker('\(socket)', \(milliseconds));

            """ + lines.joined()
    }
}

extension Server {
    /// Where this server's application reaches it.
    var applicationSocket: String { "\(root)/app.sock" }

    /// Makes calls of the client with PHP on the command line.
    func php(
        _ socket: String, _ calls: [String], milliseconds: Int = 50
    ) async throws -> (calls: [PHPProgram.Call], outcome: Outcome) {
        let path = "\(root)/calls.php"
        try write(PHPProgram.script(socket, calls, milliseconds: milliseconds), to: path)
        let process = try RunningProcess(
            PHPProgram.path, ["-n", "-d", "log_errors=1", path], directory: root)
        let outcome = try await process.end()
        return (try outcome.documents(PHPProgram.Call.self), outcome)
    }

    /// Writes the configuration anew, with a socket for the application.
    func offer(_ scopes: String, group: String, _ more: String = "caches: []\n") throws {
        let urls = [1, 2, 3].map { "http://127.0.0.\($0)#\(Server.door)" }
        try configure(
            urls: [url] + urls.filter { $0 != url },
            more + "app: {socket: \(applicationSocket), group: \(group), scopes: [\(scopes)]}\n")
    }
}

extension BlackBox.ApplicationTests {
    /// The group of this process, by name.
    private func ownGroup() throws -> String {
        let entry = try #require(getgrgid(getegid()))
        return String(cString: entry.pointee.gr_name)
    }

    private func awaitSocket(_ server: Server) async throws {
        try await eventually("the application's socket: \(server.log)") {
            access(server.applicationSocket, R_OK) == 0
                && server.log.contains("the application's socket: \(server.applicationSocket)")
        }
    }

    @Test("PHP publishes and invalidates, within its scopes only", .timeLimit(.minutes(2)))
    func calls() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try server.offer("publish, invalidate", group: try ownGroup())
            try await awaitSocket(server)
            let (calls, outcome) = try await server.php(
                server.applicationSocket,
                [
                    "publish('order.paid', ['order' => 4711])", "publish('bytes', \"\\xff\\x00\")",
                    "invalidate()",
                    "invalidate(['tags' => 'product-42', 'urls' => ['/shop', '/']])",
                    "invalidate(['paths' => '../../etc/passwd'])",
                    "publish(str_repeat('t', 201))", "invalidate(['tag' => 'x'])",
                    "publish('t', str_repeat('x', 1048576))",
                ], milliseconds: 10_000)
            #expect(calls.count == 8, "\(outcome)")
            let good = [0, 1, 2, 3, 7]
            for (index, call) in calls.enumerated() {
                #expect((call.id != nil) == good.contains(index), "\(index): \(call)")
            }
            #expect(calls[4].error?.contains("a path below the site") == true)
            // One complaint a request, however much fails.
            #expect(outcome.errors.components(separatedBy: "sitestacker: ").count == 2)
            let (paidID, orderID) = (try #require(calls[0].id), try #require(calls[3].id))
            let paid = try #require(try await server.event(paidID))
            #expect(paid.kind == "application" && paid.summary == "order.paid, 14 bytes")
            let order = try #require(try await server.event(orderID))
            #expect(order.kind == "invalidation" && order.summary == "2 URLs, 1 tags")

            try server.offer("publish", group: try ownGroup())
            try await server.tookConfiguration(2)
            try await eventually("the socket to offer less") {
                let (calls, _) = try await server.php(
                    server.applicationSocket, ["invalidate()", "publish('t')"], milliseconds: 5_000)
                return calls.first?.error?.contains("does not offer") == true
                    && calls.last?.id != nil
            }
        }
    }

    @Test("A page served by PHP-FPM under another user invalidates", .timeLimit(.minutes(2)))
    func fpm() async throws {
        guard RealPHP.isUsable else { return }
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            let php = try RealPHP(of: server)
            try await php.start()
            let group = geteuid() == 0 ? "www-data" : try ownGroup()
            try server.offer(
                "invalidate", group: group, "caches:\n  - php-fpm: \"unix:\(php.socket)\"\n")
            try await awaitSocket(server)
            try await php.warm()
            let page = "\(server.root)/page.php"
            // Its user need not see this clone, which may lie in somebody's home.
            let client = "\(server.root)/Sitestacker.php"
            try FileManager.default.copyItem(atPath: PHPProgram.client, toPath: client)
            try PHPProgram.script(
                server.applicationSocket, ["invalidate()"], milliseconds: 5_000, client: client
            ).write(toFile: page, atomically: true, encoding: .utf8)
            let answer = try await php.visit(page)
            #expect(answer.contains("\"outcome\":\"answered\""), "\(answer)")
            try await eventually("the user cache to be cleared") {
                try await php.entry() == "gone"
            }
            try await php.stop()
        }
    }

    @Test(
        "A group that this host lacks is an error that names it; the old socket stays",
        .timeLimit(.minutes(2)))
    func group() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try server.offer("publish", group: try ownGroup())
            try await awaitSocket(server)
            try server.offer("publish", group: "no-such-group")
            try await eventually("the complaint: \(server.log)") {
                server.log.contains("the old configuration stays in force")
                    && server.log.contains("no-such-group")
            }
            let (calls, _) = try await server.php(
                server.applicationSocket, ["publish('t')"], milliseconds: 5_000)
            #expect(calls.first?.id != nil)
            try await server.stop()
            let outcome = try await server.launch().end()
            #expect(outcome.status == 78, "\(outcome)")
            #expect(outcome.errors.contains("no-such-group"))
        }
    }

    @Test(
        "A group that the daemon may not give the socket to leaves none, and is tried again",
        .timeLimit(.minutes(2)))
    func foreignGroup() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try await server.stop()
            try server.offer("publish", group: geteuid() == 0 ? "www-data" : "root")
            // Root may give files to any group: not without this.
            let wrapper = geteuid() == 0 ? ["/usr/bin/setpriv", "--bounding-set=-chown"] : []
            try server.launch(through: wrapper)
            func complaints() -> Int {
                server.log.components(separatedBy: "no socket for the application").count - 1
            }
            try await eventually("the complaint: \(server.log)") { complaints() == 1 }
            // The error is that of the group, and not that a server ended.
            let error = server.log.components(separatedBy: "no socket for the application").last
            #expect(error?.contains("that the daemon's user belongs to the group") == true)
            try await eventually("no socket") { access(server.applicationSocket, F_OK) != 0 }
            server.daemon?.signal(SIGHUP)
            try await eventually("another attempt: \(server.log)") { complaints() == 2 }
            try server.offer("publish", group: try ownGroup())
            try await awaitSocket(server)
        }
    }

    @Test("At the start the socket is made once", .timeLimit(.minutes(2)))
    func start() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try await server.stop()
            try server.offer("publish", group: try ownGroup())
            try await server.start()
            try await awaitSocket(server)
            let (calls, _) = try await server.php(
                server.applicationSocket, ["publish('t')"], milliseconds: 10_000)
            #expect(calls.first?.id != nil)
            try await server.stop()
            let notices = server.log.components(separatedBy: "the application's socket: ").count
            #expect(notices == 2, "\(server.log)")
        }
    }

    @Test("A socket that a crash left behind is replaced; a file is left alone and named")
    func leftovers() async throws {
        try await Cluster.founded(running: [1]) { cluster in
            let server = cluster[1]
            try server.offer("publish", group: try ownGroup())
            try await awaitSocket(server)
            try await server.crash()
            #expect(access(server.applicationSocket, F_OK) == 0)
            try await server.start()
            try await eventually("the socket to be served again") {
                let (calls, _) = try await server.php(
                    server.applicationSocket, ["publish('t')"], milliseconds: 5_000)
                return calls.first?.id != nil
            }
            try await server.stop()
            #expect(access(server.applicationSocket, F_OK) != 0)
            try server.write("precious", to: server.applicationSocket)
            try await server.start()
            try await eventually("the complaint: \(server.log)") {
                server.log.contains("no socket for the application")
            }
            #expect(
                FileManager.default.contents(atPath: server.applicationSocket)
                    == Foundation.Data("precious".utf8))
        }
    }
}

extension BlackBox.ApplicationTests {
    /// Whom an application may find at the socket.
    enum Stranger: CaseIterable {
        /// Never accepts.
        case hangs
        /// Accepts, and says nothing.
        case isSilent
        /// Hangs up at once.
        case hangsUp
        /// Talks without end, of something else.
        case talks
        /// Sends a byte now and then, and would never end.
        case trickles
        /// Says it has taken the event, and does not say which.
        case isVague
        /// Has no room for another connection.
        case isFull

        /// What it does, as a PHP script with `$server` to accept from.
        var script: String {
            let accept = "while (true) { $c = stream_socket_accept($server, 600); "
            return switch self {
            case .hangs: "sleep(600);"
            case .isSilent:
                "$all = []; while (true) { $all[] = stream_socket_accept($server, 600); }"
            case .hangsUp: accept + "fclose($c); }"
            case .talks: accept + "while (@fwrite($c, str_repeat('garbage', 1000))); }"
            case .trickles: accept + "while (@fwrite($c, 'H')) { usleep(5000); } }"
            case .isVague:
                accept + #"fwrite($c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"); "#
                    + "fclose($c); }"
            case .isFull:
                """
                $all = [];
                while ($c = @stream_socket_client('unix://' . $argv[1], $e, $m, 0,
                    STREAM_CLIENT_CONNECT | STREAM_CLIENT_ASYNC_CONNECT)) { $all[] = $c; }
                touch($argv[1] . '.full');
                sleep(600);
                """
            }
        }

        var outcomes: Set<String> {
            switch self {
            case .hangs, .isSilent: ["deadline"]
            case .hangsUp: ["garbage", "unreachable"]
            case .talks: ["garbage", "deadline", "unreachable"]
            case .trickles: ["deadline"]
            case .isVague: ["garbage", "unreachable"]
            case .isFull: ["unreachable"]
            }
        }
    }

    @Test(
        "Whoever is at the socket, the page goes on and learns why it got nothing",
        .timeLimit(.minutes(1)), arguments: Stranger.allCases)
    func strangers(_ stranger: Stranger) async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            let socket = "\(server.root)/s.sock"
            try server.write(
                """
                <?php
                $context = stream_context_create(['socket' => ['backlog' => 2]]);
                $server = stream_socket_server('unix://' . $argv[1], $e, $m,
                    STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $context);
                \(stranger.script)
                """, to: "\(server.root)/stranger.php")
            let process = try RunningProcess(
                PHPProgram.path, ["-n", "\(server.root)/stranger.php", socket],
                directory: server.root)
            try await eventually("the stranger to listen: \(process.errors)") {
                access(stranger == .isFull ? "\(socket).full" : socket, F_OK) == 0
            }
            let (calls, outcome) = try await server.php(
                socket, ["invalidate()", "publish('t', str_repeat('x', 500000))"])
            #expect(outcome.status == 0 && calls.count == 2, "\(outcome)")
            for call in calls {
                #expect(call.id == nil && call.error != nil)
                #expect(stranger.outcomes.contains(call.outcome), "\(call)")
            }
            try await process.crash()
        }
    }

    @Test("Where nobody is, the page goes on at once, and the log says it once")
    func nobody() async throws {
        try await Cluster.new { cluster in
            let (calls, outcome) = try await cluster[1].php(
                "/nonexistent/s.sock", ["invalidate()", "publish('t')", "publish('t', NAN)"])
            #expect(
                outcome.status == 0
                    && calls.map(\.outcome) == [
                        "unreachable", "unreachable", "refused",
                    ])
            #expect(calls.allSatisfy { $0.id == nil && $0.longestWait == 0 })
            #expect(outcome.errors.components(separatedBy: "sitestacker: ").count == 2)
        }
    }
}
