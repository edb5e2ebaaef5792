// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import Synchronization

@testable import SitestackerCLI

/// Keeps what was printed.
final class Paper: ByteSink {
    private let bytes = Mutex<[UInt8]>([])
    let isTerminal = false

    func write(_ more: [UInt8]) throws { bytes.withLock { $0 += more } }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}

/// A person with prepared answers, who fails the test's command when asked too often.
final class Scripted: Conversation {
    private let answers: Mutex<[String]>
    private let asked = Mutex<[String]>([])

    init(_ answers: [String]) {
        self.answers = Mutex(answers)
    }

    var prompts: [String] { asked.withLock { $0 } }

    func line(_ prompt: String) throws(ErrorDocument) -> String {
        asked.withLock { $0.append(prompt) }
        let answer = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        guard let answer else { throw .usage("asked once too often: \(prompt)") }
        return answer
    }

    func secret(_ prompt: String) throws(ErrorDocument) -> [UInt8] {
        Array(try line(prompt).utf8)
    }
}

/// A place to run commands in.
struct Desk {
    let output = Paper()
    let talk = Paper()
    let conversation: Scripted?
    let context: CommandContext
    let options: GlobalOptions

    init(
        in directory: String = "/", answers: [String]? = nil, input: String = "",
        environment: [String: String] = [:], json: Bool = false
    ) {
        conversation = answers.map(Scripted.init)
        var options = GlobalOptions()
        options.json = json
        options.quiet = false
        options.color = .never
        options.site = nil
        self.options = options
        let bytes = Array(input.utf8)
        context = CommandContext(
            options,
            in: Surroundings(
                environment: environment, workingDirectory: directory,
                readInput: { _ throws(ErrorDocument) in bytes }, isInputTerminal: answers != nil,
                standardOutput: output, standardError: talk, conversation: conversation))
    }
}
