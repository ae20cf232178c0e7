/* SPDX-License-Identifier: MIT */
/* The keys of an account, and those of [worker]: one table. A key is a long option of `envoi send`, or belongs to
 * accounts.conf alone. The programs make their options from the same rows. */
#ifndef ACCOUNTS_VOCABULARY_H
#define ACCOUNTS_VOCABULARY_H

#include "accounts/fault.h"
#include <stdint.h>

enum key {
    KEY_HOST,
    KEY_PORT,
    KEY_LMTP,
    KEY_HELO,
    KEY_SOURCE,
    KEY_TLS,
    KEY_TLS_BACKEND,
    KEY_TLS_NAME,
    KEY_CA,
    KEY_PIN,
    KEY_TRUST,
    KEY_CERT,
    KEY_KEY,
    KEY_PASSPHRASE_FILE,
    KEY_TIMEOUT,
    KEY_WITHOUT,
    KEY_USER,
    KEY_PASSWORD_FILE,
    KEY_PASSWORD_COMMAND,
    KEY_PASSWORD_CREDENTIAL,
    KEY_PASSWORD_GIT,
    KEY_PASSWORD_KEYRING,
    KEY_TOKEN_FILE,
    KEY_TOKEN_COMMAND,
    KEY_MECHANISM,
    KEY_ALLOW_CLEARTEXT_AUTH,
    KEY_FROM,
    KEY_MAIL_OPTIONS,
    KEY_RCPT_OPTIONS,
    KEY_DROP_OPTIONS,
    KEY_REQUIRE_ALL,
    KEY_LIKE,
    KEY_LOCK,
    KEY_DEFAULT,
    KEY_INCLUDE,
    KEY_DOMAIN,
    KEY_LOCAL,
    KEY_ALIASES,
    KEY_REWRITE,
    KEY_FROM_HEADER,
    KEY_SENDER_OVERRIDE,
    KEY_QUEUE,
    KEY_LOG,
    KEY_CONNECTIONS,
    KEY_MESSAGE_RATE,
    KEY_RECIPIENT_RATE,
    KEY_CONNECTION_RATE,
    KEY_BROKER,
    KEY_BROKER_USER,
    KEY_BROKER_PASSWORD_FILE,
    KEY_BROKER_PASSWORD_COMMAND,
    KEY_BROKER_CREDENTIAL,
    KEY_BROKER_CA,
    KEY_BROKER_CERT,
    KEY_BROKER_KEY,
    KEY_BROKER_WAIT,
    KEY_PREFIX,
    KEY_PREFETCH,
    KEY_DELAYS,
    KEY_DELIVERY_LIMIT,
    KEY_MAX_AGE,
    KEY_UNKNOWN,
    KEY_REDELIVERED,
    KEY_CONTENT_ROOT,
    KEY_METRICS,
    KEY_GRACE,
    KEY_LOGIN_RETRY,
    KEY_COUNT
};

enum kind {
    KIND_TEXT,
    KIND_COMMAND,  /* for /bin/sh; the only kind that may have " #" in it */
    KIND_PATH,     /* in a file: "~/" is the home directory, a relative one is relative to the directory of that file */
    KIND_LIST,     /* several: with commas between them in a file, or an option that is repeated */
    KIND_PATTERNS, /* a list in a file; the last one given as an option counts */
    KIND_FLAG,     /* yes or no in a file; an option without an argument */
    KIND_TLS,      /* one of the words of vocabulary_tls() */
    KIND_NUMBER,   /* from 1 to 65535 */
    KIND_SECONDS,
    KIND_CHOICE,    /* one of the words that `wants` lists */
    KIND_DURATION,  /* such as 90s, 15m, 6h or 4d */
    KIND_DURATIONS, /* a list of them; each is longer than the one before it */
    KIND_BROKER,    /* broker_url.h */
    KIND_RATE,      /* so many in a time, such as 30/1m; see vocabulary_rate() */
};

/* Who understands a key. */
enum key_group {
    GROUP_CONNECTION = 1,
    GROUP_LOGIN = 2,
    GROUP_ENVELOPE = 4,
    GROUP_FILE = 8,    /* accounts.conf itself: no option */
    GROUP_FACE = 16,   /* the program that is called as sendmail: no option */
    GROUP_WORKER = 32, /* envoi-worker: no option */
    GROUP_POOL = 64,   /* who sends over several connections, which is envoi-worker: no option */
};

/* Where in a file a key may stand: one or more of these. */
enum place {
    PLACE_TOP = 1,     /* before the first section */
    PLACE_ACCOUNT = 2, /* in the section of an account. A key that stands there alone is not passed on by `like` */
    PLACE_WORKER = 4,  /* in the section [worker] */
    PLACE_ANY = PLACE_TOP | PLACE_ACCOUNT, /* before the first section it holds for all accounts of its file */
};

struct word {
    const char *name;
    enum kind kind;
    enum key_group group;
    unsigned place;       /* PLACE_* */
    const char *since;    /* the first version that understands it */
    const char *argument; /* how --help names it; NULL: the option takes none */
    const char *help;     /* NULL: this version does not have it */
    const char *wants; /* the value that it takes, for errors where the library says only that it is wrong; or NULL */
    /* A value is taken from below (the account under the options, or the account that `like` names) only if nothing
     * above has one of the same slot; KEY_COUNT: the slot is the key itself. `with`: nor if there is a value of that
     * key above, because both belong together; KEY_COUNT: none. */
    enum key slot, with;
};

const struct word *vocabulary_word(enum key key);
/* KEY_COUNT if there is no such key. */
enum key vocabulary_key(const char *name);
/* The key whose name is nearest to a wrong one, such as "hots", of those that may stand there; KEY_COUNT if none is
 * near. */
enum key vocabulary_nearest(const char *name, unsigned where);
/* Does this version understand the key? */
int vocabulary_is_known(enum key key);
/* Returns NULL, or why the value cannot be: the end of a sentence, "it is a number from 1 to 65535". */
const char *vocabulary_fault(enum key key, const char *value);

/* Returns `room`, with a value in quotes for an error text. Of a URL that might hold a password the front is left out.
 */
const char *vocabulary_quote(enum key key, const char *value, char room[TEXT_QUOTED]);

/* Return the meaning of a value without a fault: an ENVOI_TLS_* (ENVOI_TLS_DEFAULT for NULL); 0 for NULL or "no", else
 * 1; milliseconds, 0 for NULL; a KIND_NUMBER. */
int vocabulary_tls(const char *value);
int vocabulary_flag(const char *value);
int64_t vocabulary_milliseconds(const char *value);
int64_t vocabulary_number(const char *value);
/* Of a KIND_DURATION: milliseconds. */
int64_t vocabulary_duration(const char *value);

/* As envoi_pool_set_rate() takes it. */
struct rate {
    int64_t count, period_ms, burst;
};
/* Of a KIND_RATE. No time of that length has more than the number, wherever it begins: what is not in the burst is
 * spread over it. */
void vocabulary_rate(const char *value, struct rate *rate);

#endif
