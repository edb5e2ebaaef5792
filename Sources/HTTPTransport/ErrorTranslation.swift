// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

extension Exchange {
    func failure(
        _ code: HTTPTransportError.Code, expected: String, found: String
    ) -> HTTPTransportError {
        HTTPTransportError(code: code, operation: operation, expected: expected, found: found)
    }

    /// What went wrong in the words of this module, whatever the layers below called it.
    func translated(_ error: any Error) -> HTTPTransportError {
        if deadline.isPast {
            return failure(
                .timeout, expected: "an answer within \(limits.answer)", found: "none")
        }
        switch error {
        case let error as HTTPTransportError: return error
        case is CancellationError:
            return failure(.cancelled, expected: "an answer", found: "a cancelled task")
        case let error as NIOConnectionError: return translated(connection: error)
        case let error as IOError: return translated(number: error.errnoCode)
        case ChannelError.connectTimeout:
            return failure(
                .timeout, expected: "a connection within \(limits.connect)", found: "none")
        case SocketAddressError.unixDomainSocketPathTooLong:
            return failure(
                .invalidRequest, expected: "a socket path of at most 107 bytes",
                found: "a longer one")
        case let error as HTTPParserError:
            return failure(.protocolViolation, expected: "HTTP/1.1", found: "\(error)")
        case let error:
            return failure(.protocolViolation, expected: "an HTTP answer", found: "\(error)")
        }
    }

    private func translated(connection error: NIOConnectionError) -> HTTPTransportError {
        guard let attempt = error.connectionErrors.last else {
            return failure(
                .unreachable, expected: "an address of \(error.host)", found: "none")
        }
        return translated(attempt.error)
    }

    private func translated(number: Int32) -> HTTPTransportError {
        let found = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        let code: HTTPTransportError.Code =
            switch number {
            case ECONNREFUSED: .refused
            case ENOENT, ENOTDIR, ENOTSOCK: .missingSocket
            case EACCES, EPERM: .permission
            case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL: .unreachable
            case ETIMEDOUT: .timeout
            case ECONNRESET, EPIPE: .protocolViolation
            default: .unreachable
            }
        return failure(code, expected: "a connection", found: found)
    }
}
