/* SPDX-License-Identifier: MIT */
#include "portable/sigpipe.h"

#include <errno.h>
#include <time.h>

static void sigpipe_set(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGPIPE);
}

static bool sigpipe_is_pending(void)
{
    sigset_t pending;

    (void)sigemptyset(&pending);
    (void)sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

static void sigpipe_take(const sigset_t *set)
{
#ifdef HAVE_SIGTIMEDWAIT
    const struct timespec now = {0};

    while (sigtimedwait(set, NULL, &now) < 0 && errno == EINTR)
        ;
#else
    int taken;

    if (sigpipe_is_pending())
        (void)sigwait(set, &taken);
#endif
}

void sigpipe_hold(struct sigpipe *s)
{
    sigset_t set;

    sigpipe_set(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, &s->before);
    s->was_pending = sigpipe_is_pending();
}

void sigpipe_release(const struct sigpipe *s, bool broken)
{
    int found = errno;
    sigset_t set;

    sigpipe_set(&set);
    if (broken && !s->was_pending)
        sigpipe_take(&set);
    (void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    errno = found;
}
