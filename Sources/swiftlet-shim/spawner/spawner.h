// The spawner: one process per node that starts sandbox processes with a clean context and does not manage them afterwards.
// Includes sandbox (only its entry point), loop, wire and system. Inside, spawner.c uses shim_starts.c.
#pragma once

int spawner_main(const char *run_directory, const char *pid_file);
