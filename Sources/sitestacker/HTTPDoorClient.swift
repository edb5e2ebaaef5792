// SPDX-License-Identifier: Apache-2.0
internal import AdminAPI
internal import HTTPTransport
internal import NodeRuntime

/// Asks other nodes' doors over HTTP.
struct HTTPDoorClient: DoorClient {
    private static let limits = HTTPLimits(
        connect: .seconds(2), answer: .seconds(3), bodyBytes: 128 * 1_024)

    func hello(
        _ request: [UInt8], host: String, port: UInt16, hostHeader: String
    ) async throws(DoorError) -> DoorAnswer {
        let client = HTTPClient(
            endpoint: .tcp(host: host, port: port), limits: HTTPDoorClient.limits)
        let answer: HTTPAnswer
        do {
            answer = try await client.send(
                HTTPCall(
                    .post, Routes.hello, host: hostHeader,
                    contentType: "application/octet-stream", body: request))
        } catch {
            throw .unreachable("\(error)")
        }
        guard answer.status == 200 else {
            throw .refused(status: answer.status, "HTTP status \(answer.status)")
        }
        return DoorAnswer(body: answer.body, address: answer.remoteAddress ?? host)
    }
}
