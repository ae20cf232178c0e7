/* SPDX-License-Identifier: MIT */
#include "portable/self.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef HAVE_PRCTL
#include <sys/prctl.h>
#endif

void self_hide(void)
{
    const struct rlimit none = {0};

#ifdef HAVE_PRCTL
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
    (void)setrlimit(RLIMIT_CORE, &none);
}

void self_follow_parent(void)
{
#ifdef HAVE_PRCTL
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

/* Linux, and the emulation of NetBSD. Elsewhere there is no such link. */
bool self_path(char *path, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", path, size);

    if (len < 0 || (size_t)len >= size)
        return false;
    path[len] = '\0';
    return true;
}
