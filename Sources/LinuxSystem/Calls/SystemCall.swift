import Glibc

/// The funnel of every system call: captures errno right behind the call, repeats an interrupted one (EINTR), and names
/// the call and its object in the error. `body` returns the call's own result, negative for failure.
@discardableResult
package func systemCall<R: FixedWidthInteger & SignedInteger>(
    _ call: String, _ path: @autoclosure () -> String? = nil, _ body: () -> R
) throws(SystemError) -> R {
    while true {
        let result = body()
        if result >= 0 { return result }
        let number = Glibc.errno
        if number == EINTR { continue }
        throw SystemError(call: call, path: path(), errno: number)
    }
}

/// The funnel for calls that make a descriptor.
package func descriptorCall(
    _ call: String, _ path: @autoclosure () -> String? = nil, _ body: () -> Int32
) throws(SystemError) -> OwnedFileDescriptor {
    OwnedFileDescriptor(try systemCall(call, path(), body))
}

/// The funnel for the calls that answer with an error number instead of setting errno (the pthread family).
package func threadCall(_ call: String, _ body: () -> Int32) throws(SystemError) {
    let number = body()
    if number != 0 { throw SystemError(call: call, errno: number) }
}
