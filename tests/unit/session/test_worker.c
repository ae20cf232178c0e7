/* SPDX-License-Identifier: MIT */
/* A mechanism whose library blocks, in the non-blocking face: its steps are taken by a worker thread. The mechanism
 * here, X-GATE, waits in its step until the test opens the gate. */
#include "../../peers/net.h"
#include "../../peers/server.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(worker, .timeout = 60);

/* ---- the mechanism ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool open_gate;
static int waiting, exchanges, states; /* in a step; alive */
static pthread_t step_thread, asked_thread;

static void wait_until(const int *value, int wanted)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20;
    pthread_mutex_lock(&lock);
    while (*value != wanted)
        cr_assert_eq(pthread_cond_timedwait(&changed, &lock, &end), 0, "it does not happen");
    pthread_mutex_unlock(&lock);
}

static void set_gate(bool open)
{
    pthread_mutex_lock(&lock);
    open_gate = open;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void count(int *value, int by)
{
    pthread_mutex_lock(&lock);
    *value += by;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

struct gate {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
};

static int32_t gate_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    out->name = "X-GATE";
    out->flags = ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_MAY_BLOCK;
    return index ? ENVOI_E_END : ENVOI_OK;
}

static int32_t gate_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct envoi_host *host = state;
    struct gate *g = host->alloc(sizeof *g);

    (void)mech;
    if (!g)
        return ENVOI_E_MEMORY;
    *g = (struct gate){host, params};
    *ctx = g;
    count(&exchanges, 1);
    return ENVOI_OK;
}

static int32_t gate_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                         uint32_t *want)
{
    const struct gate *g = ctx;
    const struct envoi_cred_request request = {sizeof request, ENVOI_CRED_PASSWORD, "X-GATE", NULL};
    struct envoi_cred cred = {.struct_size = sizeof cred};
    char binding[64];
    size_t n = 0;
    int32_t rc;

    (void)len;
    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    rc = g->params->cred(g->params->core, &request, &cred);
    if (rc == ENVOI_E_AGAIN)
        *want = ENVOI_WANT_CREDENTIAL;
    if (rc)
        return rc;
    pthread_mutex_lock(&lock);
    waiting++;
    step_thread = pthread_self();
    pthread_cond_broadcast(&changed);
    while (!open_gate)
        pthread_cond_wait(&changed, &lock);
    waiting--;
    pthread_mutex_unlock(&lock);
    g->host->log(g->host, ENVOI_LOG_WARNING, "the gate is open");
    *result = ENVOI_STEP_DONE;
    if (in || strcmp(g->params->host, "127.0.0.1") != 0 || strcmp(g->params->server_list, "X-GATE") != 0 ||
        g->params->binding(g->params->core, "tls-exporter", binding, sizeof binding, &n) != ENVOI_E_NOT_SUPPORTED) {
        g->host->set_error(g->host, g->params->errctx, ENVOI_E_AUTH, 0, "the parameters are not those of the login");
        return ENVOI_E_AUTH;
    }
    rc = out->write(out->ctx, cred.data, cred.len);
    cred.release(&cred);
    return rc;
}

static void gate_free(void *ctx)
{
    struct gate *g = ctx;

    g->host->free(g);
    count(&exchanges, -1);
}

static int32_t gate_init(const struct envoi_host *host, void **state)
{
    *state = (void *)(uintptr_t)host;
    count(&states, 1);
    return ENVOI_OK;
}

static void gate_fini(void *state)
{
    (void)state;
    cr_expect_eq(exchanges, 0, "the plugin is ended before its last exchange");
    count(&states, -1);
}

static const struct envoi_mechanism mechanism = {.struct_size = sizeof mechanism,
                                                 .name = "gate",
                                                 .mech_at = gate_at,
                                                 .mech_new = gate_new,
                                                 .step = gate_step,
                                                 .mech_free = gate_free};
static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};
static const struct envoi_plugin plugin = {.struct_size = sizeof plugin,
                                           .magic = ENVOI_PLUGIN_MAGIC,
                                           .abi_major = ENVOI_ABI_MAJOR,
                                           .abi_minor = ENVOI_ABI_MINOR,
                                           .id = "gate",
                                           .version = "1",
                                           .license = "MIT",
                                           .init = gate_init,
                                           .fini = gate_fini,
                                           .mechanisms = mechanisms};

/* ---- sessions in a loop around poll(), each with its own descriptors ---- */

#define FDS_MAX 16

struct client {
    struct envoi_session *session;
    struct pollfd fds[FDS_MAX];
    nfds_t count;
    int result;
};

static struct envoi_library *library;

static void watch(void *ctx, int fd, unsigned events)
{
    struct client *c = ctx;
    nfds_t i = 0;

    while (i < c->count && c->fds[i].fd != fd)
        i++;
    if (!events) {
        cr_assert_lt(i, c->count, "an unknown descriptor is to be forgotten");
        c->fds[i] = c->fds[--c->count];
        return;
    }
    cr_expect(net_is_nonblocking(fd) && net_is_cloexec(fd));
    if (i == c->count)
        c->count++;
    c->fds[i].fd = fd;
    c->fds[i].events = (short)((events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0));
}

/* One turn of the loop. False: nothing was ready for `patience` milliseconds. */
static bool turn(struct client *c, int patience)
{
    int64_t at = envoi_session_deadline(c->session), now = net_now();
    int left = at < 0 || at - now > patience ? patience : at > now ? (int)(at - now) : 0;
    int n = poll(c->fds, c->count, left);
    struct pollfd p = {.fd = -1};

    cr_assert(n >= 0);
    if (!n && left == patience)
        return false;
    for (nfds_t i = 0; n > 0 && i < c->count; i++)
        if (c->fds[i].revents)
            p = c->fds[i];
    c->result = envoi_session_process(c->session, p.fd,
                                      (p.revents & ~POLLOUT ? ENVOI_EVENT_READ : 0) |
                                          (p.revents & ~POLLIN ? ENVOI_EVENT_WRITE : 0));
    return true;
}

static int complete(struct client *c, int rc)
{
    c->result = rc;
    for (int i = 0; c->result == ENVOI_E_AGAIN; i++) {
        cr_assert_lt(i, 1000, "the session spins");
        cr_assert(turn(c, 20000), "nothing happens");
    }
    return c->result;
}

/* Until the step waits at the gate. */
static void begin_login(struct client *c)
{
    c->result = envoi_session_login(c->session);
    for (int i = 0; c->result == ENVOI_E_AGAIN; i++) {
        pthread_mutex_lock(&lock);
        bool there = waiting > 0;
        pthread_mutex_unlock(&lock);
        if (there)
            return;
        cr_assert_lt(i, 20000, "the session spins");
        (void)turn(c, 1);
    }
    cr_assert_fail("the login is over: %s", envoi_session_error(c->session));
}

static int give_password(void *ctx, unsigned credential, const char *mech, const char **data, size_t *len)
{
    (void)ctx;
    (void)mech;
    if (credential != ENVOI_CRED_PASSWORD)
        return ENVOI_E_CANCELLED;
    asked_thread = pthread_self();
    *data = "open sesame";
    *len = strlen(*data);
    return ENVOI_OK;
}

static void new_library(void)
{
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_library_add_plugin(library, &plugin, "kind: auth\nprovides: X-GATE\n"), ENVOI_OK);
}

static struct envoi_session *new_session(void)
{
    struct envoi_session *s;

    cr_assert_eq(envoi_session_new(library, &s), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(s, ENVOI_TLS_OFF), ENVOI_OK);
    cr_assert_eq(envoi_session_set_mechanisms(s, "X-GATE"), ENVOI_OK);
    cr_assert_eq(envoi_session_set_credential_callback(s, give_password, NULL), ENVOI_OK);
    cr_assert_eq(envoi_session_allow_blocking_mechanisms(s, 1), ENVOI_OK);
    return s;
}

static void connect_to(struct client *c, const char *where)
{
    c->session = new_session();
    cr_assert_eq(envoi_session_set_watch(c->session, watch, c), ENVOI_OK);
    cr_assert_eq(complete(c, envoi_session_connect(c->session, where)), ENVOI_OK, "%s",
                 envoi_session_error(c->session));
}

static void stop(struct server *server)
{
    const char *wrong = server_stop(server);

    cr_expect_null(wrong, "%s", wrong ? wrong : "");
}

/* clang-format off: one line of the script each */
static const char *const logs_in[] = {
    "> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH X-GATE", "< AUTH X-GATE b3BlbiBzZXNhbWU=",
    "> 235 ok",   "eof",     NULL};
/* It says nothing more: the client is not to wait for it. */
static const char *const is_silent[] = {"> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH X-GATE", "eof", NULL};
static const char *const closes[] = {"> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH X-GATE", "close", NULL};
/* clang-format on */

/* ---- tests ---- */

static void take_line(void *ctx, int level, const char *text)
{
    (void)level;
    (void)text;
    count(ctx, 1);
}

/* Who has freed all its objects may free what the log function writes to. */
Test(worker, the_log_is_silent_when_all_is_freed)
{
    struct server *server = server_start(is_silent);
    struct client c = {0};
    int lines = 0;

    new_library();
    cr_assert_eq(envoi_library_set_log(library, take_line, &lines), ENVOI_OK);
    connect_to(&c, server_where(server));
    begin_login(&c);
    envoi_session_free(c.session);
    envoi_library_free(library);
    lines = 0;
    set_gate(true);
    wait_until(&states, 0);
    cr_expect_eq(lines, 0, "the log function is called after the last object was freed");
    stop(server);
}

/* The loop goes on with others while the step is taken; the application's callbacks are called in its own thread. */
Test(worker, the_loop_goes_on)
{
    static const char *const other[] = {"> 220 here", "< NOOP", "> 250 ok", "eof", NULL};
    struct server *one = server_start(logs_in), *two = server_start(other);
    struct client a = {0}, b = {0};
    int before = net_count_fds();

    new_library();
    connect_to(&a, server_where(one));
    connect_to(&b, server_where(two));
    begin_login(&a);
    cr_expect_eq(a.count, 2, "the socket and the worker");
    cr_expect_eq(complete(&b, envoi_session_noop(b.session)), ENVOI_OK);
    cr_expect(!turn(&a, 20), "the loop is woken for nothing");
    cr_expect_eq(envoi_session_process(a.session, -1, 0), ENVOI_E_AGAIN, "asked too early it just goes on waiting");
    set_gate(true);
    cr_expect_eq(complete(&a, a.result), ENVOI_OK, "%s", envoi_session_error(a.session));
    cr_expect_eq(a.count, 1);
    cr_expect_not(pthread_equal(step_thread, pthread_self()));
    cr_expect(pthread_equal(asked_thread, pthread_self()));
    envoi_session_free(a.session);
    envoi_session_free(b.session);
    envoi_library_free(library);
    wait_until(&states, 0);
    stop(one);
    stop(two);
    cr_expect_leq(net_count_fds(), before);
}

/* Everything is freed under the step, without waiting for it; the last one to go ends the plugin. */
/* faults: 79 */
Test(worker, freed_while_a_step_is_taken)
{
    struct server *server = server_start(is_silent);
    struct client c = {0};
    int before;

    new_library();
    before = net_count_fds();
    connect_to(&c, server_where(server));
    begin_login(&c);
    envoi_session_free(c.session);
    cr_expect_eq(c.count, 0, "a freed session is still watched");
    envoi_library_free(library);
    cr_expect_eq(exchanges, 1, "it is still in use");
    cr_expect_eq(states, 1);
    set_gate(true);
    wait_until(&states, 0);
    cr_expect_eq(exchanges, 0);
    stop(server);
    cr_expect_leq(net_count_fds(), before);
}

/* A step that does not end has a deadline, and the session can be used again before it is over. */
Test(worker, deadline)
{
    struct server *one = server_start(is_silent), *two = server_start(logs_in);
    struct client c = {0};

    new_library();
    connect_to(&c, server_where(one));
    cr_assert_eq(envoi_session_set_timeout(c.session, ENVOI_PHASE_AUTH, 100), ENVOI_OK);
    begin_login(&c);
    cr_expect_eq(complete(&c, c.result), ENVOI_E_TIMEOUT);
    cr_expect(strstr(envoi_session_error(c.session), "a step of the login"), "%s", envoi_session_error(c.session));
    cr_expect_eq(c.count, 0);
    cr_assert_eq(envoi_session_set_timeout(c.session, ENVOI_PHASE_AUTH, 0), ENVOI_OK);
    cr_assert_eq(complete(&c, envoi_session_connect(c.session, server_where(two))), ENVOI_OK);
    c.result = envoi_session_login(c.session);
    for (int i = 0; waiting < 2 && i < 20000; i++)
        (void)turn(&c, 1);
    wait_until(&waiting, 2);
    set_gate(true);
    cr_expect_eq(complete(&c, c.result), ENVOI_OK, "%s", envoi_session_error(c.session));
    wait_until(&exchanges, 0);
    envoi_session_free(c.session);
    envoi_library_free(library);
    wait_until(&states, 0);
    stop(one);
    stop(two);
}

Test(worker, the_server_closes)
{
    struct server *server = server_start(closes);
    struct client c = {0};

    new_library();
    connect_to(&c, server_where(server));
    c.result = envoi_session_login(c.session);
    cr_expect_eq(complete(&c, c.result), ENVOI_E_DISCONNECTED);
    cr_expect_eq(c.count, 0);
    set_gate(true);
    envoi_session_free(c.session);
    envoi_library_free(library);
    wait_until(&states, 0);
    stop(server);
}

/* Who waits anyhow takes it himself: what his thread has set up for the library counts. */
Test(worker, the_blocking_face_has_none)
{
    struct server *server = server_start(logs_in);
    struct envoi_session *s;

    new_library();
    set_gate(true);
    s = new_session();
    cr_assert_eq(envoi_session_connect(s, server_where(server)), ENVOI_OK);
    cr_expect_eq(envoi_session_login(s), ENVOI_OK, "%s", envoi_session_error(s));
    cr_expect(pthread_equal(step_thread, pthread_self()));
    envoi_session_free(s);
    envoi_library_free(library);
    cr_expect_eq(states, 0);
    stop(server);
}

static void *open_late(void *ctx)
{
    (void)ctx;
    wait_until(&waiting, 1);
    (void)poll(NULL, 0, 300);
    set_gate(true);
    return NULL;
}

/* ... and the time that his library takes is not the server's. */
Test(worker, the_deadline_of_the_server_begins_behind_the_step)
{
    struct server *server = server_start(logs_in);
    struct envoi_session *s;
    pthread_t opener;

    new_library();
    s = new_session();
    cr_assert_eq(envoi_session_set_timeout(s, ENVOI_PHASE_AUTH, 200), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(s, server_where(server)), ENVOI_OK);
    cr_assert_eq(pthread_create(&opener, NULL, open_late, NULL), 0);
    cr_expect_eq(envoi_session_login(s), ENVOI_OK, "%s", envoi_session_error(s));
    pthread_join(opener, NULL);
    envoi_session_free(s);
    envoi_library_free(library);
    stop(server);
}

Test(worker, a_pool_logs_in)
{
    static const char *const script[] = {"> 220 here",
                                         "< EHLO ",
                                         "> 250-here",
                                         "> 250 AUTH X-GATE",
                                         "< AUTH X-GATE b3BlbiBzZXNhbWU=",
                                         "> 235 ok",
                                         "< MAIL FROM:<me@example.org>",
                                         "> 250 ok",
                                         "< RCPT TO:<you@example.net>",
                                         "> 250 ok",
                                         "< DATA",
                                         "> 354 go",
                                         ".",
                                         "> 250 2.0.0 queued",
                                         "< QUIT",
                                         "> 221 bye",
                                         "eof",
                                         NULL};
    struct server *server = server_start(script);
    struct envoi_session *prototype;
    struct envoi_message *m;
    struct envoi_pool *pool;
    size_t route;

    new_library();
    set_gate(true);
    prototype = new_session();
    cr_assert_eq(envoi_pool_new(library, &pool), ENVOI_OK);
    cr_assert_eq(envoi_pool_add_route(pool, prototype, server_where(server), &route), ENVOI_OK);
    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(m, "x\n", 2), ENVOI_OK);
    cr_assert_eq(envoi_pool_submit(pool, route, m, NULL, NULL), ENVOI_OK);
    envoi_pool_drain(pool);
    cr_expect_eq(envoi_pool_run(pool), ENVOI_OK);
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_ACCEPTED, "%s", envoi_message_verdict_text(m, 0));
    cr_expect_not(pthread_equal(step_thread, pthread_self()));
    envoi_pool_free(pool);
    envoi_message_free(m);
    envoi_session_free(prototype);
    envoi_library_free(library);
    wait_until(&states, 0);
    stop(server);
}

/* A child of fork has no worker: it can free its copy, and closes what it inherited. */
Test(worker, in_a_child)
{
    struct server *server = server_start(logs_in);
    struct client c = {0};
    int status;

    new_library();
    connect_to(&c, server_where(server));
    begin_login(&c);
    pid_t child = fork();
    if (child == 0) {
#ifdef ENVOI_PORTABLE
        const int inherited = 3; /* the socket, and both ends of a pipe */
#else
        const int inherited = 2;
#endif
        int before = net_count_fds();
        struct client copy = c;

        envoi_session_free(c.session);
        _exit(net_count_fds() == before - inherited && copy.count == 2 ? 0 : 1);
    }
    cr_assert_gt(child, 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", (unsigned)status);
    set_gate(true);
    cr_expect_eq(complete(&c, c.result), ENVOI_OK, "%s", envoi_session_error(c.session));
    envoi_session_free(c.session);
    envoi_library_free(library);
    wait_until(&states, 0);
    stop(server);
}
