/* SPDX-License-Identifier: MIT */
/* Many sessions in many threads over one library object: what they share are the plugins, which the first one to need
 * them loads, the TLS contexts, the tickets, and what is known of servers. */
#include "blocking.h"
#include "check.h"
#include "client.h"
#include "mta.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS    6u
#define VISITS     6u /* of each thread */
#define MESSAGES   3u /* of each visit */
#define ROUNDS     8u
#define PER_THREAD (VISITS * MESSAGES)
#define POLLED_MAX 16

static struct envoi_library *library;
static struct mta *mta;
static pthread_barrier_t start;
static atomic_bool over;

/* ---- what the threads do ---- */

struct worker {
    pthread_t thread;
    unsigned index;
    unsigned first;    /* the number of its first message */
    bool same_for_all; /* every thread goes the same way at the same time; else each begins elsewhere */
};

static void *send_in_a_thread(void *ctx)
{
    const struct worker *w = ctx;

    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < VISITS; i++) {
        size_t way = (i + (w->same_for_all ? 0 : 2 * w->index)) % client_way_count;

        (void)client_visit(library, mta_where(mta), &client_ways[way], w->first + i * MESSAGES, MESSAGES);
    }
    return NULL;
}

/* Reads what the object knows, while the others use it. */
static void *look_at_plugins(void *ctx)
{
    size_t seen = 0;
    bool all = true;

    (void)ctx;
    pthread_barrier_wait(&start);
    while (!over) {
        for (size_t i = 0; i < envoi_library_plugins(library); i++) {
            const char *state = envoi_library_plugin_value(library, i, "state");
            const char *source = envoi_library_plugin_source(library, i, "state");

            all = all && state && source && *state && *source;
            seen++;
        }
        (void)envoi_library_warnings(library);
    }
    CHECK(seen > 0 && all);
    return NULL;
}

static void run_workers(unsigned first, bool same_for_all)
{
    struct worker workers[THREADS];
    pthread_t reader;

    over = false;
    pthread_barrier_init(&start, NULL, THREADS + 1);
    CHECK(pthread_create(&reader, NULL, look_at_plugins, NULL) == 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.index = i, .first = first + i * PER_THREAD, .same_for_all = same_for_all};
        CHECK(pthread_create(&workers[i].thread, NULL, send_in_a_thread, &workers[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    over = true;
    pthread_join(reader, NULL);
    pthread_barrier_destroy(&start);
}

static void check_ledger(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        CHECK_MSG(mta_taken(mta, i) == 1, "message %u was taken in %u times", i, mta_taken(mta, i));
}

/* ---- the tests ---- */

/* Each round has a new object, so that each time all threads want the same plugin at once and it is not there yet. */
/* faults: 76 */
static void plugins_are_loaded_by_whoever_comes_first(void)
{
    static const char *const ids[] = {"openssl", "cram_md5", "plain", "gnutls", "sasl"};
    const unsigned per_round = THREADS * PER_THREAD;

    mta = mta_start();
    for (unsigned round = 0; round < ROUNDS; round++) {
        library = client_library();
        CHECK_RC(envoi_library_set_ca_file(library, NULL),
                 ENVOI_OK); /* the system's CAs, parsed when they are needed */
        run_workers(round * per_round, round % 2 == 0);
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
            const char *state = client_plugin(library, ids[i], "state");

            CHECK_MSG(state && strcmp(state, "loaded") == 0, "%s: %s", ids[i], state ? state : "none");
        }
        CHECK(envoi_library_warnings(library) == 0);
        envoi_library_free(library);
    }
    check_ledger(0, ROUNDS * per_round);
    CHECK(mta_count(mta, MTA_MESSAGES) == ROUNDS * per_round);
    mta_stop(mta);
}

/* The cache of tickets is asked and filled from all threads, and what was learned of the server is used by all. */
/* faults: 76 */
static void what_is_remembered_is_shared(void)
{
    unsigned connections;

    mta = mta_start();
    library = client_library();
    run_workers(0, false);
    run_workers(THREADS * PER_THREAD, true);
    check_ledger(0, 2 * THREADS * PER_THREAD);
    connections = mta_count(mta, MTA_CONNECTIONS);
    CHECK(connections == 2 * THREADS * VISITS);
    CHECK(mta_count(mta, MTA_LOGINS) > 0);
    CHECK_MSG(mta_count(mta, MTA_RESUMED) > 0, "of %u handshakes", mta_count(mta, MTA_HANDSHAKES));
    CHECK(mta_count(mta, MTA_RESUMED) < mta_count(mta, MTA_HANDSHAKES));
    envoi_library_free(library);
    mta_stop(mta);
}

/* ---- sessions that wait in the thread's own loop ---- */

struct loop {
    struct pollfd list[POLLED_MAX];
    nfds_t count;
};

static void watch(void *ctx, int fd, unsigned events)
{
    struct loop *l = ctx;
    nfds_t i = 0;

    while (i < l->count && l->list[i].fd != fd)
        i++;
    if (!events && i < l->count)
        l->list[i] = l->list[--l->count];
    if (!events || (i == l->count && l->count == POLLED_MAX))
        return;
    l->list[i].fd = fd;
    l->list[i].events = (short)((events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0));
    if (i == l->count)
        l->count++;
}

static int carry_through(struct envoi_session *s, struct loop *l, int rc)
{
    while (rc == ENVOI_E_AGAIN) {
        int ready = -1;
        unsigned events = 0;

        if (poll(l->list, l->count, 1000) < 0)
            return ENVOI_E_SYSTEM;
        for (nfds_t i = 0; i < l->count && ready < 0; i++)
            if (l->list[i].revents) {
                ready = l->list[i].fd;
                events = l->list[i].revents & POLLOUT ? ENVOI_EVENT_READ | ENVOI_EVENT_WRITE : ENVOI_EVENT_READ;
            }
        rc = envoi_session_process(s, ready, events);
    }
    return rc;
}

static void *poll_in_a_thread(void *ctx)
{
    static const char text[] = "Subject: threads\n\nHello.\n";
    const struct worker *w = ctx;
    struct envoi_message *m = NULL;

    CHECK_RC(envoi_message_new("me@example.org", &m), ENVOI_OK);
    CHECK_RC(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < VISITS; i++) {
        struct envoi_session *s = client_session(library, &client_ways[(w->index + i) % client_way_count]);
        struct loop loop = {.count = 0};

        CHECK_RC(envoi_session_set_watch(s, watch, &loop), ENVOI_OK);
        CHECK_RC(carry_through(s, &loop, envoi_session_connect(s, mta_where(mta))), ENVOI_OK);
        CHECK_RC(envoi_message_set_data(m, text, sizeof text - 1), ENVOI_OK);
        CHECK_RC(envoi_message_forget_verdicts(m), ENVOI_OK);
        CHECK_RC(carry_through(s, &loop, envoi_session_send(s, m)), ENVOI_OK);
        CHECK_RC(carry_through(s, &loop, envoi_session_quit(s)), ENVOI_OK);
        envoi_session_free(s);
    }
    envoi_message_free(m);
    return NULL;
}

/* Each thread has its own loop. */
/* faults: 76 */
static void each_thread_has_its_own_loop(void)
{
    struct worker workers[THREADS];

    mta = mta_start();
    library = client_library();
    pthread_barrier_init(&start, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.index = i};
        CHECK(pthread_create(&workers[i].thread, NULL, poll_in_a_thread, &workers[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&start);
    CHECK(mta_count(mta, MTA_MESSAGES) == THREADS * VISITS);
    envoi_library_free(library);
    mta_stop(mta);
}

/* ---- steps that may block ---- */

/* Every other visit is broken off in the middle of the login: the helper is left behind with the step. */
static void *log_in_by_helpers(void *ctx)
{
    static const struct client_way way = {NULL, "X-RESIDENT"};
    const struct worker *w = ctx;

    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < 2 * VISITS; i++) {
        struct envoi_session *s = client_session(library, &way);
        struct loop loop = {.count = 0};

        CHECK_RC(envoi_session_allow_blocking_mechanisms(s, 1), ENVOI_OK);
        CHECK_RC(envoi_session_set_watch(s, watch, &loop), ENVOI_OK);
        CHECK_RC(carry_through(s, &loop, envoi_session_connect(s, mta_where(mta))), ENVOI_OK);
        CHECK_RC(carry_through(s, &loop, envoi_session_ehlo(s, NULL)), ENVOI_OK);
        CHECK_RC(envoi_session_login(s), ENVOI_E_AGAIN);
        if ((w->index + i) % 2)
            CHECK_RC(carry_through(s, &loop, ENVOI_E_AGAIN), ENVOI_OK);
        envoi_session_free(s);
        CHECK(loop.count == 0);
    }
    return NULL;
}

/* faults: 76 */
static void helpers_take_steps(void)
{
    struct worker workers[THREADS];

    mta = mta_start();
    library = client_library();
    CHECK_RC(envoi_library_add_plugin(library, &blocking_plugin, BLOCKING_DESCRIPTOR), ENVOI_OK);
    pthread_barrier_init(&start, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.index = i};
        CHECK(pthread_create(&workers[i].thread, NULL, log_in_by_helpers, &workers[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&start);
    CHECK(mta_count(mta, MTA_LOGINS) == THREADS * VISITS);
    envoi_library_free(library); /* helpers may still be there: the last one ends the plugin */
    mta_stop(mta);
}

int main(void)
{
    setenv("SSL_CERT_FILE", PKI_DIR "/ca.pem", 1);
    unsetenv("SSL_CERT_DIR");
    RUN(plugins_are_loaded_by_whoever_comes_first);
    RUN(what_is_remembered_is_shared);
    RUN(each_thread_has_its_own_loop);
    RUN(helpers_take_steps);
    return check_end();
}
