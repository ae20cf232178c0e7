/* SPDX-License-Identifier: MIT */
/* What must hold however it is called: in many threads at once, and without memory. */
#include "session/session.h"

#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "../../peers/server.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(stress, .timeout = 120);

static const char *const polite[] = {"polite", NULL};

static int send_one(struct envoi_session *s, const char *where)
{
    struct envoi_message *m = NULL;
    int rc;

    if ((rc = envoi_session_connect(s, where)) || (rc = envoi_message_new("me@example.org", &m)) ||
        (rc = envoi_message_add_recipient(m, "you@example.net")) || (rc = envoi_message_set_data(m, "x\n", 2)))
        goto out;
    rc = envoi_session_send(s, m);
    if (rc == ENVOI_OK && envoi_message_verdict(m, 0) != ENVOI_VERDICT_ACCEPTED)
        rc = ENVOI_E_PROTOCOL;
out:
    envoi_message_free(m);
    envoi_session_quit(s);
    return rc;
}

/* ---- threads ---- */

#define THREADS 4

static struct envoi_library *library;

/* Returns NULL when all went well. */
static void *work(void *where)
{
    for (int i = 0; i < 20; i++) {
        struct envoi_session *s = NULL;
        int rc = envoi_session_new(library, &s);

        if (!rc)
            rc = envoi_session_set_tls(s, ENVOI_TLS_OFF);
        if (!rc)
            rc = send_one(s, where);
        envoi_session_free(s);
        if (rc)
            return where;
    }
    return NULL;
}

/* faults: 76 */
Test(stress, sessions_in_threads)
{
    static const struct dns_row rows[] = {{.name = "mail.example", .a = {"127.0.0.1"}}, {.name = NULL}};
    struct server *servers[THREADS];
    pthread_t threads[THREADS];
    char where[THREADS][64];

    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(library_set_dns_servers(library, dns_start(rows)), ENVOI_OK);
    for (int i = 0; i < THREADS; i++) {
        servers[i] = server_start(polite);
        snprintf(where[i], sizeof where[i], "mail.example%s", strchr(server_where(servers[i]), ':'));
    }
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, work, where[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;

        pthread_join(threads[i], &wrong);
        cr_expect_null(wrong, "not every message went out");
    }
    for (int i = 0; i < THREADS; i++)
        cr_expect_null(server_stop(servers[i]));
    dns_stop();
    envoi_library_free(library);
}

/* ---- no memory ---- */

static int calls, fail_at;
static int for_ever; /* from that call on, every one fails */
static pthread_t only;

static void *failing(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    if (pthread_equal(only, pthread_self())) {
        calls++;
        if (fail_at && (for_ever ? calls >= fail_at : calls == fail_at))
            return NULL;
    }
    return realloc(ptr, size);
}

static int whole_life(const char *where)
{
    struct envoi_library *l = NULL;
    struct envoi_session *s = NULL;
    int rc;

    if ((rc = envoi_library_new(&l)) || (rc = envoi_library_set_ca_file(l, "/nonexistent")) ||
        (rc = envoi_library_set_module_directory(l, "/nonexistent")) || (rc = envoi_session_new(l, &s)))
        goto out;
    envoi_session_set_tls(s, ENVOI_TLS_OFF);
    envoi_session_set_authzid(s, "somebody");
    envoi_session_set_authzid(s, NULL);
    envoi_session_set_client_certificate(s, "a.pem", "b.pem");
    envoi_session_set_helo_name(s, "client.example");
    envoi_session_set_mechanisms(s, "!PLAIN");
    rc = send_one(s, where);
    if (rc && rc != envoi_session_error_code(s))
        cr_expect_eq(rc, ENVOI_E_MEMORY, "%s", envoi_error_name(rc));
out:
    envoi_session_free(s);
    envoi_library_free(l);
    return rc;
}

/* The n-th allocation fails, for every n: an error, no crash, nothing left open (ASan looks for the rest). */
static void starve(int ever)
{
    struct server *server = server_start(polite);
    int fds = net_count_fds(), rc = ENVOI_E_MEMORY, n;

    only = pthread_self();
    for_ever = ever;
    envoi_set_allocator(failing, NULL);
    for (n = 1; n < 1000; n++) {
        calls = 0;
        fail_at = n;
        rc = whole_life(server_where(server));
        if (calls < n)
            break;
        cr_expect(rc == ENVOI_OK || rc == ENVOI_E_MEMORY, "allocation %d: %s", n, envoi_error_name(rc));
    }
    envoi_set_allocator(NULL, NULL);
    cr_expect_eq(rc, ENVOI_OK);
    cr_expect_gt(n, 30, "only %d allocations", n);
    cr_expect_null(server_stop(server));
    cr_expect_leq(net_count_fds(), fds);
}

/* faults: 75, 79 */
Test(stress, one_allocation_fails)
{
    starve(0);
}

/* faults: 75, 79 */
Test(stress, no_more_memory_for_ever)
{
    starve(1);
}
