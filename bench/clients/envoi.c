/* SPDX-License-Identifier: MIT */
/* Sends by envoi: mode "lone" sends one message after another, "queued" gives a batch of them at a time to send_all,
 * "renewed" makes new message objects for each batch. "pool" gives all messages to a pool as it is by default.
 * "idle" sends each over a session of its own, and ends while all of them are still connected. */
#include "client.h"

#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 100

static void check(int rc, const char *what)
{
    if (rc == ENVOI_OK)
        return;
    fprintf(stderr, "envoi: %s: %s\n", what, envoi_error_text(rc));
    exit(1);
}

static int pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    *len = client_pull(ctx, buf, cap);
    return ENVOI_OK;
}

static int start_again(void *ctx)
{
    client_rewind(ctx);
    return ENVOI_OK;
}

/* Makes a message, or makes another one of it. `stream`: the message's own. Those of a queue cannot share one, as they
 * are prepared while others are sent. */
static struct envoi_message *make(struct job *job, struct envoi_message *m, FILE *stream)
{
    check(m ? envoi_message_reset(m, CLIENT_SENDER) : envoi_message_new(CLIENT_SENDER, &m), "message");
    for (unsigned i = 0; i < job->recipients; i++)
        check(envoi_message_add_recipient(m, client_recipient(i)), "recipient");
    if (job->content) {
        check(envoi_message_set_data(m, job->content, job->len), "content");
    } else if (strcmp(job->source, "file") == 0) {
        rewind(stream);
        check(envoi_message_set_file(m, stream), "content");
    } else {
        rewind(job->stream);
        check(envoi_message_set_callback(m, pull, start_again, job, (int64_t)job->len), "content");
    }
    if (job->canonical)
        check(envoi_message_set_canonical(m, 1), "canonical");
    return m;
}

static struct envoi_library *make_library(const struct job *job)
{
    struct envoi_library *library = NULL;
    char text[4096];

    check(envoi_library_new(&library), "library");
    if (job->plugins) {
        snprintf(text, sizeof text, "%s/plugins", job->plugins);
        check(envoi_library_set_module_directory(library, text), "plugins");
        snprintf(text, sizeof text, "%s/plugins.d", job->plugins);
        check(envoi_library_set_descriptor_directories(library, text, NULL, NULL), "plugins.d");
    }
    if (job->ca) {
        if (strcmp(job->ca, "system") != 0) /* or as SSL_CERT_FILE says */
            check(envoi_library_set_ca_file(library, job->ca), "CA file");
        check(envoi_library_set_tls_backend(library, job->backend), "backend");
    }
    return library;
}

static struct envoi_session *make_session(const struct job *job, struct envoi_library *library)
{
    struct envoi_session *session = NULL;
    char text[4096];
    int rc;

    check(envoi_session_new(library, &session), "session");
    check(envoi_session_set_tls(session, job->ca ? ENVOI_TLS_REQUIRED : ENVOI_TLS_OFF), "TLS");
    check(envoi_session_set_helo_name(session, "client.example.org"), "name");
    if (job->data)
        check(envoi_session_set_chunking(session, 0, 0), "DATA");
    snprintf(text, sizeof text, "%s:%u", job->host, job->port);
    rc = envoi_session_connect(session, text);
    if (rc == ENVOI_OK && job->ca)
        rc = envoi_session_starttls(session);
    if (rc == ENVOI_OK)
        rc = envoi_session_ehlo_or_helo_if_needed(session);
    if (rc)
        fprintf(stderr, "envoi: %s\n", envoi_session_error(session));
    check(rc, "connect");
    return session;
}

static unsigned send_lone(struct job *job, struct envoi_session *session)
{
    struct envoi_message *m = NULL;
    unsigned sent = 0;

    for (unsigned i = 0; i < job->count; i++) {
        m = make(job, m, job->stream);
        envoi_session_send(session, m);
        sent += envoi_message_result(m) == ENVOI_RESULT_SENT;
    }
    envoi_message_free(m);
    return sent;
}

static FILE *own_stream(const struct job *job)
{
    FILE *stream = job->content ? NULL : fopen(job->file, "rb");

    if (!job->content && (!stream || strcmp(job->source, "file") != 0)) {
        fputs("envoi: a queue is sent from memory or file\n", stderr);
        exit(1);
    }
    return stream;
}

static unsigned send_queued(struct job *job, struct envoi_session *session)
{
    struct envoi_message *batch[BATCH_MAX] = {NULL};
    FILE *streams[BATCH_MAX];
    unsigned sent = 0;

    for (unsigned done = 0; done < job->count;) {
        size_t n = 0;

        for (; n < BATCH_MAX && n < job->batch && done < job->count; done++, n++) {
            streams[n] = own_stream(job);
            batch[n] = make(job, batch[n], streams[n]);
        }
        envoi_session_send_all(session, batch, n);
        for (size_t i = 0; i < n; i++) {
            sent += envoi_message_result(batch[i]) == ENVOI_RESULT_SENT;
            if (streams[i])
                fclose(streams[i]);
            if (strcmp(job->mode, "renewed") == 0) {
                envoi_message_free(batch[i]);
                batch[i] = NULL;
            }
        }
    }
    for (size_t i = 0; i < BATCH_MAX; i++)
        envoi_message_free(batch[i]);
    return sent;
}

/* None of the messages is kept: the memory at the end is that of the sessions. */
static int send_idle(struct job *job, struct envoi_library *library)
{
    struct envoi_session **sessions = calloc(job->count, sizeof(struct envoi_session *));
    unsigned sent = 0;
    int rc;

    client_begin(job);
    for (unsigned i = 0; sessions && i < job->count; i++) {
        struct envoi_message *m = make(job, NULL, job->stream);

        sessions[i] = make_session(job, library);
        sent += envoi_session_send(sessions[i], m) == ENVOI_OK;
        envoi_message_free(m);
    }
    rc = client_end(job, sent);
    for (unsigned i = 0; sessions && i < job->count; i++)
        envoi_session_free(sessions[i]);
    free(sessions);
    envoi_library_free(library);
    return rc;
}

static void count_sent(void *ctx, struct envoi_message *message, int result, const char *error)
{
    unsigned *sent = ctx;

    (void)error;
    *sent += !result;
    envoi_message_free(message);
}

/* Connects by itself, so that its connections are counted, too. */
static int send_pool(struct job *job, struct envoi_library *library)
{
    struct envoi_session *settings = NULL;
    struct envoi_pool *pool = NULL;
    unsigned sent = 0;
    size_t route;
    char server[300];
    int rc;

    check(envoi_session_new(library, &settings), "session");
    check(envoi_session_set_tls(settings, job->ca ? ENVOI_TLS_REQUIRED : ENVOI_TLS_OFF), "TLS");
    check(envoi_session_set_helo_name(settings, "client.example.org"), "name");
    snprintf(server, sizeof server, "%s:%u", job->host, job->port);
    check(envoi_pool_new(library, &pool), "pool");
    check(envoi_pool_set_limit(pool, ENVOI_POOL_QUEUE, job->count), "queue");
    check(envoi_pool_add_route(pool, settings, server, &route), "route");
    client_begin(job);
    for (unsigned i = 0; i < job->count; i++)
        check(envoi_pool_submit(pool, route, make(job, NULL, job->stream), count_sent, &sent), "submit");
    check(envoi_pool_run(pool), "pool");
    rc = client_end(job, sent);
    envoi_pool_free(pool);
    envoi_session_free(settings);
    envoi_library_free(library);
    return rc;
}

int main(int argc, char **argv)
{
    struct envoi_library *library;
    struct envoi_session *session;
    struct job job;
    unsigned sent;
    int rc;

    client_init(&job, argc, argv);
    library = make_library(&job);
    if (strcmp(job.mode, "idle") == 0)
        return send_idle(&job, library);
    if (strcmp(job.mode, "pool") == 0)
        return send_pool(&job, library);
    session = make_session(&job, library);
    client_begin(&job);
    sent = strcmp(job.mode, "queued") == 0 || strcmp(job.mode, "renewed") == 0 ? send_queued(&job, session)
                                                                               : send_lone(&job, session);
    rc = client_end(&job, sent);
    if (rc)
        fprintf(stderr, "envoi: %s\n", envoi_session_error(session));
    envoi_session_quit(session);
    envoi_session_free(session);
    envoi_library_free(library);
    return rc;
}
