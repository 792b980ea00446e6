import CLinux
import Glibc
import LinuxSystem
import Synchronization

/// A program that exchanges two names of one directory again and again, on a thread of its own: a directory for a symlink, as an attacker does.
package final class PathSwap: Sendable {
    private let first: String
    private let second: String
    private let going = Atomic<Bool>(true)
    private let done = Atomic<Bool>(false)
    private let swaps = Atomic<Int>(0)

    private init(_ first: String, _ second: String) {
        self.first = first
        self.second = second
    }

    package static func start(_ first: String, _ second: String) throws -> PathSwap {
        let swap = PathSwap(first, second)
        try DedicatedThread.start(name: "path-swap") { swap.run() }
        return swap
    }

    /// How often the names have been exchanged.
    package var count: Int { swaps.load(ordering: .relaxed) }

    private func run() {
        while going.load(ordering: .relaxed) {
            if swl_renameat2(AT_FDCWD, first, AT_FDCWD, second, SWL_RENAME_EXCHANGE) == 0 { swaps.add(1, ordering: .relaxed) }
        }
        done.store(true, ordering: .releasing)
    }

    /// Returns when the names stay as they are.
    package func stop() {
        going.store(false, ordering: .relaxed)
        while !done.load(ordering: .acquiring) { usleep(100) }
    }
}
