// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import ServerTesting
import Synchronization
import Testing

@testable import ProgramRunner

@Suite("Programs of another user", .enabled(if: geteuid() == 0))
struct OwnerTests {
    @Test("They start while threads come and go", .timeLimit(.minutes(1)))
    func threads() async throws {
        let folder = try TemporaryDirectory()
        #expect(chown(folder.path, 65_534, 65_534) == 0)
        let owner = try #require(try ProgramOwner.ofTree(folder.path))
        let isDone = Mutex(false)
        let maker = Thread {
            while !isDone.withLock({ $0 }) {
                let gone = DispatchSemaphore(value: 0)
                Thread { gone.signal() }.start()
                gone.wait()
            }
        }
        maker.start()
        defer { isDone.withLock { $0 = true } }
        for _ in 0..<300 {
            let result = try await ProgramRunner().run(
                ProgramCall(
                    ["id", "-u"], in: "/", environment: ProgramEnvironment.clean(for: owner),
                    outputLimit: 100, deadline: .seconds(20), owner: owner))
            #expect(String(decoding: result.output, as: UTF8.self) == "65534\n")
        }
    }

    @Test("One that is missing is named")
    func refusals() async throws {
        let folder = try TemporaryDirectory()
        #expect(chown(folder.path, 65_534, 65_534) == 0)
        let owner = try #require(try ProgramOwner.ofTree(folder.path))
        for program in ["no-such-program", "/no/such/program"] {
            let call = ProgramCall(
                [program], in: "/", environment: ProgramEnvironment.clean(for: owner),
                deadline: .seconds(20), owner: owner)
            let error = await #expect(throws: ProgramError.self) {
                try await ProgramRunner().run(call)
            }
            #expect(error?.code == .notFound)
            #expect(error?.target == program)
        }
    }
}
