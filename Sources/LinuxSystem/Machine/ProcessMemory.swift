import CLinux

/// The memory that this process' allocator holds.
package enum ProcessMemory {
    /// Has all threads share a few heaps. By default each thread gets one of its own, and free memory of one is of no use to another. Free memory at
    /// a heap's end goes back to the kernel from 1 MiB on, since `giveBack` does not reach it in all of them. To be called before there are threads.
    package static func shareHeaps() {
        _ = swl_limit_arenas(2)
    }

    /// Returns free memory to the kernel.
    package static func giveBack() {
        _ = swl_trim_memory()
    }
}
