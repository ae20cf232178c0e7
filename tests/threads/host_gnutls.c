/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "check.h"

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char priorities[4096];
static atomic_uint logged, asked;

/* ---- what the program sets for the whole process ---- */

static void log_line(int level, const char *text)
{
    (void)level;
    (void)text;
    (void)atomic_fetch_add(&logged, 1);
}

static time_t now(time_t *at)
{
    (void)atomic_fetch_add(&asked, 1);
    return time(at);
}

/* The ciphers and versions of a session that is asked for nothing, as text. */
static void defaults(char out[4096])
{
    gnutls_priority_t p = NULL;
    const unsigned *list = NULL;
    int count;
    size_t used = 0;

    memset(out, 0, 4096);
    CHECK(gnutls_priority_init2(&p, NULL, NULL, 0) == GNUTLS_E_SUCCESS);
    count = gnutls_priority_protocol_list(p, &list);
    for (int i = 0; i < count && used < 4000; i++)
        out[used++] = (char)('a' + list[i]);
    count = gnutls_priority_cipher_list(p, &list);
    for (int i = 0; i < count && used < 4000; i++)
        out[used++] = (char)('a' + list[i]);
    CHECK(used > 0);
    gnutls_priority_deinit(p);
}

static void open(void)
{
    CHECK(gnutls_global_init() == GNUTLS_E_SUCCESS);
    gnutls_global_set_log_function(log_line);
    gnutls_global_set_log_level(4);
    gnutls_global_set_time_function(now);
    defaults(priorities);
}

static void settled(void)
{
    char there[4096];

    defaults(there);
    CHECK(strcmp(there, priorities) == 0);
}

/* ---- a handshake with itself ---- */

struct pipe {
    char octets[32768];
    size_t len;
};

struct end {
    gnutls_session_t session;
    struct pipe *in, *out;
};

static ssize_t push(gnutls_transport_ptr_t ctx, const void *data, size_t len)
{
    struct end *e = ctx;

    if (e->out->len + len > sizeof e->out->octets)
        return -1;
    memcpy(e->out->octets + e->out->len, data, len);
    e->out->len += len;
    return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t ctx, void *data, size_t cap)
{
    struct end *e = ctx;
    size_t n = e->in->len < cap ? e->in->len : cap;

    if (!n) {
        gnutls_transport_set_errno(e->session, 11); /* EAGAIN */
        return -1;
    }
    memcpy(data, e->in->octets, n);
    e->in->len -= n;
    memmove(e->in->octets, e->in->octets + n, e->in->len);
    return (ssize_t)n;
}

static int pull_timeout(gnutls_transport_ptr_t ctx, unsigned ms)
{
    (void)ms;
    return ((struct end *)ctx)->in->len > 0;
}

static gnutls_certificate_credentials_t credentials(bool server)
{
    gnutls_certificate_credentials_t c = NULL;

    CHECK(gnutls_certificate_allocate_credentials(&c) == GNUTLS_E_SUCCESS);
    if (server)
        CHECK(gnutls_certificate_set_x509_key_file(c, PKI_DIR "/good.chain.pem", PKI_DIR "/good.key",
                                                   GNUTLS_X509_FMT_PEM) == GNUTLS_E_SUCCESS);
    else
        CHECK(gnutls_certificate_set_x509_trust_file(c, PKI_DIR "/ca.pem", GNUTLS_X509_FMT_PEM) == 1);
    return c;
}

static void end_open(struct end *e, bool server, struct pipe *in, struct pipe *out, gnutls_certificate_credentials_t c)
{
    e->in = in;
    e->out = out;
    CHECK(gnutls_init(&e->session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK) == GNUTLS_E_SUCCESS);
    gnutls_set_default_priority(e->session);
    gnutls_credentials_set(e->session, GNUTLS_CRD_CERTIFICATE, c);
    gnutls_transport_set_ptr(e->session, e);
    gnutls_transport_set_push_function(e->session, push);
    gnutls_transport_set_pull_function(e->session, pull);
    gnutls_transport_set_pull_timeout_function(e->session, pull_timeout);
    if (!server)
        gnutls_session_set_verify_cert(e->session, "mail.example.test", 0);
}

static void use(void)
{
    gnutls_certificate_credentials_t c[2] = {credentials(false), credentials(true)};
    struct pipe *pipes = calloc(2, sizeof *pipes);
    struct end ends[2];
    unsigned lines = logged, times = asked;
    int done = 0;

    end_open(&ends[0], false, &pipes[0], &pipes[1], c[0]);
    end_open(&ends[1], true, &pipes[1], &pipes[0], c[1]);
    for (int i = 0, ok[2] = {0}; i < 40 && done != 2; i++) {
        ok[i % 2] = ok[i % 2] || gnutls_handshake(ends[i % 2].session) == GNUTLS_E_SUCCESS;
        done = ok[0] + ok[1];
    }
    CHECK(done == 2);
    CHECK(logged > lines); /* its log and its clock are the program's still */
    CHECK(asked > times);
    for (int i = 0; i < 2; i++) {
        gnutls_deinit(ends[i].session);
        gnutls_certificate_free_credentials(c[i]);
    }
    free(pipes);
}

static void close(void)
{
    settled();
    gnutls_global_set_log_level(0);
    gnutls_global_deinit();
}

const struct host_library host_gnutls = {"GnuTLS", open, use, settled, close};
