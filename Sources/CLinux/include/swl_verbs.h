/// The types of messages: verbs, replies, events. Part of swl_wire.h.
#ifndef SWL_VERBS_H
#define SWL_VERBS_H

/// Message types. A reply's type is its request's type | SWL_REPLY; events have SWL_EVENT set. Each verb lists its fields and fds
/// -> the fields and fds of the successful reply. Every reply starts with SWL_TAG_STATUS; a failed reply carries
/// SWL_TAG_STATUS_TEXT and nothing else.
enum swl_type {
    /// Both sockets. -> SHIM_INFO.
    SWL_VERB_PING = 1,
    /// Spawner socket. SANDBOX_ID, [SHIM_LIMITS], fds [CGROUP: the new shim's] -> PROCESS, fds PIDFD of the shim. The directory
    /// `<run>/sandboxes/<id>/` must exist. The sandbox's socket listens before the reply comes. EEXIST if a live shim already
    /// listens there.
    SWL_VERB_SPAWN = 2,

    /// All further verbs: sandbox socket. fds RECORD, [CGROUP], NAMESPACE list -> PROCESS of the pause, WARNING list, fds PIDFD,
    /// NETNS. Once per shim: EEXIST.
    SWL_VERB_CREATE_SANDBOX = 16,
    /// CONTAINER_ID, fds RECORD, [CGROUP], MOUNT_SOURCE list, NAMESPACE list, [HOOK_STATE], [STDIN], [STDOUT], [STDERR] ->
    /// PROCESS, WARNING list, fds PIDFD, [TERMINAL].
    /// The reply comes after the exec of the program, with PROCESS_HOLD when the program is held. Needs a sandbox, and its
    /// directory `containers/<cid>/`. With STD* the program gets these descriptors (/dev/null for a missing one), and the record
    /// may not ask for a log, stdin or terminal. With PROCESS_TERMINAL and without LOG_PATH the terminal is the client's:
    /// TERMINAL is its master side, STDIN, ATTACH and RESIZE do not reach it, and closing it hangs up on the program.
    SWL_VERB_LAUNCH = 17,
    /// CONTAINER_ID, EXEC_ID, fds RECORD, [STDIN], [STDOUT], [STDERR] (/dev/null for a missing one), [CGROUP: by default a new
    /// one below the container's] -> PROCESS, WARNING list, fds PIDFD, with PROCESS_TERMINAL also TERMINAL (then no STD* may be
    /// sent; closing the terminal hangs up on the program). The reply comes after the exec.
    SWL_VERB_EXEC = 18,
    /// CONTAINER_ID [+ EXEC_ID], SIGNAL -> nothing. ESRCH after its exit.
    SWL_VERB_SIGNAL = 19,
    /// -> SANDBOX_STATE, CONTAINER_STATE list, EXEC_STATE list; fds (when a sandbox exists and its pause lives) PIDFD, NETNS of the pause,
    /// then one CONTAINER_PIDFD for every CONTAINER_STATE in state SWL_STATE_RUNNING, in the order of those fields.
    SWL_VERB_QUERY = 20,
    /// CONTAINER_ID -> nothing. Forgets an exited container (EBUSY while it runs); the agent deletes its files.
    SWL_VERB_REMOVE = 21,
    /// CONTAINER_ID -> nothing. Closes the log file and opens (creates) it again at the record's path.
    SWL_VERB_REOPEN_LOG = 22,
    /// From now on this connection gets events. -> nothing. A subscriber whose socket is full is disconnected; QUERY then returns
    /// the missed changes.
    SWL_VERB_SUBSCRIBE = 23,
    /// CONTAINER_ID -> fds STDIN: a write end of the container's stdin (record with SWL_STDIN_OPEN only). With SWL_STDIN_ONCE
    /// only one is given: the container reads end of file when the client closes it, and the second request gets EPIPE. A
    /// terminal has no end of file: STDIN is then the terminal, non-blocking, for writing only.
    SWL_VERB_STDIN = 24,
    /// Kills every container, then the pause, replies, removes the socket and exits. Exit files are written before. -> nothing.
    SWL_VERB_SHUTDOWN = 25,
    /// CONTAINER_ID -> PROCESS, fds PIDFD. Continues a container that was launched with PROCESS_HOLD. The reply comes after the
    /// exec, or when the container is held again (SWL_HOLD_ROOT with SWL_HOLD_EXEC). EALREADY when it is not held. A failed
    /// start, and a kill while held, is reported as an exit.
    SWL_VERB_START = 26,
    /// CONTAINER_ID, fds [STDOUT], [STDERR] (write ends of pipes; with a terminal only STDOUT counts) -> nothing. From now on the
    /// container's output goes there as well as to its log. A slow reader slows the container; a reader that takes nothing for
    /// SWL_ATTACH_STALL_SECONDS is dropped with a WARNING event. At most SWL_ATTACHED_MAX per container. At the container's end
    /// each reader gets the rest, then the end of its pipe. ESRCH when it does not run.
    SWL_VERB_ATTACH = 27,
    /// CONTAINER_ID, CONSOLE_SIZE -> nothing. ENOTTY for a container without a terminal, ESRCH for an exited one. The terminal of
    /// an exec belongs to its client, which sets the size itself (TIOCSWINSZ).
    SWL_VERB_RESIZE = 28,

    SWL_REPLY = 0x4000,
    SWL_EVENT = 0x8000,
    /// CONTAINER_ID, PROCESS, WARNING list. Sent to all subscribers, including the client that launched.
    SWL_EVENT_STARTED = 0x8001,
    /// CONTAINER_ID, EXIT. The exit file is on disk.
    SWL_EVENT_EXITED = 0x8002,
    /// CONTAINER_ID, EXEC_ID, EXIT.
    SWL_EVENT_EXEC_EXITED = 0x8003,
    /// EXIT of the pause: the sandbox is dead, its containers may live on. Only SHUTDOWN is useful then.
    SWL_EVENT_SANDBOX_EXITED = 0x8004,
    /// CONTAINER_ID. The log file was rotated by size, perhaps several times if the subscriber read late.
    SWL_EVENT_LOG_ROTATED = 0x8005,
    /// CONTAINER_ID, WARNING. A problem after the start that belongs to no reply (a log that cannot be written, a dropped
    /// reader).
    SWL_EVENT_WARNING = 0x8006,
};

#endif
