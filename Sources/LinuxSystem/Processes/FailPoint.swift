import Glibc

/// Named places between the steps of starting and stopping pods where a test can end this process, as a crash at that very moment would.
///
/// Debug builds only: in a release build nothing is left of them. The directory named by `SWIFTLET_FAIL_POINTS` holds a file for each
/// place that is armed; reaching it removes the file and ends the process by SIGKILL.
package enum FailPoint {
    #if DEBUG
        private static let directory = getenv("SWIFTLET_FAIL_POINTS").map { String(cString: $0) }
    #endif

    @inline(__always)
    package static func reach(_ name: StaticString) {
        #if DEBUG
            if let directory, unlink("\(directory)/\(name)") == 0 { kill(getpid(), SIGKILL) }
        #endif
    }
}
