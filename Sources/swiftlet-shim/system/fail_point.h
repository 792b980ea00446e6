// Named places between steps where a test can end this process, as a crash at that moment would. Compiled into test builds only
// (SWL_FAIL_POINTS). `<run>/fail-points/` holds a file for each armed place.
#pragma once

#ifdef SWL_FAIL_POINTS

void fail_points_init(const char *run_directory);
// Ends this process if a file of that name is there, and removes the file.
void fail_point(const char *name);
// Arms the places of the next child ("child.<step>"): behind its new root the child cannot read the directory any more.
void fail_points_arm_child(void);
// Ends the shim, not the child.
void fail_point_in_child(const char *name);

#else

static inline void fail_points_init(const char *run_directory)
{
    (void)run_directory;
}

static inline void fail_point(const char *name)
{
    (void)name;
}

static inline void fail_points_arm_child(void)
{
}

static inline void fail_point_in_child(const char *name)
{
    (void)name;
}

#endif
