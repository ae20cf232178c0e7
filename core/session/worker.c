/* SPDX-License-Identifier: MIT */
#include "session/worker.h"

#include "base/mem.h"
#include "base/process.h"
#include "plugin/host.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct helper {
    atomic_uint references; /* the session's and the thread's: the last one closes the descriptor */
    int fd;
    unsigned process; /* whose thread it is: process_number() */
    struct engine_task task;
    struct envoi_library *library;
};

static void unref(struct helper *h)
{
    if (atomic_fetch_sub(&h->references, 1) != 1)
        return;
    (void)close(h->fd);
    mem_free(h);
}

static void *work(void *ctx)
{
    struct helper *h = ctx;
    struct envoi_library *library = h->library;

    host_on_helper();
    h->task.run(h->task.ctx);
    h->task.release(h->task.ctx);
    (void)eventfd_write(h->fd, 1);
    unref(h);
    library_release(library);
    return NULL;
}

/* Nobody joins it: a login may be given up while a library waits for a server of its own, and free never blocks. Signals are
 * for the application's threads. Returns an errno or 0. */
static int start(struct helper *h)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    int rc = pthread_attr_init(&attr);

    if (rc)
        return rc;
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, &attr, work, h);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    return rc;
}

int helper_new(struct envoi_library *library, const struct engine_task *task, struct helper **out)
{
    struct helper *h = mem_zalloc(sizeof *h);
    int rc;

    if (!h)
        return ENVOI_E_MEMORY;
    if ((h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        mem_free(h);
        return ENVOI_E_SYSTEM;
    }
    h->process = process_number();
    h->task = *task;
    h->library = library_keep(library);
    atomic_init(&h->references, 2);
    if ((rc = start(h))) {
        library_release(library);
        (void)close(h->fd);
        mem_free(h);
        errno = rc;
        return ENVOI_E_SYSTEM;
    }
    *out = h;
    return ENVOI_OK;
}

/* fork(2) copies no threads: in a child the task stays as it was for ever, with whatever its library had locked. */
void helper_free(struct helper *h)
{
    if (h && h->process == process_number())
        unref(h);
    else if (h)
        (void)close(h->fd);
}

int helper_fd(const struct helper *h)
{
    return h->fd;
}
