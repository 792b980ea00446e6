import Glibc
package import LinuxSystem

/// The error of this target: the operation that failed, its object, errno and the kernel's text.
/// Switch on `code` or `errno`, never on the text.
package struct NetlinkError: Error, Sendable, Equatable {
    /// The cause, as far as callers distinguish causes. Grows; treat an unknown code like `.refused`.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// The kernel refused the request; `errno` says why, `kernelText` often says more.
        package static let refused = Code(description: "refused")
        /// A system call on the socket itself failed.
        package static let socket = Code(description: "socket")
        /// The receive buffer overflowed (ENOBUFS): messages are lost, and the state that they would have reported must be read again.
        package static let overrun = Code(description: "overrun")
        /// A dump was interrupted by changes every time it was tried.
        package static let interrupted = Code(description: "interrupted")
        /// The kernel did not answer within the socket's deadline.
        package static let timedOut = Code(description: "timedOut")
        /// A message that is shorter than its header says, or lacks a required attribute.
        package static let malformed = Code(description: "malformed")
    }

    package let code: Code
    /// The request, e.g. `RTM_NEWLINK`.
    package let operation: String
    /// The link, address or table that it was about.
    package let object: String?
    package let errno: Int32?
    /// The kernel's own sentence (NLMSGERR_ATTR_MSG).
    package let kernelText: String?

    package init(code: Code, operation: String, object: String? = nil, errno: Int32? = nil, kernelText: String? = nil) {
        self.code = code
        self.operation = operation
        self.object = object
        self.errno = errno
        self.kernelText = kernelText
    }

    package init(_ error: SystemError, object: String? = nil) {
        self.init(code: .socket, operation: error.call, object: object ?? error.path, errno: error.errno, kernelText: error.detail)
    }

    /// Whether the kernel answered with this errno.
    package func `is`(_ number: Int32) -> Bool { errno == number }

    /// The object does not exist: ENOENT, ENODEV, ESRCH (routes) or EADDRNOTAVAIL (addresses).
    package var isNotFound: Bool { errno == ENOENT || errno == ENODEV || errno == ESRCH || errno == EADDRNOTAVAIL }

    /// The object is there already (EEXIST).
    package var isAlreadyThere: Bool { errno == EEXIST }

    /// The same error, with the object that the caller knows.
    package func about(_ object: String) -> NetlinkError {
        NetlinkError(code: code, operation: operation, object: object, errno: errno, kernelText: kernelText)
    }
}

extension NetlinkError: CustomStringConvertible {
    /// `RTM_NEWLINK veth3: File exists (EEXIST): the kernel's sentence`
    package var description: String {
        var text = operation
        if let object { text += " \(object)" }
        if let errno {
            text += ": \(SystemError.text(of: errno))"
        } else {
            text += ": \(code)"
        }
        if let kernelText { text += ": \(kernelText)" }
        return text
    }
}
