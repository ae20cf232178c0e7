/* SPDX-License-Identifier: MIT */
/* Modules stay in the process, whatever becomes of the library objects that loaded them. */
#include "check.h"
#include "client.h"
#include "mta.h"

#include <dlfcn.h>
#include <envoi/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4u

static struct mta *mta;
static atomic_uint inits, finis, complaints;
static struct envoi_library *left;

/* ---- a library object with the modules of this folder ---- */

static void listen_to_plugins(void *ctx, int level, const char *text)
{
    (void)ctx;
    if (strstr(text, ": init "))
        (void)atomic_fetch_add(&inits, 1);
    else if (strstr(text, ": fini "))
        (void)atomic_fetch_add(&finis, 1);
    else if (level <= (int)ENVOI_LOG_WARNING)
        (void)atomic_fetch_add(&complaints, 1);
}

static struct envoi_library *own_library(void)
{
    struct envoi_library *library = NULL;

    CHECK_RC(envoi_library_new(&library), ENVOI_OK);
    CHECK_RC(envoi_library_set_descriptor_directories(library, OWN_DESCRIPTORS, NULL, NULL), ENVOI_OK);
    CHECK_RC(envoi_library_set_module_directory(library, OWN_MODULES), ENVOI_OK);
    CHECK_RC(envoi_library_set_log(library, listen_to_plugins, NULL), ENVOI_OK);
    return library;
}

static void begin(void)
{
    inits = finis = complaints = 0;
    mta = mta_start();
}

static struct envoi_session *connected(struct envoi_library *library)
{
    struct envoi_session *s = client_session(library, &client_ways[0]);

    CHECK_RC(envoi_session_allow_cleartext_auth(s, 1), ENVOI_OK);
    CHECK_RC(envoi_session_connect(s, mta_where(mta)), ENVOI_OK);
    return s;
}

static int log_in(struct envoi_session *s, const char *mechanism)
{
    int rc = envoi_session_auth(s, mechanism);

    if (rc == ENVOI_OK)
        CHECK(envoi_session_authenticated(s));
    return rc;
}

static void leave(struct envoi_session *s)
{
    CHECK_RC(envoi_session_quit(s), ENVOI_OK);
    envoi_session_free(s);
}

/* ---- the tests ---- */

static void *log_in_and_exit(void *library)
{
    struct envoi_session *s = connected(library);

    CHECK_RC(log_in(s, "X-RESIDENT"), ENVOI_OK);
    leave(s);
    return NULL;
}

static void *stay_until_told(void *gate)
{
    struct envoi_library *library = own_library();

    (void)log_in_and_exit(library);
    envoi_library_free(library);
    pthread_barrier_wait(gate); /* the library object is gone */
    pthread_barrier_wait(gate); /* so are all of them */
    return NULL;                /* and now comes the destructor of the module */
}

/* Threads that have used a module end after the object that loaded it, and the process ends after them; and it is the
 * same module when it is loaded again. */
/* faults: 70 */
static void what_is_left_behind_still_works(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_t gate;
    void *before, *after;

    begin();
    pthread_barrier_init(&gate, NULL, THREADS + 1);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, stay_until_told, &gate) == 0);
    pthread_barrier_wait(&gate);
    CHECK(inits == THREADS && finis == THREADS);
    before = dlopen(OWN_MODULES "/resident.so", RTLD_NOW | RTLD_NOLOAD);
    CHECK_MSG(before != NULL, "the module was unloaded");
    left = own_library(); /* never freed: it is there when the process ends */
    (void)log_in_and_exit(left);
    after = dlopen(OWN_MODULES "/resident.so", RTLD_NOW | RTLD_NOLOAD);
    CHECK(before == after);
    pthread_barrier_wait(&gate);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&gate);
    mta_stop(mta);
}

/* The object was freed too early: its plugins are stopped when the last session is gone, not under it. */
/* faults: 69, 70 */
static void no_plugin_is_stopped_under_a_session(void)
{
    struct envoi_library *library = own_library();
    struct envoi_session *s;

    begin();
    s = connected(library);
    CHECK_RC(log_in(s, "X-RESIDENT"), ENVOI_OK);
    envoi_library_free(library);
    CHECK(inits == 1 && finis == 0);
    (void)client_send(s, 1, 1);
    CHECK_RC(envoi_session_quit(s), ENVOI_OK);
    CHECK_RC(envoi_session_connect(s, mta_where(mta)), ENVOI_OK);
    CHECK_RC(log_in(s, "X-RESIDENT"), ENVOI_OK);
    CHECK(inits == 1 && finis == 0);
    leave(s);
    CHECK(finis == 1);
    mta_stop(mta);
}

/* With TLS, where the module is a whole library. */
/* faults: 70 */
static void nor_is_a_tls_library(void)
{
    static const char *const backends[] = {"openssl", "gnutls"};

    mta = mta_start();
    for (unsigned i = 0; i < 2; i++) {
        struct envoi_library *library = client_library();
        const struct client_way way = {backends[i], "SCRAM-SHA-256"};
        struct envoi_session *s = client_session(library, &way);

        CHECK_RC(envoi_session_connect(s, mta_where(mta)), ENVOI_OK);
        (void)client_send(s, 2 * i, 1);
        envoi_library_free(library);
        (void)client_send(s, 2 * i + 1, 1);
        leave(s);
        CHECK(mta_taken(mta, 2 * i) == 1 && mta_taken(mta, 2 * i + 1) == 1);
    }
    mta_stop(mta);
}

/* ---- one that fails ---- */

static void *ask_for_the_broken_one(void *library)
{
    struct envoi_session *s = connected(library);

    CHECK_RC(log_in(s, "X-BROKEN"), ENVOI_E_NO_MECHANISM);
    CHECK_RC(log_in(s, "X-RESIDENT"), ENVOI_OK);
    leave(s);
    return NULL;
}

/* Its init is called once, whoever asks for it and how often; what failed is neither stopped nor used. */
/* faults: 69 */
static void a_plugin_that_fails_is_asked_once(void)
{
    struct envoi_library *library = own_library();
    pthread_t threads[THREADS];
    const char *state;

    begin();
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, ask_for_the_broken_one, library) == 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    state = client_plugin(library, "broken", "state");
    CHECK(state && strcmp(state, "unusable") == 0);
    CHECK_MSG(inits == 2, "%u", (unsigned)inits);
    CHECK(complaints > 0);
    envoi_library_free(library);
    CHECK(finis == 1);
    mta_stop(mta);
}

int main(void)
{
    RUN(no_plugin_is_stopped_under_a_session);
    RUN(nor_is_a_tls_library);
    RUN(a_plugin_that_fails_is_asked_once);
    RUN_IN_A_PROCESS(what_is_left_behind_still_works);
    return check_end();
}
