/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *what, const char *which)
{
    fprintf(stderr, "queue: %s: %s\n", which, what);
    exit(2);
}

void need(int rc, const char *what)
{
    if (rc != ENVOI_OK)
        fail(envoi_error_name(rc), what);
}

char *copy_of(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        fail(strerror(ENOMEM), text);
    return copy;
}

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "rbe");

    if (!file)
        fail(strerror(errno), path);
    return file;
}

char *first_line(const char *path)
{
    char line[256] = "";
    FILE *file = open_file(path);

    if (!fgets(line, sizeof line, file))
        fail("no line in it", path);
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    return copy_of(line);
}

/* ---- messages ---- */

static int from_memory(struct letter *letter, FILE *file)
{
    size_t len;
    long size;

    if (fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
        return ENVOI_E_CONTENT;
    rewind(file);
    if (!(letter->content = malloc((size_t)size + 1)))
        return ENVOI_E_MEMORY;
    len = fread(letter->content, 1, (size_t)size, file);
    return envoi_message_set_data(letter->message, letter->content, len);
}

static int from_stream(struct letter *letter, FILE *file)
{
    return envoi_message_set_file(letter->message, file);
}

static int from_descriptor(struct letter *letter, FILE *file)
{
    return envoi_message_set_fd(letter->message, fileno(file));
}

static int pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    FILE *file = ctx;

    *len = fread(buf, 1, cap, file);
    return ferror(file) ? ENVOI_E_CONTENT : ENVOI_OK;
}

static int from_callback(struct letter *letter, FILE *file)
{
    return envoi_message_set_callback(letter->message, pull, NULL, file, -1);
}

static const struct source {
    const char *name;
    int (*set)(struct letter *letter, FILE *file);
} sources[] = {
    {"memory", from_memory},
    {"stream", from_stream},
    {"descriptor", from_descriptor},
    {"callback", from_callback},
};

static const struct source *find_source(const char *name)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strcmp(sources[i].name, name) == 0)
            return &sources[i];
    fail("no such source", name);
}

void letter_make(struct letter *letter, unsigned long number, char **words, size_t count)
{
    const struct source *source;

    *letter = (struct letter){.number = number};
    if (count < 5)
        fail("needs a sender, a source, a file and recipients", "message");
    source = find_source(words[2]);
    letter->file = open_file(words[3]);
    need(envoi_message_new(words[1], &letter->message), words[1]);
    need(source->set(letter, letter->file), words[3]);
    for (size_t i = 4; i < count; i++)
        need(envoi_message_add_recipient(letter->message, words[i]), words[i]);
}

void letter_free(struct letter *letter)
{
    envoi_message_free(letter->message);
    fclose(letter->file);
    free(letter->content);
    *letter = (struct letter){0};
}

void letter_print(const struct letter *letter)
{
    const struct envoi_message *message = letter->message;

    for (size_t i = 0; i < envoi_message_recipients(message); i++)
        printf("verdict\t%lu\t%s\t%s\t%d\t%s\n", letter->number, envoi_message_recipient(message, i),
               envoi_verdict_name(envoi_message_verdict(message, i)), envoi_message_verdict_code(message, i),
               envoi_message_verdict_enhanced(message, i));
}

/* ---- settings ---- */

static void tell(void *ctx, int kind, const char *text, size_t len)
{
    (void)ctx;
    printf("trace\t%s\t%.*s\n",
           kind == ENVOI_TRACE_SENT       ? "sent"
           : kind == ENVOI_TRACE_RECEIVED ? "received"
                                          : "info",
           (int)len, text);
}

void settings_login(struct settings *settings, const char *user, const char *password_file, const char *mechanism)
{
    free(settings->user);
    free(settings->password);
    free(settings->mechanism);
    settings->user = user ? copy_of(user) : NULL;
    settings->password = password_file ? first_line(password_file) : NULL;
    settings->mechanism = copy_of(mechanism);
}

struct envoi_session *settings_apply(const struct settings *settings, struct envoi_library *library)
{
    struct envoi_session *session = NULL;

    need(envoi_session_new(library, &session), "session");
    /* What a setter refuses comes back from connect. */
    envoi_session_set_lmtp(session, settings->lmtp);
    envoi_session_set_helo_name(session, "client.test");
    envoi_session_set_tls(session, settings->tls);
    if (settings->backend)
        envoi_session_set_tls_backend(session, settings->backend);
    if (settings->user)
        envoi_session_set_password(session, settings->user, settings->password);
    if (settings->mechanism)
        envoi_session_set_mechanisms(session, settings->mechanism);
    if (settings->chunk >= 0)
        envoi_session_set_chunking(session, (size_t)settings->chunk, settings->chunk_waits);
    envoi_session_set_timeout(session, ENVOI_PHASE_NONE, 30000);
    if (settings->auth_timeout)
        envoi_session_set_timeout(session, ENVOI_PHASE_AUTH, settings->auth_timeout);
    envoi_session_allow_blocking_mechanisms(session, settings->blocking);
    envoi_session_set_trace(session, settings->trace, tell, NULL);
    return session;
}

void settings_free(struct settings *settings)
{
    free(settings->server);
    free(settings->backend);
    free(settings->user);
    free(settings->password);
    free(settings->mechanism);
}
