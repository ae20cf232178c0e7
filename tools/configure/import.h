/* SPDX-License-Identifier: MIT */
/* The settings of other programs, as accounts. Each program is a dialect: a reader, and a table of its settings. */
#ifndef CONFIGURE_IMPORT_H
#define CONFIGURE_IMPORT_H

#include "accounts/values.h"
#include <stddef.h>
#include <stdio.h>

struct fault;
struct secret;

#define IMPORT_ACCOUNTS_MAX 100
#define IMPORT_TEXT_MAX     ((size_t)256 * 1024)

/* What a setting is about. */
enum import_field {
    IMPORT_NONE, /* it is not carried over */
    IMPORT_HOST,
    IMPORT_PORT,
    IMPORT_SOCKET,
    IMPORT_LMTP,
    IMPORT_TLS,
    IMPORT_STARTTLS,
    IMPORT_CHECK, /* of the certificate */
    IMPORT_AUTH,
    IMPORT_USER,
    IMPORT_PASSWORD,
    IMPORT_PASSWORD_COMMAND,
    IMPORT_FROM,
    IMPORT_HELO,
    IMPORT_TIMEOUT,
    IMPORT_SOURCE,
    IMPORT_CA,
    IMPORT_CERT,
    IMPORT_KEY,
    IMPORT_PASSPHRASE,
    IMPORT_TLS_NAME,
    IMPORT_NOTIFY,
    IMPORT_RET,
    IMPORT_DOMAIN,
    IMPORT_LOCAL,
    IMPORT_ALIASES,
    IMPORT_FROM_HEADER,
    IMPORT_OVERRIDE,
    IMPORT_LOG,
    IMPORT_FIELDS
};

/* One setting of a dialect. */
struct import_rule {
    const char *name;
    enum import_field field;
    const char *why; /* with IMPORT_NONE: why it is not carried over; NULL: nothing is lost, and nothing is said */
};

/* An account as the other program has it: texts of the file, each with its line. */
struct import_old {
    char name[128];
    int line;
    const char *text[IMPORT_FIELDS]; /* NULL: not set */
    int lines[IMPORT_FIELDS];
};

/* An account as accounts.conf will have it. */
struct import_account {
    char name[128];
    struct values values;
    const char *password; /* is to be stored; NULL: there is none in the file */
};

struct imported {
    struct import_account list[IMPORT_ACCOUNTS_MAX];
    size_t count;
    char chosen[128]; /* the name of the default account; "": none is */
    /* of the reading */
    const char *path;
    FILE *notes; /* takes a line for each setting that is not carried over */
    char *text;  /* the file; is wiped at the end */
    size_t len;
    struct import_old old[IMPORT_ACCOUNTS_MAX], defaults;
    size_t old_count;
};

struct import_dialect {
    const char *name;                /* for --import */
    const char *const *places;       /* where its file is, "~/" for the home directory; NULL: a program is asked */
    const char *port;                /* if there is none */
    const char *named;               /* the name of its account, if accounts have none */
    int ignores_case;                /* of the names of settings */
    int (*read)(struct imported *i); /* 0, or -1: too many accounts */
    /* The value of `tls`, or NULL with a note. */
    const char *(*tls)(const struct import_old *old);
    int (*logs_in)(const struct import_old *old);
    const char *keyless;             /* the key for a login without a password in the file; NULL: it is asked for */
    const struct import_rule *rules; /* ends with a row without a name */
};

extern const struct import_dialect import_msmtp, import_ssmtp, import_esmtp, import_git;

/* The dialect of a name; NULL: there is none. */
const struct import_dialect *import_dialect_of(const char *name);
/* Makes accounts of a text, which may hold anything. `path` is for notes. *out, which is large, is freed by
 * import_free(), after a failure too. Returns 0, or the exit code with *fault filled. */
int import_text(const struct import_dialect *dialect, const char *path, const char *text, size_t len, FILE *notes,
                struct imported *out, struct fault *fault);
/* The same with the dialect's own file, or with `path` if it is not NULL. */
int import_file(const struct import_dialect *dialect, const char *path, FILE *notes, struct imported *out,
                struct fault *fault);
void import_free(struct imported *imported);

/* Asks git for its settings, all of them or those of a file. Returns as above. */
int import_git_read(const char *path, struct secret *output, struct fault *fault);

/* ---- for dialects ---- */

/* The next line of *rest, without its end and blanks around it; NULL: there is none. It is cut out in place. */
char *import_line(char **rest);
/* Removes blanks at both ends, in place. */
char *import_trim(char *text);
/* Begins an account, as a copy of *like. Returns NULL if there are too many. */
struct import_old *import_begin(struct imported *i, int line, const char *name, const struct import_old *like);
/* The account of that name; NULL: there is none. */
struct import_old *import_find(struct imported *i, const char *name);
/* Sets what `name` says in *old. */
void import_set(struct imported *i, const struct import_dialect *dialect, struct import_old *old, int line,
                const char *name, const char *value);
/* A note. `name`: of the setting, never its value. */
void import_note(struct imported *i, int line, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Does it mean yes: yes, on, true, 1, enabled, or nothing at all? */
int import_yes(const char *text);

#endif
