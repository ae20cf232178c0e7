/* SPDX-License-Identifier: MIT */
/* A strict reader in front of inih, which accepts too much: it cuts a long line, takes an indented one for a
 * continuation of the last value, and ends a value at " ;". For descriptors (core/plugin) and for accounts.conf
 * (accounts/); it needs base/utf8 and nothing else, so that it can be compiled into both. */
#ifndef BASE_INI_GUARD_H
#define BASE_INI_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* inih cuts the name of a section behind 49 octets, and that of a key. */
#define INI_GUARD_NAME_MAX 48

struct ini_guard {
    const char *at, *end; /* the text that was not read yet */
    size_t line_max;      /* longer lines are refused */
    const char *form;     /* how a line must be, for the fault: "`key: value`" */
    bool equals;          /* `key = value` too, and lines with [section] */
    bool stop;            /* set by the caller: no further line is read */
    unsigned line;        /* the number of the line that was read last */
    const char *fault;    /* why that line cannot be used; then the text ended there. NULL: it can */
    const char *rest;     /* of a line that is longer than inih's buffer, the part that was not handed over yet */
    size_t rest_len;
    bool continues; /* the pair that inih tells now is such a part: more of the last value */
};

/* The caller sets the rest: line_max, form and equals. A byte order mark, with which some editors begin a UTF-8 file,
 * is passed over. text need not end with NUL, and must outlive the guard. */
void ini_guard_begin(struct ini_guard *g, const char *text, size_t len);
/* The reader for ini_parse_stream(); `stream` is the guard. It works like fgets(). A line that does not fit into inih's
 * buffer is handed over in parts: the further ones are indented, which inih takes for continuations. NULL ends the
 * parse. */
char *ini_guard_next(char *str, int num, void *stream);

#endif
