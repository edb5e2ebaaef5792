// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension BlackBox {
    @Suite("The budget of a call of PHP", .enabled(if: PHPProgram.isUsable))
    struct BudgetTests {}
}

extension BlackBox.BudgetTests {
    /// What a wait for the daemon comes to, as PHP: how far the clock moves in microseconds, and
    /// what `stream_select` returns.
    enum Wait: String, CaseIterable {
        /// Nothing came.
        case isSilent = "[$asked, 0]"
        /// A byte came, soon.
        case trickles = "[min($asked, 7000), 1]"
        /// A signal came first.
        case isInterrupted = "[min($asked, 3000), false]"
    }

    /// The client in a namespace of its own, where its clock and its waits are the test's.
    private static func script(_ wait: Wait, socket: String) throws -> String {
        let client = try String(contentsOfFile: PHPProgram.client, encoding: .utf8)
        let start = "declare(strict_types=1);\n"
        let code = try #require(client.range(of: start)).upperBound
        return """
            <?php
            namespace Budget;
            \(client[code...])
            $now = 5000000000;
            $waits = 0;
            function hrtime(bool $asNumber): int { return $GLOBALS['now']; }
            function stream_select(&$reading, &$writing, &$failing, $seconds, $microseconds) {
                if (++$GLOBALS['waits'] > 1000) { exit(1); }
                if ($writing !== []) { return 1; }
                $asked = $seconds * 1000000 + $microseconds;
                [$passed, $count] = \(wait.rawValue);
                $GLOBALS['now'] += $passed * 1000;
                return $count;
            }
            $server = stream_socket_server('unix://\(socket)');
            $site = new Sitestacker('\(socket)', 50);
            $id = $site->invalidate();
            $told = ['id' => $id, 'error' => $site->lastError()];
            echo json_encode($told + $site->account()), "\\n", $now - 5000000000, "\\n";
            """
    }

    @Test(
        "By its own clock a call ends when its budget is spent, and not before",
        .timeLimit(.minutes(1)), arguments: Wait.allCases)
    func budget(_ wait: Wait) async throws {
        try await Cluster.new { cluster in
            let server = cluster[1]
            let path = "\(server.root)/budget.php"
            try server.write(try Self.script(wait, socket: "\(server.root)/s.sock"), to: path)
            let outcome = try await RunningProcess(
                PHPProgram.path, ["-n", path], directory: server.root
            ).end()
            #expect(outcome.status == 0, "\(outcome)")
            let lines = outcome.text.components(separatedBy: "\n")
            let call = try JSONDecoder().decode(
                PHPProgram.Call.self, from: Foundation.Data(try #require(lines.first).utf8))
            #expect(call.id == nil && call.outcome == "deadline", "\(call)")
            #expect(lines.last == "50000000", "\(outcome)")
        }
    }
}
