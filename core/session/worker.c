/* SPDX-License-Identifier: MIT */
#include "session/worker.h"

#include "base/mem.h"
#include "base/process.h"
#include "plugin/host.h"
#include "portable/wakeup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

struct worker {
    atomic_uint references; /* of the session and of the thread; the last one to go closes the descriptors */
    int ends[2];            /* of a wakeup */
    unsigned process;       /* process_number() of the process that has the thread */
    struct task task;
    struct envoi_library *library;
};

static void worker_unref(struct worker *w)
{
    if (atomic_fetch_sub(&w->references, 1) != 1)
        return;
    wakeup_close(w->ends);
    mem_free(w);
}

static void *worker_main(void *ctx)
{
    struct worker *w = ctx;
    struct envoi_library *library = w->library;

    host_on_worker();
    w->task.run(w->task.ctx);
    w->task.release(w->task.ctx);
    wakeup_ring(w->ends[1]);
    worker_unref(w);
    library_release(library);
    return NULL;
}

/* The thread is detached: a login may be given up while a library still waits for a server of its own, and free never
 * blocks. It blocks all signals, which are for the application's threads. Returns 0 or an errno. */
static int worker_start(struct worker *w)
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
    rc = pthread_create(&thread, &attr, worker_main, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    return rc;
}

int worker_new(struct envoi_library *library, const struct task *task, struct worker **out)
{
    struct worker *w = mem_zalloc(sizeof *w);
    int rc;

    if (!w)
        return ENVOI_E_MEMORY;
    if (wakeup_open(w->ends) < 0) {
        mem_free(w);
        return ENVOI_E_SYSTEM;
    }
    w->process = process_number();
    w->task = *task;
    w->library = library_keep(library);
    atomic_init(&w->references, 2);
    if ((rc = worker_start(w))) {
        library_release(library);
        wakeup_close(w->ends);
        mem_free(w);
        errno = rc;
        return ENVOI_E_SYSTEM;
    }
    *out = w;
    return ENVOI_OK;
}

/* fork(2) copies no threads. In a child the task never ends and its library may hold locks for ever, so only the
 * descriptors are given back. */
void worker_free(struct worker *w)
{
    if (w && w->process == process_number())
        worker_unref(w);
    else if (w)
        wakeup_close(w->ends);
}

int worker_fd(const struct worker *w)
{
    return w->ends[0];
}
