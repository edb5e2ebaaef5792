// SPDX-License-Identifier: Apache-2.0
import AdminAPI
import ClusterSigning
import WireFormat

extension ErrorDocument {
    init(_ error: CryptographyError) {
        self.init(
            code: "cryptography-\(error.code.rawValue)",
            message: "\(error.operation): expected \(error.expected), found \(error.found)",
            hint: error.hint,
            exitStatus: error.code == .authenticationFailed
                ? ExitStatus.notAuthorised : ExitStatus.failed)
    }

    init(_ error: WireError) {
        self.init(
            code: "wire-\(error.code.rawValue)",
            message: "\(error.operation): expected \(error.expected), found \(error.found)",
            hint: error.hint, exitStatus: ExitStatus.failed)
    }

    /// The command line cannot be used.
    static func usage(_ message: String, hint: String? = nil) -> ErrorDocument {
        ErrorDocument(code: "usage", message: message, hint: hint, exitStatus: ExitStatus.usage)
    }

    /// Somebody may not do this.
    static func denied(_ code: String, _ message: String, hint: String? = nil) -> ErrorDocument {
        ErrorDocument(
            code: code, message: message, hint: hint, exitStatus: ExitStatus.notAuthorised)
    }

    /// An answer that no node of this version gives.
    static func unexpected(_ what: String, _ expected: String) -> ErrorDocument {
        ErrorDocument(
            code: "unexpected-answer", message: "\(what): expected \(expected)",
            hint: "Are daemon and command line of one version?", exitStatus: ExitStatus.failed)
    }

    /// This node belongs to nobody.
    static let notLoggedIn = ErrorDocument(
        code: "not-logged-in", message: "this node is not logged in",
        hint: "run sitestacker login -r with this server's own URL and -u with your name",
        exitStatus: ExitStatus.notAuthorised)
}
