/* SPDX-License-Identifier: MIT */
#include "accounts/vocabulary.h"

#include "accounts/broker_url.h"

#include <envoi/envoi.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST "0.1.0"

#define CONNECTION(kind) kind, GROUP_CONNECTION, PLACE_ANY, FIRST
#define LOGIN(kind)      kind, GROUP_LOGIN, PLACE_ANY, FIRST
#define ENVELOPE(kind)   kind, GROUP_ENVELOPE, PLACE_ANY, FIRST
#define POOL(kind)       kind, GROUP_POOL, PLACE_ANY, FIRST
#define FACE_ONLY(kind)  kind, GROUP_FACE, PLACE_ANY, FIRST
#define WORKER(kind)     kind, GROUP_WORKER, PLACE_WORKER, FIRST
#define ALONE            KEY_COUNT, KEY_COUNT
#define WITH(key)        KEY_COUNT, key
/* One secret, wherever it comes from. */
#define SECRET           KEY_PASSWORD_FILE, KEY_COUNT
#define BROKER_SECRET    KEY_BROKER_PASSWORD_FILE, KEY_COUNT

static const struct word words[KEY_COUNT] = {
    [KEY_HOST] = {"host", CONNECTION(KIND_LIST), "HOST", "the server: a name, an address, or /path of a unix socket",
                  NULL, ALONE},
    [KEY_PORT] = {"port", CONNECTION(KIND_NUMBER), "PORT", "default 587; 465 with --tls implicit; 24 with --lmtp", NULL,
                  WITH(KEY_HOST)},
    [KEY_LMTP] = {"lmtp", CONNECTION(KIND_FLAG), NULL, "speak LMTP", NULL, ALONE},
    [KEY_HELO] = {"helo", CONNECTION(KIND_TEXT), "NAME", "the name of this host after EHLO",
                  "a host name or an address in brackets", ALONE},
    [KEY_SOURCE] = {"source", CONNECTION(KIND_TEXT), "ADDRESS", "connect from this address of the machine",
                    "an IP address of this machine, such as 192.0.2.7 or [2001:db8::7]:2525", ALONE},
    [KEY_TLS] = {"tls", CONNECTION(KIND_TLS), "WORD", "off, opportunistic, required or implicit", NULL, ALONE},
    [KEY_TLS_BACKEND] = {"tls-backend", CONNECTION(KIND_TEXT), "ID", "the TLS plugin: openssl, gnutls ...",
                         "the id of a plugin that 'envoi plugins' lists", ALONE},
    [KEY_TLS_NAME] = {"tls-name", CONNECTION(KIND_TEXT), "NAME",
                      "the name that the certificate must carry, not --host's", "a host name or an address", ALONE},
    [KEY_CA] = {"ca", CONNECTION(KIND_PATH), "FILE", "trust these certificates (PEM) instead of the system's", NULL,
                ALONE},
    [KEY_PIN] = {"pin", CONNECTION(KIND_LIST), "SHA256", "the server's key must have this SHA-256; may be repeated",
                 "64 hexadecimal digits", ALONE},
    [KEY_TRUST] = {"trust", CONNECTION(KIND_TEXT), "WORD", "pin: a --pin is enough, whatever CA, name and dates",
                   "the word pin, and --pin beside it", ALONE},
    [KEY_CERT] = {"cert", CONNECTION(KIND_PATH), "FILE", "the client's certificate chain (PEM)", NULL, ALONE},
    [KEY_KEY] = {"key", CONNECTION(KIND_PATH), "FILE", "its key (PEM), if it is not in the same file", NULL,
                 WITH(KEY_CERT)},
    [KEY_PASSPHRASE_FILE] = {"passphrase-file", CONNECTION(KIND_PATH), "FILE", "holds the passphrase of the key", NULL,
                             WITH(KEY_CERT)},
    [KEY_TIMEOUT] = {"timeout", CONNECTION(KIND_SECONDS), "SECONDS", "the deadline of each phase", NULL, ALONE},
    [KEY_WITHOUT] = {"without", CONNECTION(KIND_TEXT), "LIST", "go on as if these extensions were not announced",
                     "keywords of EHLO with commas between them, such as CHUNKING,PIPELINING", ALONE},
    [KEY_USER] = {"user", LOGIN(KIND_TEXT), "NAME", "log in as NAME, or send nothing",
                  "a name, and a password or token, without control characters", ALONE},
    [KEY_PASSWORD_FILE] = {"password-file", LOGIN(KIND_PATH), "FILE", "holds the password", NULL, SECRET},
    [KEY_PASSWORD_COMMAND] = {"password-command", LOGIN(KIND_COMMAND), "COMMAND", "prints the password; run by /bin/sh",
                              NULL, SECRET},
    [KEY_PASSWORD_CREDENTIAL] = {"password-credential", LOGIN(KIND_TEXT), "ID",
                                 "the password is in this credential of systemd, or of a container", NULL, SECRET},
    [KEY_PASSWORD_GIT] = {"password-git", LOGIN(KIND_FLAG), NULL, "git credential knows the password", NULL, SECRET},
    [KEY_PASSWORD_KEYRING] = {"password-keyring", LOGIN(KIND_FLAG), NULL,
                              "the keyring knows the password; it is asked by secret-tool", NULL, SECRET},
    [KEY_TOKEN_FILE] = {"token-file", LOGIN(KIND_PATH), "FILE", "holds an OAuth 2.0 access token", NULL, SECRET},
    [KEY_TOKEN_COMMAND] = {"token-command", LOGIN(KIND_COMMAND), "COMMAND", "prints the token; run by /bin/sh", NULL,
                           SECRET},
    [KEY_MECHANISM] = {"mechanism", LOGIN(KIND_TEXT), "LIST", "which login mechanisms, in which order; !NAME forbids",
                       "names of mechanisms with blanks between them", ALONE},
    [KEY_ALLOW_CLEARTEXT_AUTH] = {"allow-cleartext-auth", KIND_FLAG, GROUP_LOGIN, PLACE_ACCOUNT | PLACE_WORKER, FIRST,
                                  NULL, "allow plaintext passwords without verified TLS", NULL, ALONE},
    [KEY_FROM] = {"from", ENVELOPE(KIND_PATTERNS), "ADDRESS", "the sender; '<>' is the null one", NULL, ALONE},
    [KEY_MAIL_OPTIONS] = {"mail-options", ENVELOPE(KIND_TEXT), "LIST", "parameters of MAIL, such as RET=HDRS", NULL,
                          ALONE},
    [KEY_RCPT_OPTIONS] = {"rcpt-options", ENVELOPE(KIND_TEXT), "LIST",
                          "parameters of each RCPT, such as NOTIFY=FAILURE", NULL, ALONE},
    [KEY_DROP_OPTIONS] = {"drop-options", ENVELOPE(KIND_FLAG), NULL,
                          "leave out parameters that the server does not announce", NULL, ALONE},
    [KEY_REQUIRE_ALL] = {"require-all", ENVELOPE(KIND_FLAG), NULL,
                         "send to all recipients or to none: no content goes out if one is refused", NULL, ALONE},
    [KEY_LIKE] = {"like", KIND_TEXT, GROUP_FILE, PLACE_ACCOUNT, FIRST, "NAME",
                  "what this account does not say is as in account NAME", NULL, ALONE},
    [KEY_LOCK] = {"lock", KIND_FLAG, GROUP_FILE, PLACE_ACCOUNT | PLACE_WORKER, FIRST, "yes",
                  "the users' files may have no section of this name", NULL, ALONE},
    [KEY_DEFAULT] = {"default", KIND_TEXT, GROUP_FILE, PLACE_TOP, FIRST, "NAME",
                     "the account if nothing else says which", NULL, ALONE},
    [KEY_INCLUDE] = {"include", KIND_PATH, GROUP_FILE, PLACE_TOP, FIRST, "FILE", "read this file too", NULL, ALONE},
    [KEY_DOMAIN] = {"domain", FACE_ONLY(KIND_TEXT), "NAME", "the domain of local names, such as root", NULL, ALONE},
    [KEY_LOCAL] = {"local", FACE_ONLY(KIND_TEXT), "ADDRESS", "who gets the mail of local users without an alias", NULL,
                   ALONE},
    [KEY_ALIASES] = {"aliases", FACE_ONLY(KIND_PATH), "FILE", "aliases of local users; default /etc/aliases", NULL,
                     ALONE},
    [KEY_REWRITE] = {"rewrite", FACE_ONLY(KIND_FLAG), "no", "local names in the header stay as they are", NULL, ALONE},
    [KEY_FROM_HEADER] = {"from-header", FACE_ONLY(KIND_CHOICE), "WORD", "auto, always or never: is From added or set?",
                         "it is one of auto, always, never", ALONE},
    [KEY_SENDER_OVERRIDE] = {"sender-override", FACE_ONLY(KIND_FLAG), "no", "-f does not count", NULL, ALONE},
    [KEY_QUEUE] = {"queue", FACE_ONLY(KIND_CHOICE), "amqp", "mail becomes a job of envoi-worker",
                   "it is one of amqp, no", ALONE},
    [KEY_LOG] =
        {"log", FACE_ONLY(KIND_CHOICE), "WORD", "the facility of syslog, or none; default mail",
         "it is one of mail, user, daemon, local0, local1, local2, local3, local4, local5, local6, local7, none",
         ALONE},
    [KEY_CONNECTIONS] = {"connections", POOL(KIND_NUMBER), "NUMBER", "how many are open at once; default 4", NULL,
                         ALONE},
    [KEY_MESSAGE_RATE] = {"message-rate", POOL(KIND_RATE), "N/TIME", "at most N messages in any TIME, such as 30/1m",
                          NULL, ALONE},
    [KEY_RECIPIENT_RATE] = {"recipient-rate", POOL(KIND_RATE), "N/TIME", "at most N recipients in any TIME", NULL,
                            ALONE},
    [KEY_CONNECTION_RATE] = {"connection-rate", POOL(KIND_RATE), "N/TIME", "at most N new connections in any TIME",
                             NULL, ALONE},
    [KEY_BROKER] = {"broker", WORKER(KIND_BROKER), "URL", "amqp[s]://HOST[:PORT][/VHOST]", NULL, ALONE},
    [KEY_BROKER_USER] = {"broker-user", WORKER(KIND_TEXT), "NAME", "the user of the broker; default guest", NULL,
                         ALONE},
    [KEY_BROKER_PASSWORD_FILE] = {"broker-password-file", WORKER(KIND_PATH), "FILE", "holds its password", NULL,
                                  BROKER_SECRET},
    [KEY_BROKER_PASSWORD_COMMAND] = {"broker-password-command", WORKER(KIND_COMMAND), "COMMAND",
                                     "prints its password; run by /bin/sh", NULL, BROKER_SECRET},
    [KEY_BROKER_CREDENTIAL] = {"broker-credential", WORKER(KIND_TEXT), "ID",
                               "its password is in this credential of systemd, or of a container", NULL, BROKER_SECRET},
    [KEY_BROKER_CA] = {"broker-ca", WORKER(KIND_PATH), "FILE",
                       "trust these certificates (PEM) for the broker, not the system's", NULL, ALONE},
    [KEY_BROKER_CERT] = {"broker-cert", WORKER(KIND_PATH), "FILE", "the worker's certificate chain (PEM)", NULL, ALONE},
    [KEY_BROKER_KEY] = {"broker-key", WORKER(KIND_PATH), "FILE", "its key (PEM), if it is not in the same file", NULL,
                        WITH(KEY_BROKER_CERT)},
    [KEY_BROKER_WAIT] = {"broker-wait", WORKER(KIND_DURATION), "TIME", "how long the first connection is tried", NULL,
                         ALONE},
    [KEY_PREFIX] = {"prefix", WORKER(KIND_TEXT), "NAME", "the names of exchanges and queues begin with it", NULL,
                    ALONE},
    [KEY_PREFETCH] = {"prefetch", WORKER(KIND_NUMBER), "NUMBER", "how many jobs are in work at once", NULL, ALONE},
    [KEY_DELAYS] = {"delays", WORKER(KIND_DURATIONS), "LIST", "how long a job waits before each further attempt", NULL,
                    ALONE},
    [KEY_DELIVERY_LIMIT] = {"delivery-limit", WORKER(KIND_NUMBER), "NUMBER",
                            "how often a job may come back before it is a dead letter", NULL, ALONE},
    [KEY_MAX_AGE] = {"max-age", WORKER(KIND_DURATION), "TIME", "a job that is older is not tried again", NULL, ALONE},
    [KEY_UNKNOWN] = {"unknown", WORKER(KIND_CHOICE), "WORD", "keep or retry: a job that may have been delivered",
                     "it is one of keep, retry", ALONE},
    [KEY_REDELIVERED] = {"redelivered", WORKER(KIND_CHOICE), "WORD",
                         "send or park: a job that the broker has delivered before", "it is one of send, park", ALONE},
    [KEY_CONTENT_ROOT] = {"content-root", WORKER(KIND_PATH), "FOLDER", "the files that jobs name are in it", NULL,
                          ALONE},
    [KEY_METRICS] = {"metrics", WORKER(KIND_TEXT), "WHERE", "ADDRESS:PORT, the path of a text file, or none", NULL,
                     ALONE},
    [KEY_GRACE] = {"grace", WORKER(KIND_DURATION), "TIME", "how long a worker that is told to end goes on sending",
                   NULL, ALONE},
    [KEY_LOGIN_RETRY] = {"login-retry", WORKER(KIND_DURATION), "TIME", "when a refused login is tried again", NULL,
                         ALONE},
};

static const struct {
    const char *word;
    int tls;
} tls_words[] = {
    {"off", ENVOI_TLS_OFF},
    {"opportunistic", ENVOI_TLS_OPPORTUNISTIC},
    {"required", ENVOI_TLS_REQUIRED},
    {"implicit", ENVOI_TLS_IMPLICIT},
};

const struct word *vocabulary_word(enum key key)
{
    return &words[key];
}

enum key vocabulary_key(const char *name)
{
    enum key key = 0;

    while (key < KEY_COUNT && strcmp(words[key].name, name) != 0)
        key++;
    return key;
}

/* How many octets must be added, left out, changed or swapped with their neighbour to make one name of the other. Above
 * `most` it may be less than that. */
static size_t distance(const char *a, const char *b)
{
    size_t before[32] = {0}, last[32], now[32];
    size_t la = strlen(a), lb = strlen(b);

    if (la > 31 || lb > 31)
        return SIZE_MAX;
    for (size_t j = 0; j <= lb; j++)
        last[j] = j;
    for (size_t i = 1; i <= la; i++) {
        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        memcpy(before, last, sizeof before);
        memcpy(last, now, sizeof last);
    }
    return last[lb];
}

enum key vocabulary_nearest(const char *name, unsigned where)
{
    size_t best = strlen(name) / 3 + 1;
    enum key nearest = KEY_COUNT;

    /* In a name of one or two letters every other one is near. */
    if (strlen(name) < 3)
        return KEY_COUNT;
    for (enum key key = 0; key < KEY_COUNT; key++) {
        int here = (words[key].place & where) && vocabulary_is_known(key);
        size_t far = here ? distance(name, words[key].name) : SIZE_MAX;

        if (far < best) {
            best = far;
            nearest = key;
        }
    }
    return nearest;
}

/* "0.1.0" as a number that can be compared. */
static unsigned long version_number(const char *text)
{
    unsigned long number = 0;

    for (int part = 0; part < 3; part++) {
        char *end;

        number = number * 1000 + strtoul(text, &end, 10);
        text = *end == '.' ? end + 1 : end;
    }
    return number;
}

int vocabulary_is_known(enum key key)
{
    return version_number(words[key].since) <= version_number(ENVOI_VERSION);
}

/* Parses a number from 1 to max. Returns 0 if it is not one. */
static long number_of(const char *text, long max)
{
    long number;

    if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
        return 0;
    number = strtol(text, NULL, 10);
    return number <= max ? number : 0;
}

#define NUMBER_MAX  65535
#define SECONDS_MAX 1000000

static const char *tls_fault(const char *value)
{
    for (size_t i = 0; i < sizeof tls_words / sizeof *tls_words; i++)
        if (!strcmp(value, tls_words[i].word))
            return NULL;
    return "it is one of off, opportunistic, required, implicit";
}

static const char *flag_fault(const char *value)
{
    return strcmp(value, "yes") != 0 && strcmp(value, "no") != 0 ? "it is yes or no" : NULL;
}

static const char *number_fault(const char *value)
{
    return number_of(value, NUMBER_MAX) ? NULL : "it is a number from 1 to 65535";
}

static const char *seconds_fault(const char *value)
{
    return number_of(value, SECONDS_MAX) ? NULL : "it is a whole number of seconds, from 1 to 1000000";
}

/* A choice says in `wants` what it can be: "it is one of auto, always, never". */
static const char *choice_fault(const char *wants, const char *value)
{
    const char *list = strstr(wants, "one of ") + strlen("one of ");
    size_t len = strlen(value);

    for (const char *word = list; *word; word += strspn(word, ", ")) {
        size_t n = strcspn(word, ",");

        if (n == len && !memcmp(word, value, n))
            return NULL;
        word += n;
    }
    return wants;
}

/* What a duration ends with. */
static const struct {
    char letter;
    int64_t seconds;
} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};

#define DURATION_MAX ((int64_t)30 * 86400)

/* Milliseconds of text[0..len); 0: it is no duration. */
static int64_t duration_of(const char *text, size_t len)
{
    char number[8] = "";
    int64_t seconds = 0;

    if (len < 2 || len > sizeof number)
        return 0;
    memcpy(number, text, len - 1);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].letter == text[len - 1])
            seconds = number_of(number, 9999999) * units[i].seconds;
    return seconds <= DURATION_MAX ? seconds * 1000 : 0;
}

#define DURATION_FORM "a whole number and s, m, h or d behind it, such as 90s, 15m, 6h or 4d; at most 30d"

static const char *duration_fault(const char *value)
{
    return duration_of(value, strlen(value)) ? NULL : "it is " DURATION_FORM;
}

static const char *durations_fault(const char *value)
{
    int64_t before = 0, one;

    for (const char *part = value + strspn(value, ", \t"), *end; *part; part = end + strspn(end, ", \t")) {
        size_t len = strcspn(part, ",");

        end = part + len;
        while (strchr(" \t", part[len - 1]))
            len--;
        if (!(one = duration_of(part, len)))
            return "each part of the list is " DURATION_FORM;
        if (one <= before)
            return "each part of the list is longer than the one before it";
        before = one;
    }
    return NULL;
}

#define RATE_MAX     1000000
#define RATE_BURST   " burst "
#define RATE_LONGEST INT64_C(86400000)

/* "30/1m", or "2000/1d burst 100": 100 at once. Returns -1 if the value is no rate. */
static int rate_of(const char *value, struct rate *rate)
{
    char room[48], *time, *burst;
    int64_t most, period, at_once;

    if (snprintf(room, sizeof room, "%s", value) >= (int)sizeof room)
        return -1;
    if (!(time = strchr(room, '/')))
        return -1;
    *time++ = '\0';
    if ((burst = strstr(time, RATE_BURST)) != NULL) {
        *burst = '\0';
        burst += strlen(RATE_BURST);
    }
    most = number_of(room, RATE_MAX);
    period = duration_of(time, strlen(time));
    at_once = burst ? number_of(burst, RATE_MAX) : 1;
    if (!most || !at_once || !period || period > RATE_LONGEST || (at_once > 1 && at_once >= most))
        return -1;
    /* One alone leaves nothing to be spread: the next one follows when the time is over. */
    *rate = most > 1 ? (struct rate){most - at_once, period, at_once} : (struct rate){1, period + 1, 1};
    return 0;
}

static const char *rate_fault(const char *value)
{
    struct rate rate;

    return rate_of(value, &rate) ? "it is a number, a slash and a time of at most 1d, such as 30/1m; or with a smaller "
                                   "number that may go at once: 2000/1d burst 100"
                                 : NULL;
}

static const char *broker_fault(const char *value)
{
    struct broker_url url;

    return broker_url_parse(value, &url);
}

typedef const char *fault_fn(const char *value);
static fault_fn *const faults[] = {
    [KIND_FLAG] = flag_fault,       [KIND_TLS] = tls_fault,           [KIND_NUMBER] = number_fault,
    [KIND_SECONDS] = seconds_fault, [KIND_DURATION] = duration_fault, [KIND_DURATIONS] = durations_fault,
    [KIND_BROKER] = broker_fault,   [KIND_RATE] = rate_fault};

const char *vocabulary_fault(enum key key, const char *value)
{
    fault_fn *fault = words[key].kind < sizeof faults / sizeof *faults ? faults[words[key].kind] : NULL;

    if (words[key].kind == KIND_CHOICE)
        return choice_fault(words[key].wants, value);
    return fault ? fault(value) : NULL;
}

const char *vocabulary_quote(enum key key, const char *value, char room[TEXT_QUOTED])
{
    const char *at = words[key].kind == KIND_BROKER ? strrchr(value, '@') : NULL;
    char rest[TEXT_QUOTED];

    if (!at)
        return text_quote(value, room);
    (void)snprintf(rest, sizeof rest, "...%s", at);
    return text_quote(rest, room);
}

int vocabulary_tls(const char *value)
{
    for (size_t i = 0; value && i < sizeof tls_words / sizeof *tls_words; i++)
        if (!strcmp(value, tls_words[i].word))
            return tls_words[i].tls;
    return ENVOI_TLS_DEFAULT;
}

int vocabulary_flag(const char *value)
{
    return value && !strcmp(value, "yes");
}

int64_t vocabulary_milliseconds(const char *value)
{
    return value ? (int64_t)number_of(value, SECONDS_MAX) * 1000 : 0;
}

int64_t vocabulary_number(const char *value)
{
    return number_of(value, NUMBER_MAX);
}

int64_t vocabulary_duration(const char *value)
{
    return duration_of(value, strlen(value));
}

void vocabulary_rate(const char *value, struct rate *rate)
{
    (void)rate_of(value, rate);
}
