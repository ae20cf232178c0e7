/* SPDX-License-Identifier: MIT */
/* Sends by libESMTP: it takes all messages of a session at once. */
#include "client.h"

#include <openssl/ssl.h> /* first: libesmtp.h looks whether it is there */

#include <libesmtp.h>
#include <signal.h>
#include <stdlib.h>

#define BLOCK 65536

/* Where one message stands. The stream is shared: libESMTP sends one after the other, and rewinds each. */
struct source {
    struct job *job;
    char block[BLOCK];
};

static const char *give(void **context, int *len, void *ctx)
{
    struct source *source = ctx;

    (void)context;
    if (!len) {
        client_rewind(source->job);
        return NULL;
    }
    *len = (int)client_pull(source->job, source->block, sizeof source->block);
    return *len ? source->block : NULL;
}

static void count_accepted(smtp_message_t message, void *ctx)
{
    unsigned *sent = ctx;

    *sent += smtp_message_transfer_status(message)->code == 250;
}

static void add_message(smtp_session_t session, struct source *source)
{
    smtp_message_t message = smtp_add_message(session);

    smtp_set_reverse_path(message, CLIENT_SENDER);
    smtp_set_messagecb(message, give, source);
    for (unsigned i = 0; i < source->job->recipients; i++)
        smtp_add_recipient(message, client_recipient(i));
}

static int use_tls(smtp_session_t session, const char *ca)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx || SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1)
        return 0;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return smtp_starttls_enable(session, Starttls_REQUIRED) && smtp_starttls_set_ctx(session, ctx);
}

int main(int argc, char **argv)
{
    static struct source source;
    smtp_session_t session;
    struct job job;
    char server[512];
    unsigned sent = 0;
    int rc;

    client_init(&job, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    source.job = &job;
    session = smtp_create_session();
    snprintf(server, sizeof server, "%s:%u", job.host, job.port);
    smtp_set_server(session, server);
    smtp_set_hostname(session, "client.example.org");
    if (job.ca && !use_tls(session, job.ca))
        fprintf(stderr, "libESMTP: no TLS\n");
    client_begin(&job);
    for (unsigned i = 0; i < job.count; i++)
        add_message(session, &source);
    if (!smtp_start_session(session)) {
        char text[256];

        fprintf(stderr, "libESMTP: %s\n", smtp_strerror(smtp_errno(), text, sizeof text));
    }
    smtp_enumerate_messages(session, count_accepted, &sent);
    rc = client_end(&job, sent);
    smtp_destroy_session(session);
    return rc;
}
