// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import AdminHTTP

@Suite("JSON has one meaning")
struct StrictJSONTests {
    @Test(
        "Plain JSON passes",
        arguments: [
            "{}", "[]", "null", " true ", "0", "-0.5e+3", "1E2", "\"\"", "[[],{}]",
            #"{"a":1,"b":[1,2,{"a":null}],"c":"\u00e9\ud83d\ude00\n"}"#,
            #"{"a":{"a":{"a":1}}}"#, "[ 1 , 2 ]\n",
            String(repeating: "[", count: 16)
                + String(repeating: "]", count: 16),
        ])
    func passes(_ text: String) throws {
        try StrictJSON.check(Array(text.utf8))
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", " ", "{", "}", "[1", "[1,]", "[,1]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
            #"{"a":1 "b":2}"#, "{1:2}", "{} {}", "nul", "True", "NaN", "Infinity", "+1", "01",
            "-", "1.", ".5", "1e", "1e400", "-1e999", "--1", "1-1", "1.2.3", "0x10",
            #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"a":1,"b":2,"a":3}}"#,
            #""\ud800""#, #""\ud800x""#, #""\udc00""#, #""\ud800\ud800""#, #""\x""#, #""\u12""#,
            "\"a\u{1}b\"", "\"a\nb\"", "\"open", "// no", "{'a':1}", "[}", "{]", #"{"a":1]"#,
            "[1}", String(repeating: "[", count: 17) + String(repeating: "]", count: 17),
            String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 100_000),
        ])
    func refuses(_ text: String) {
        #expect(throws: JSONFlaw.self) { try StrictJSON.check(Array(text.utf8)) }
    }

    @Test(
        "Bytes that are no UTF-8 are refused",
        arguments: [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80]])
    func refusesBytes(_ bytes: [UInt8]) {
        #expect(throws: JSONFlaw.self) { try StrictJSON.check([0x22] + bytes + [0x22]) }
    }

    @Test("Whatever a valid document is cut to, nothing traps")
    func cutAnywhere() throws {
        let text = #"{"a":[1,2.5e3,"\ud83d\ude00",{"b":null}],"c":true}"#
        let bytes = Array(text.utf8)
        try StrictJSON.check(bytes)
        for count in 0..<bytes.count {
            #expect(throws: JSONFlaw.self) { try StrictJSON.check(Array(bytes.prefix(count))) }
        }
    }

    @Test("Too many keys are refused")
    func keys() throws {
        func object(_ count: Int) -> [UInt8] {
            let members = (0..<count).map { "\"k\($0)\":1" }
            return Array("{\(members.joined(separator: ","))}".utf8)
        }
        try StrictJSON.check(object(64))
        #expect(throws: JSONFlaw.self) { try StrictJSON.check(object(65)) }
    }
}
