// SPDX-License-Identifier: Apache-2.0
import Testing

/// What libzmq really does, as far as our rules rest on it.
///
/// Each test names the rule that it shapes. A failure here after an update of libzmq is news, not
/// a defect: the rule can then be looked at again. `docs/internals/zeromq.md` has the table.
/// They run one at a time, because they measure memory and what does *not* arrive.
@Suite("libzmq", .serialized, .timeLimit(.minutes(1)))
enum Conformance {}
