/* SPDX-License-Identifier: MIT */
/* A fork between use and use, as library.h allows it: parent and child both go on. The server is another process, so
 * that there is one thread when the fork comes. */
#include "check.h"
#include "client.h"
#include "mta.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHILDREN 3u

static struct mta *mta;

/* Goes all ways over this library object; `number` is that of the first message. */
static void go_all_ways(struct envoi_library *library, unsigned number)
{
    for (size_t i = 0; i < client_way_count; i++)
        (void)client_visit(library, mta_where(mta), &client_ways[i], number + 2 * (unsigned)i, 2);
}

static void all_once(unsigned number)
{
    for (unsigned i = number; i < number + 2 * client_way_count; i++)
        CHECK_MSG(mta_taken(mta, i) == 1, "message %u was taken in %u times", i, mta_taken(mta, i));
}

static void in_child(struct envoi_library *library, unsigned number)
{
    struct envoi_library *own;

    go_all_ways(library, number);
    own = client_library();
    go_all_ways(own, number + 100);
    envoi_library_free(own);
    envoi_library_free(library);
}

/* A library object that was used before goes on in the parent and in each child, with plugins, TLS contexts and
 * tickets; and so does a new one of the child. All at the same time. */
/* faults: 76 */
static void new_sessions_on_both_sides(void)
{
    struct envoi_library *library = client_library();
    pid_t children[CHILDREN];

    mta = mta_start_apart();
    go_all_ways(library, 0);
    for (unsigned i = 0; i < CHILDREN; i++)
        if ((children[i] = fork()) == 0) {
            check_begin_child();
            in_child(library, 200 + i * 200);
            check_end_child();
        }
    go_all_ways(library, 50);
    for (unsigned i = 0; i < CHILDREN; i++)
        check_child(children[i]);
    all_once(0);
    all_once(50);
    for (unsigned i = 0; i < CHILDREN; i++) {
        all_once(200 + i * 200);
        all_once(300 + i * 200);
    }
    CHECK(mta_count(mta, MTA_RESUMED) > 0);
    envoi_library_free(library);
    mta_stop(mta);
}

/* The same, with a library object that had loaded nothing when the fork came. */
static void plugins_are_loaded_after_the_fork(void)
{
    struct envoi_library *library = client_library();
    pid_t child;

    mta = mta_start_apart();
    if ((child = fork()) == 0) {
        check_begin_child();
        go_all_ways(library, 0);
        envoi_library_free(library);
        check_end_child();
    }
    go_all_ways(library, 50);
    check_child(child);
    all_once(0);
    all_once(50);
    envoi_library_free(library);
    mta_stop(mta);
}

/* ---- a session that was connected before ---- */

/* No verb works on it, none sends an octet, and it can be connected anew. */
static void use_the_parents_session(struct envoi_session *s, const struct client_way *way)
{
    struct envoi_message *m = NULL;

    CHECK(envoi_session_connected(s));
    CHECK_RC(envoi_session_noop(s), ENVOI_E_USAGE);
    CHECK_MSG(strstr(envoi_session_error(s), "fork") != NULL, "%s", envoi_session_error(s));
    CHECK_RC(envoi_message_new("me@example.org", &m), ENVOI_OK);
    CHECK_RC(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    CHECK_RC(envoi_message_set_data(m, "x\n", 2), ENVOI_OK);
    CHECK_RC(envoi_session_send(s, m), ENVOI_E_USAGE);
    CHECK(envoi_message_verdict(m, 0) == ENVOI_VERDICT_NOT_ATTEMPTED);
    envoi_message_free(m);
    CHECK_RC(envoi_session_quit(s), ENVOI_E_USAGE);
    CHECK_RC(envoi_session_process(s, -1, 0), ENVOI_E_USAGE);
    CHECK(envoi_session_connected(s));

    CHECK_RC(envoi_session_close(s), ENVOI_OK);
    CHECK(!envoi_session_connected(s));
    CHECK_RC(envoi_session_connect(s, mta_where(mta)), ENVOI_OK);
    (void)client_send(s, way->backend ? 20 : 30, 1);
    CHECK_RC(envoi_session_quit(s), ENVOI_OK);
    envoi_session_free(s);
}

static void session_across_the_fork(const struct client_way *way)
{
    struct envoi_library *library = client_library();
    struct envoi_session *s;
    pid_t children[2];

    mta = mta_start_apart();
    s = client_session(library, way);
    CHECK_RC(envoi_session_connect(s, mta_where(mta)), ENVOI_OK);
    (void)client_send(s, 0, 1);
    for (int i = 0; i < 2; i++) {
        if ((children[i] = fork()) == 0) {
            check_begin_child();
            if (i == 0)
                use_the_parents_session(s, way);
            else
                envoi_session_free(s);
            envoi_library_free(library);
            CHECK(true);
            check_end_child();
        }
        check_child(children[i]);
        (void)client_send(s, 1 + (unsigned)i, 1); /* its connection is as it was */
    }
    CHECK_RC(envoi_session_quit(s), ENVOI_OK);
    envoi_session_free(s);
    envoi_library_free(library);
    for (unsigned i = 0; i < 3; i++)
        CHECK_MSG(mta_taken(mta, i) == 1, "message %u was taken in %u times", i, mta_taken(mta, i));
    CHECK(mta_taken(mta, way->backend ? 20 : 30) == 1);
    CHECK(mta_count(mta, MTA_CONNECTIONS) == 2);
    mta_stop(mta);
}

/* faults: 76 */
static void a_session_stays_with_the_parent(void)
{
    session_across_the_fork(&(const struct client_way){NULL, NULL});
    session_across_the_fork(&(const struct client_way){"openssl", "PLAIN"});
    session_across_the_fork(&(const struct client_way){"gnutls", "SCRAM-SHA-256"});
}

/* ---- while the connection is being made ---- */

static void remember(void *ctx, int fd, unsigned events)
{
    struct pollfd *p = ctx;

    p->fd = events ? fd : -1;
    p->events = (short)((events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0));
}

static int go_on(struct envoi_session *s, struct pollfd *p, int rc)
{
    while (rc == ENVOI_E_AGAIN) {
        (void)poll(p, 1, 1000);
        rc = envoi_session_process(
            s, p->fd, (p->revents & POLLIN ? ENVOI_EVENT_READ : 0) | (p->revents & POLLOUT ? ENVOI_EVENT_WRITE : 0));
    }
    return rc;
}

/* faults: 76 */
static void so_does_one_that_is_just_connecting(void)
{
    struct envoi_library *library = client_library();
    struct envoi_session *s;
    struct pollfd p = {.fd = -1};
    pid_t child;
    int rc;

    mta = mta_start_apart();
    s = client_session(library, &client_ways[0]);
    CHECK_RC(envoi_session_set_watch(s, remember, &p), ENVOI_OK);
    CHECK_RC(rc = envoi_session_connect(s, mta_where(mta)), ENVOI_E_AGAIN);
    if ((child = fork()) == 0) {
        check_begin_child();
        CHECK_RC(envoi_session_process(s, p.fd, ENVOI_EVENT_WRITE), ENVOI_E_USAGE);
        envoi_session_free(s);
        envoi_library_free(library);
        check_end_child();
    }
    check_child(child);
    CHECK_RC(go_on(s, &p, rc), ENVOI_OK);
    CHECK_RC(go_on(s, &p, envoi_session_quit(s)), ENVOI_OK);
    envoi_session_free(s);
    envoi_library_free(library);
    CHECK(mta_count(mta, MTA_CONNECTIONS) == 1);
    mta_stop(mta);
}

int main(void)
{
    RUN(new_sessions_on_both_sides);
    RUN(plugins_are_loaded_after_the_fork);
    RUN(a_session_stays_with_the_parent);
    RUN(so_does_one_that_is_just_connecting);
    return check_end();
}
