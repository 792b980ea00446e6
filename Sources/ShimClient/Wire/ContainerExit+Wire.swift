package import CLinux
import KubeModel
package import PodCore

extension ContainerExit {
    package init(_ exit: swl_exit) {
        self.init(
            startedAt: exit.started_at > 0 ? Timestamp(unixNanoseconds: exit.started_at) : nil,
            finishedAt: Timestamp(unixNanoseconds: exit.finished_at),
            exitCode: Int(exit.exit_code),
            signal: exit.signal != 0 ? Int(exit.signal) : nil,
            outOfMemory: exit.flags & UInt16(SWL_EXIT_OOM_KILLED) != 0)
    }
}
