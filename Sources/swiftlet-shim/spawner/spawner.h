// The spawner: one process per node that starts sandbox processes with a clean context and knows nothing about them afterwards. Includes sandbox, of which
// it knows nothing but how it begins, loop, wire and system; inside, spawner.c uses shim_starts.c.
#pragma once

int spawner_main(const char *run_directory, const char *pid_file);
