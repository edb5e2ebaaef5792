// SPDX-License-Identifier: Apache-2.0
import Testing
import WireFormat

@Suite struct LimitTests {
    @Test("A clipped text fits and ends in dots", arguments: [10, 11, 12, 13])
    func clips(limit: Int) {
        let clipped = WireLimits.clip("äöüäöüäöü", to: limit)
        #expect(clipped.utf8.count <= limit)
        #expect(clipped.hasSuffix("..."))
        #expect("äöüäöüäöü".hasPrefix(clipped.dropLast(3)))
    }

    @Test("A text within the limit stays as it is")
    func keeps() {
        #expect(WireLimits.clip("äö", to: 4) == "äö")
    }
}
