/* SPDX-License-Identifier: MIT */
/* Two library objects in one process: what is set of one is not seen by the other. */
#include "check.h"
#include "client.h"
#include "mta.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define VISITS 12u

static struct mta *mta;

/* Another one, which trusts nobody. */
static struct envoi_library *distrustful(void)
{
    struct envoi_library *library = client_library();

    CHECK_RC(envoi_library_set_ca_file(library, PKI_DIR "/stranger.pem"), ENVOI_OK);
    return library;
}

static void is_refused(struct envoi_library *library, const char *backend)
{
    const struct client_way way = {backend, "PLAIN"};
    struct envoi_session *s = client_session(library, &way);
    struct envoi_message *m = NULL;

    CHECK_RC(envoi_message_new("me@example.org", &m), ENVOI_OK);
    CHECK_RC(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    CHECK_RC(envoi_message_set_data(m, "x\n", 2), ENVOI_OK);
    CHECK_RC(envoi_session_connect(s, mta_where(mta)), ENVOI_OK);
    CHECK_RC(envoi_session_send(s, m), ENVOI_E_CERTIFICATE);
    CHECK(envoi_message_verdict(m, 0) == ENVOI_VERDICT_NOT_ATTEMPTED);
    envoi_message_free(m);
    envoi_session_free(s);
}

/* The tickets that the one has got let the other in nowhere. */
/* faults: 76 */
static void in_turns(void)
{
    struct envoi_library *a = client_library(), *b = distrustful();
    const struct client_way openssl = {"openssl", "PLAIN"}, gnutls = {"gnutls", "PLAIN"};

    mta = mta_start();
    for (unsigned i = 0; i < 4; i++) {
        (void)client_visit(a, mta_where(mta), &openssl, 4 * i, 2);
        is_refused(b, "openssl");
        (void)client_visit(a, mta_where(mta), &gnutls, 4 * i + 2, 2);
        is_refused(b, "gnutls");
    }
    CHECK(mta_count(mta, MTA_MESSAGES) == 16);
    CHECK(mta_count(mta, MTA_LOGINS) == 8);
    envoi_library_free(a);
    is_refused(b, "gnutls"); /* what the one had loaded stays the other's */
    envoi_library_free(b);
    mta_stop(mta);
}

/* ---- in parallel ---- */

struct side {
    pthread_t thread;
    struct envoi_library *library;
    const char *backend; /* the library's own choice */
    unsigned number;
};

static void *use_one(void *ctx)
{
    struct side *side = ctx;

    for (unsigned i = 0; i < VISITS; i++) {
        struct envoi_session *s = client_session(side->library, &(const struct client_way){"openssl", "CRAM-MD5"});

        CHECK_RC(envoi_session_set_tls_backend(s, NULL), ENVOI_OK);
        CHECK_RC(envoi_session_connect(s, mta_where(mta)), ENVOI_OK);
        (void)client_send(s, side->number + 2 * i, 2);
        CHECK_MSG(strcmp(envoi_session_tls_backend(s), side->backend) == 0, "%s instead of %s",
                  envoi_session_tls_backend(s), side->backend);
        CHECK_RC(envoi_session_quit(s), ENVOI_OK);
        envoi_session_free(s);
    }
    return NULL;
}

/* faults: 76 */
static void in_parallel(void)
{
    struct side sides[2] = {{.backend = "openssl", .number = 0}, {.backend = "gnutls", .number = 2 * VISITS}};

    mta = mta_start();
    for (int i = 0; i < 2; i++) {
        sides[i].library = client_library();
        CHECK_RC(envoi_library_set_tls_backend(sides[i].library, sides[i].backend), ENVOI_OK);
        CHECK(pthread_create(&sides[i].thread, NULL, use_one, &sides[i]) == 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(sides[i].thread, NULL);
        envoi_library_free(sides[i].library);
    }
    for (unsigned i = 0; i < 4 * VISITS; i++)
        CHECK_MSG(mta_taken(mta, i) == 1, "message %u was taken in %u times", i, mta_taken(mta, i));
    mta_stop(mta);
}

/* ---- objects that come and go ---- */

static void *make_use_and_free(void *ctx)
{
    const unsigned *number = ctx;

    for (unsigned i = 0; i < client_way_count; i++) {
        struct envoi_library *library = client_library();

        (void)client_visit(library, mta_where(mta), &client_ways[i], *number + i, 1);
        envoi_library_free(library);
    }
    return NULL;
}

/* While the one starts plugins, others use and stop the same ones: their libraries count their users. */
/* faults: 70, 76 */
static void plugins_start_and_stop_meanwhile(void)
{
    pthread_t threads[4];
    unsigned numbers[4];

    mta = mta_start();
    for (unsigned i = 0; i < 4; i++) {
        numbers[i] = 100 * i;
        CHECK(pthread_create(&threads[i], NULL, make_use_and_free, &numbers[i]) == 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        for (unsigned k = 0; k < client_way_count; k++)
            CHECK(mta_taken(mta, 100 * i + k) == 1);
    }
    mta_stop(mta);
}

int main(void)
{
    RUN(in_turns);
    RUN(in_parallel);
    RUN(plugins_start_and_stop_meanwhile);
    return check_end();
}
