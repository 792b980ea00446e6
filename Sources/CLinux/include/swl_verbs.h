/// The types of messages: verbs, replies, events. Part of swl_wire.h.
#ifndef SWL_VERBS_H
#define SWL_VERBS_H

/// Message types. A reply's type is its request's type | SWL_REPLY; events have SWL_EVENT set.
/// After each verb: the fields it takes and fds -> the fields and fds of the successful reply. Every reply starts with
/// SWL_TAG_STATUS; a failed one carries SWL_TAG_STATUS_TEXT and nothing else.
enum swl_type {
    /// Both sockets. -> SHIM_INFO.
    SWL_VERB_PING = 1,
    /// Spawner socket. SANDBOX_ID, [SHIM_LIMITS], fds [CGROUP: that of the new shim] -> PROCESS, fds PIDFD of the shim.
    /// The directory `<run>/sandboxes/<id>/` must exist. When the reply comes the sandbox's socket listens. EEXIST if a
    /// live shim already listens there.
    SWL_VERB_SPAWN = 2,

    /// The rest: sandbox socket. fds RECORD, [CGROUP], NAMESPACE list -> PROCESS of the pause, WARNING list, fds PIDFD, NETNS. Once per shim: EEXIST.
    SWL_VERB_CREATE_SANDBOX = 16,
    /// CONTAINER_ID, fds RECORD, [CGROUP], MOUNT_SOURCE list, NAMESPACE list, [HOOK_STATE], [STDIN], [STDOUT], [STDERR]
    /// -> PROCESS, WARNING list, fds PIDFD, [TERMINAL].
    /// The reply comes after the program was exec'ed (PROCESS_HOLD: when it is ready to be). The directory `containers/<cid>/` of the sandbox
    /// must exist. Needs a sandbox. With STD* the program has these (a missing one is /dev/null), and no log, stdin or terminal may be asked
    /// for. With PROCESS_TERMINAL and without LOG_PATH the terminal is the client's: TERMINAL is its master side, STDIN, ATTACH and RESIZE
    /// do not reach it, and whoever closes it hangs up on the program.
    SWL_VERB_LAUNCH = 17,
    /// CONTAINER_ID, EXEC_ID, fds RECORD, [STDIN], [STDOUT], [STDERR] (a missing one is /dev/null), [CGROUP: default one of its own
    /// below the container's] -> PROCESS, WARNING list, fds PIDFD, with PROCESS_TERMINAL also TERMINAL (then no STD* may be sent; whoever
    /// closes the terminal hangs up on the program). The reply comes after the exec.
    SWL_VERB_EXEC = 18,
    /// CONTAINER_ID [+ EXEC_ID], SIGNAL -> nothing. ESRCH if it does not run any more.
    SWL_VERB_SIGNAL = 19,
    /// -> SANDBOX_STATE, CONTAINER_STATE list, EXEC_STATE list; fds (when a sandbox exists and its pause lives) PIDFD, NETNS of the pause,
    /// then one CONTAINER_PIDFD for every CONTAINER_STATE in state SWL_STATE_RUNNING, in the order of those fields.
    SWL_VERB_QUERY = 20,
    /// CONTAINER_ID -> nothing. Forgets an exited container (EBUSY while it runs); its files are the agent's to delete.
    SWL_VERB_REMOVE = 21,
    /// CONTAINER_ID -> nothing. Closes the log file and opens (creates) it again at the record's path.
    SWL_VERB_REOPEN_LOG = 22,
    /// From now on this connection gets events. -> nothing. A subscriber whose socket is full is hung up on; QUERY then tells what it has missed.
    SWL_VERB_SUBSCRIBE = 23,
    /// CONTAINER_ID -> fds STDIN: a write end of the container's stdin (record with SWL_STDIN_OPEN only). With
    /// SWL_STDIN_ONCE it is the only one: the container sees end of file when the client closes it; a second time: EPIPE.
    /// A container with a terminal has no end of file there: STDIN is its terminal, non-blocking, to be written to and never read.
    SWL_VERB_STDIN = 24,
    /// Kills every container, then the pause, replies, removes the socket and exits. Exit records are written. -> nothing.
    SWL_VERB_SHUTDOWN = 25,
    /// CONTAINER_ID -> PROCESS, fds PIDFD. Lets a container that was launched with PROCESS_HOLD run its program. The reply comes after
    /// the exec, or when it is held again (SWL_HOLD_ROOT with SWL_HOLD_EXEC). EALREADY when it is not held. A start that fails, and a held
    /// container that is killed, is an exit like any other.
    SWL_VERB_START = 26,
    /// CONTAINER_ID, fds [STDOUT], [STDERR] (write ends of pipes; with a terminal only STDOUT counts) -> nothing. From now on what the
    /// container writes goes there as well as to its log. A reader that is slow slows the container; one that takes nothing for
    /// SWL_ATTACH_STALL_SECONDS is let go, which WARNING tells. At most SWL_ATTACHED_MAX per container. At the container's end each reader still gets the
    /// rest, then the end of its pipe. ESRCH when it does not run.
    SWL_VERB_ATTACH = 27,
    /// CONTAINER_ID, CONSOLE_SIZE -> nothing. ENOTTY for a container without a terminal, ESRCH for one that has exited. The terminal of
    /// an exec belongs to the client that asked for it, which sets its size itself (TIOCSWINSZ).
    SWL_VERB_RESIZE = 28,

    SWL_REPLY = 0x4000,
    SWL_EVENT = 0x8000,
    /// CONTAINER_ID, PROCESS, WARNING list. Sent to all subscribers, also to the one that launched.
    SWL_EVENT_STARTED = 0x8001,
    /// CONTAINER_ID, EXIT. The exit file is on disk.
    SWL_EVENT_EXITED = 0x8002,
    /// CONTAINER_ID, EXEC_ID, EXIT.
    SWL_EVENT_EXEC_EXITED = 0x8003,
    /// EXIT of the pause: the sandbox is dead, its containers may live on; SHUTDOWN is what remains.
    SWL_EVENT_SANDBOX_EXITED = 0x8004,
    /// CONTAINER_ID. The log file was rotated by size, once or, where the subscriber read late, more often.
    SWL_EVENT_LOG_ROTATED = 0x8005,
    /// CONTAINER_ID, WARNING. Something went wrong after the start that is nobody's reply (a log that cannot be written, a reader
    /// that was let go).
    SWL_EVENT_WARNING = 0x8006,
};

#endif
