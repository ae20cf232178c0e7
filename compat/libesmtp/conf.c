/* SPDX-License-Identifier: MIT */
#include "conf.h"

#include "base/ini_guard.h"
#include "error.h"
#include "text.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONF_MAX  (1u << 20)
#define LINE_MOST 1000
#define BLANKS    " \t"

struct conf {
    struct ini_guard guard;
    const char *host;
    bool allowed;
    bool unknown; /* a key that there is none of */
};

/* ---- the file ---- */

/* Why a file must not be trusted; NULL: it may be. */
static const char *conf_fault(const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return "it is no regular file";
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return "it is owned neither by root nor by the caller";
    return st->st_mode & (S_IWGRP | S_IWOTH) ? "others may write to it" : NULL;
}

static int conf_read_all(int fd, struct text *text)
{
    char block[4096];
    ssize_t n;

    while ((n = read(fd, block, sizeof block)) > 0 && text->len < CONF_MAX)
        text_add(text, block, (size_t)n);
    if (n > 0)
        errno = EFBIG;
    if (text->failed)
        errno = ENOMEM;
    return n == 0 && !text->failed ? 1 : 0;
}

static int conf_read(const char *path, struct text *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *fault;
    struct stat st;
    int done;

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 1 : error_set_text(ENVOI_E_SYSTEM, "%s: %m", path);
    if (fstat(fd, &st) < 0) {
        (void)close(fd);
        return error_set_text(ENVOI_E_SYSTEM, "%s: %m", path);
    }
    if ((fault = conf_fault(&st))) {
        (void)close(fd);
        return error_set_text(ENVOI_E_USAGE, "%s: %s", path, fault);
    }
    done = conf_read_all(fd, text);
    if (!done)
        error_set_text(ENVOI_E_SYSTEM, "%s: %m", path);
    (void)close(fd);
    return done;
}

/* ---- its lines ---- */

static bool conf_has_word(const char *list, const char *word)
{
    for (list += strspn(list, BLANKS); *list; list += strspn(list, BLANKS)) {
        size_t len = strcspn(list, BLANKS);

        if (len == strlen(word) && !strncasecmp(list, word, len))
            return true;
        list += len;
    }
    return false;
}

/* The handler of ini_parse_stream(). */
static int conf_take_pair(void *user, const char *section, const char *name, const char *value)
{
    struct conf *c = user;

    if (!strcmp(name, "login-in-clear")) {
        c->allowed = c->allowed || conf_has_word(value, c->host);
        return 1;
    }
    c->unknown = c->guard.stop = true;
    return 1;
}

/* The reader of ini_parse_stream(), whose handler wants the struct conf and not the guard alone. */
static char *conf_next_line(char *str, int num, void *stream)
{
    struct conf *c = stream;

    return ini_guard_next(str, num, &c->guard);
}

int conf_allows_clear(const char *path, const char *host, bool *allowed)
{
    struct conf c = {.host = host};
    struct text text = {0};
    int done = 0;

    *allowed = false;
    if (!conf_read(path, &text)) {
        text_free(&text);
        return 0;
    }
    ini_guard_begin(&c.guard, text.data ? text.data : "", text.len);
    c.guard.line_max = LINE_MOST;
    c.guard.form = "the line is not `key: value`";
    (void)ini_parse_stream(conf_next_line, &c, conf_take_pair, &c);
    if (c.guard.fault)
        error_set_text(ENVOI_E_USAGE, "%s:%u: %s", path, c.guard.line, c.guard.fault);
    else if (c.unknown)
        error_set_text(ENVOI_E_USAGE, "%s:%u: the only key is login-in-clear", path, c.guard.line);
    else
        done = 1;
    *allowed = done && c.allowed;
    text_free(&text);
    return done;
}
