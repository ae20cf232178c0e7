/* SPDX-License-Identifier: MIT */
/* A dialogue: an application's calls, the client's commands and the server's replies, as a file for people to write.
 * README.md beside this file is the manual of the format. */
#ifndef DIALOGUE_SCRIPT_H
#define DIALOGUE_SCRIPT_H

#include "../support/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* A line of the file, in two parts: its first word, and the rest. */
struct script_line {
    int number;
    char *word;
    char *rest; /* without the blank before it; "" if none */
};

/* A step: a line that begins in the first column, and the indented lines below it. */
struct script_step {
    struct script_line line;
    struct script_line *more;
    size_t more_count;
};

struct script {
    char *path;
    struct script_step *steps;
    size_t count;
    struct bytes title;  /* the first comment */
    struct bytes faults; /* the rows of "# faults: ...", as written */
    struct bytes error;  /* why reading failed */
};

/* False when the file cannot be read; script->error says why. To be freed in either case. */
bool script_read(struct script *script, const char *path);
void script_free(struct script *script);

/* The next argument of a line: a word, or "octets with \r \n \t \0 \\ \" \xHH", perhaps followed by `* N` for N times.
 * Appended to out. Returns what follows; NULL: there is no further one, or (error set) it is malformed. */
const char *script_argument(const char *rest, struct bytes *out, const char **error);
/* "250ms", "10s", "5m" in milliseconds; -1: it is none. */
int64_t script_duration(const char *text);
/* A number of digits alone; -1: it is none. */
int64_t script_number(const char *text);

#endif
