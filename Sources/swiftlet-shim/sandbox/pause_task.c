// The pause as a task of the event loop: its start makes the sandbox, its end ends the sandbox.
#include "sandbox/verbs.h"
#include "system/fail_point.h"

#include <sched.h>

static int save(struct task *task, struct fault *fault)
{
    return write_sandbox_state(task->sandbox, fault);
}

static int receive(struct task *task, enum report_kind report, int *descriptor, struct fault *fault)
{
    (void)fault;
    if (report == REPORT_PROCFS) {
        close_owned(&task->sandbox->procfs);
        task->sandbox->procfs = take(descriptor);
    }
    return 0;
}

static void started(struct task *task)
{
    (void)task; // the reply is enough
}

static void ended(struct task *task, const struct swl_exit *exit)
{
    struct sandbox *sandbox = task->sandbox;
    struct fault ignored;
    task->state = SWL_STATE_EXITED;
    sandbox->pause_exit = *exit;
    write_sandbox_state(sandbox, &ignored);
    send_exited(sandbox, SWL_EVENT_SANDBOX_EXITED, NULL, NULL, exit);
    close_owned(&task->pidfd);
}

static void kill_pause(struct task *task)
{
    task_kill(task, -1);
}

static void forget(struct task *task)
{
    struct sandbox *sandbox = task->sandbox;
    close_owned(&task->pidfd);
    close_owned(&sandbox->procfs);
    *task = (struct task){.kind = &pause_kind, .sandbox = sandbox, .pidfd = -1};
}

const struct task_kind pause_kind = {
    .run = pause_child,
    .shows_network = true,
    .started_point = "pause.started",
    .save = save,
    .receive = receive,
    .started = started,
    .ended = ended,
    .kill = kill_pause,
    .forget = forget,
};

int sandbox_create(struct sandbox *self, struct client *client, struct request *request, struct fault *fault)
{
    if (self->pause.state != SWL_STATE_NONE || self->stopping) {
        return refuse(fault, SWL_STEP_LOOKUP, EEXIST, "the sandbox exists");
    }
    struct record record;
    if (record_read(request->record, SWL_KIND_SANDBOX, &record, fault) != 0) {
        return -1;
    }
    int result = -1;
    OWNED int cgroup = -1;
    OWNED int program = open(record.pause_path, O_RDONLY | O_CLOEXEC);
    OWNED int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const struct swl_namespaces *names = &record.namespaces;
    struct swl_namespaces known;
    if (program < 0 || null < 0) {
        fail(fault, SWL_STEP_EXEC, "open the pause program \"%.300s\"", record.pause_path);
    } else if (check_given(request, &record, &known, fault) == 0 && task_cgroup(request, &record, &cgroup, fault) == 0) {
        self->namespaces = known;
        remember_mappings(self, &record);
        struct child child;
        child_init(&child, &record);
        child.stdio[0] = child.stdio[1] = child.stdio[2] = null;
        child.sources = request->sources;
        child.source_count = request->source_count;
        child.ids = sandbox_ids(self);
        child.program = program;
        struct task_clone clone = {
            .flags = CLONE_NEWNS | (uint64_t)(names->network == SWL_NS_NEW ? CLONE_NEWNET : 0) |
                     (uint64_t)(names->ipc == SWL_NS_NEW ? CLONE_NEWIPC : 0) |
                     (uint64_t)(names->uts == SWL_NS_NEW ? CLONE_NEWUTS : 0) |
                     (uint64_t)(names->pid == SWL_NS_NEW ? CLONE_NEWPID : 0) |
                     // The kernel makes the user namespace first: it owns the others.
                     (uint64_t)(names->user == SWL_NS_NEW ? CLONE_NEWUSER : 0),
            .pid_namespace = -1,
            .cgroup = cgroup,
        };
        result = task_start(&self->pause, &clone, &child, client, request, fault);
        fail_point("pause.cloned");
        struct fault problem;
        if (result == 0 && child.ids && (write_mappings(self, &problem) != 0 || task_continue(&self->pause, &problem) != 0)) {
            task_abort(&self->pause, &problem); // the abort answers the request
        }
    }
    record_free(&record);
    return result;
}
