// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterModel
import Foundation
import Testing

@testable import NodeRuntime

@Suite("What may be asked of caches") struct InvalidationRequestTests {
    private func request(_ json: String) throws -> InvalidateRequestDocument {
        try JSONDecoder().decode(InvalidateRequestDocument.self, from: Data(json.utf8))
    }

    @Test("A request of the first version means what it meant")
    func first() throws {
        let document = try request(
            #"{"opcodeCache":true,"userCache":false,"wait":false,"timeoutMilliseconds":5}"#)
        let order = try Invalidation(document)
        #expect(order.opcodeCache && !order.userCache && !order.everything)
        #expect(!document.wait && document.timeoutMilliseconds == 5 && document.confirm == nil)
    }

    @Test("Every field may be absent, and every field reaches the order")
    func all() throws {
        let document = try request(
            """
            {"paths":["webroot/index.php"],"keys":["a b"],"keyPrefixes":["p."],"keyPatterns":["^x"],
            "urls":["/shop","https://host/a?b"],"tags":["t"],"everything":true}
            """)
        #expect(document.wait && document.timeoutMilliseconds == 30_000)
        let order = try Invalidation(document)
        #expect(order.everything && !order.opcodeCache && !order.userCache)
        #expect(order.paths == ["webroot/index.php"] && order.keys == ["a b"])
        #expect(order.keyPrefixes == ["p."] && order.keyPatterns == ["^x"])
        #expect(order.urls == ["/shop", "https://host/a?b"] && order.tags == ["t"])
    }

    @Test(
        "A document with another key, or another type, is refused",
        arguments: [
            #"{"tag":["a"],"opcodeCache":true}"#, #"{"opcodeCache":1}"#, #"{"tags":"a"}"#,
            #"{"tags":[1]}"#, #"["opcodeCache"]"#, "true", #"{"timeoutMilliseconds":-1}"#,
        ])
    func otherDocuments(_ json: String) {
        #expect(throws: (any Error).self) { try request(json) }
    }

    @Test(
        "What names nothing, or cannot be named safely, is refused with a reason",
        arguments: [
            (#"{}"#, "opcodeCache, userCache or everything"), (#"{"tags":[]}"#, "opcodeCache"),
            (#"{"tags":[""]}"#, "tags: expected 1 to 4096 bytes"),
            (#"{"keys":["a\nb"]}"#, "keys: expected no control characters"),
            (#"{"tags":["a\r\nX-Evil: 1"]}"#, "tags: expected no control"),
            (#"{"keyPrefixes":["\u0000"]}"#, "keyPrefixes: expected no control"),
            (#"{"paths":["/etc/passwd"]}"#, "paths: expected a path below the site"),
            (#"{"paths":["a/../../b"]}"#, "a/../../b"), (#"{"paths":["./a"]}"#, "paths"),
            (#"{"paths":["a//b"]}"#, "paths"), (#"{"paths":["a/"]}"#, "paths"),
            (#"{"urls":["shop/1"]}"#, "urls: expected http://HOST/PATH"),
            (#"{"urls":["//host/x"]}"#, "urls"), (#"{"urls":["ftp://host/"]}"#, "urls"),
            (#"{"urls":["http:///x"]}"#, "urls"), (#"{"urls":["/a b"]}"#, "urls"),
            (#"{"urls":["/a#b"]}"#, "urls"), (#"{"urls":["http://u:p@host/"]}"#, "urls"),
        ])
    func refusals(_ json: String, _ reason: String) throws {
        let document = try request(json)
        let error = #expect(throws: ErrorDocument.self) { try Invalidation(document) }
        #expect(error?.exitStatus == ExitStatus.usage)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("Lengths and counts end where the wire's do")
    func bounds() throws {
        var document = InvalidateRequestDocument(opcodeCache: false, userCache: false)
        document.keys = [String(repeating: "k", count: 4096)]
        #expect(try Invalidation(document).keys.count == 1)
        document.keys[0] += "k"
        #expect(throws: ErrorDocument.self) { try Invalidation(document) }
        document.keys = (0..<4096).map { "\($0)" }
        #expect(try Invalidation(document).keys.count == 4096)
        document.keys.append("one more")
        #expect(throws: ErrorDocument.self) { try Invalidation(document) }
    }
}
