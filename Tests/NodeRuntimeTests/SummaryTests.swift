// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import Testing

@testable import NodeRuntime

@Suite("One line for an event") struct SummaryTests {
    @Test(
        "One byte is a byte, any other number are bytes",
        arguments: [(0, "t, 0 bytes"), (1, "t, 1 byte"), (2, "t, 2 bytes")])
    func bytes(_ count: Int, _ expected: String) {
        let payload = Payload.inline([UInt8](repeating: 0, count: count))
        let content = EventContent.application(ApplicationEvent(topic: "t", payload: payload))
        #expect(content.summary == expected)
    }
}
