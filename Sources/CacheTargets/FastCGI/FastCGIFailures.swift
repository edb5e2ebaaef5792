// SPDX-License-Identifier: Apache-2.0

extension FastCGIConnection {
    /// Bytes which are not the reply to the request, in words.
    static func refusal(
        _ refusal: FastCGIReplyReader.Refusal, _ address: SocketAddress
    ) -> CacheTargetError {
        let notFastCGI = "Check that the address is PHP-FPM's, not a web server's."
        let (kind, expected, found, hint): (CacheTargetError.Code, String, String, String) =
            switch refusal {
            case .malformed(.version(let version)):
                (.wrongProtocol, "FastCGI version 1", "version byte \(version)", notFastCGI)
            case .malformed(.kind(let type)):
                (.wrongProtocol, "a known record type", "type \(type)", notFastCGI)
            case .malformed(.length(let length)):
                (.wrongProtocol, "an end record of 8 bytes", "\(length) bytes", notFastCGI)
            case .unexpected(let type, let requestID):
                (
                    .wrongProtocol, "records of this reply", "\(type) of request \(requestID)",
                    notFastCGI
                )
            case .tooLarge(let limit):
                (
                    .replyTooLarge, "at most \(limit) bytes", "more",
                    "Look for an auto_prepend_file which writes output."
                )
            case .declined(let status):
                (
                    .declined, "protocol status 0", "status \(status)",
                    "The server is overloaded or not a responder; try again."
                )
            case .noHeader:
                (.wrongProtocol, "a CGI header", "other output", notFastCGI)
            case .trailing(let count):
                (.wrongProtocol, "nothing after the reply", "\(count) bytes", notFastCGI)
            }
        return CacheTargetError(
            kind, target: address.description, operation: "read reply", expected: expected,
            found: found, hint: hint)
    }
}
