/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 8192

void source_begin(struct source *s, smtp_messagecb_t read, void *arg)
{
    *s = (struct source){.read = read, .arg = arg};
    (void)read(&s->ctx, NULL, arg);
}

void source_end(struct source *s)
{
    free(s->ctx);
    s->ctx = NULL;
}

/* A callback says by errno that it has failed. */
static bool source_fill(struct source *s)
{
    int len = 0;

    if (s->left || s->ended)
        return s->left > 0;
    errno = 0;
    s->at = s->read(&s->ctx, &len, s->arg);
    if (s->at && len > 0) {
        s->left = (size_t)len;
        return true;
    }
    s->error = errno;
    s->ended = true;
    return false;
}

int source_peek(struct source *s)
{
    return source_fill(s) ? (unsigned char)*s->at : -1;
}

static void source_take(struct source *s, size_t len)
{
    s->at += len;
    s->left -= len;
}

/* Adds the octets before the next line end, at most max. */
static size_t source_run(struct source *s, struct text *line, size_t max)
{
    size_t len = 0, most = s->left < max ? s->left : max;

    while (len < most && s->at[len] != '\r' && s->at[len] != '\n')
        len++;
    text_add(line, s->at, len);
    source_take(s, len);
    return len;
}

/* Takes CR LF, a bare CR or a bare LF. */
static void source_line_end(struct source *s)
{
    bool cr = *s->at == '\r';

    source_take(s, 1);
    if (cr && source_peek(s) == '\n')
        source_take(s, 1);
}

bool source_line(struct source *s, struct text *line, size_t max)
{
    if (!source_fill(s))
        return false;
    while (max && source_fill(s)) {
        max -= source_run(s, line, max);
        if (s->left && (*s->at == '\r' || *s->at == '\n')) {
            source_line_end(s);
            text_add(line, "\r\n", 2);
            return true;
        }
    }
    if (max)
        text_add(line, "\r\n", 2);
    return true;
}

bool source_block(struct source *s, struct text *out)
{
    if (!source_fill(s))
        return false;
    text_add(out, s->at, s->left);
    source_take(s, s->left);
    return true;
}

/* ---- the two callbacks that come with the library ---- */

const char *_smtp_message_fp_cb(void **ctx, int *len, void *arg)
{
    if (!*ctx && !(*ctx = malloc(BLOCK)))
        return NULL;
    if (!len) {
        rewind(arg);
        return NULL;
    }
    *len = (int)fread(*ctx, 1, BLOCK, arg);
    return *ctx;
}

const char *_smtp_message_str_cb(void **ctx, int *len, void *arg)
{
    bool *given = *ctx;

    if (!given && !(given = *ctx = calloc(1, sizeof *given)))
        return NULL;
    if (!len) {
        *given = false;
        return NULL;
    }
    *len = *given ? 0 : (int)strlen(arg);
    *given = true;
    return arg;
}
