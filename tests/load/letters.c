/* SPDX-License-Identifier: MIT */
#include "letters.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX  20u
#define NO_VERDICT 0xffu

struct letter {
    struct letter *next;
    struct letters *all;
    struct envoi_message *message; /* may be from the letter before */
    size_t id, recipients;
    char *content;
    size_t len, at;
    bool submitted;
};

unsigned chance(uint64_t *random, unsigned below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*random >> 33) % below;
}

static void complain(struct letters *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct letters *l, const char *format, ...)
{
    va_list args;

    if (++l->wrong > SHOWN_MAX)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void must(int rc, const char *what)
{
    if (rc == ENVOI_OK)
        return;
    printf("%s: %s\n", what, envoi_error_name(rc));
    exit(2);
}

/* ---- content ---- */

/* Most are short, some are longer than a chunk and than the socket's buffer. */
static size_t draw_length(struct letters *l)
{
    unsigned kind = chance(&l->random, 1000);

    if (kind < 3)
        return 20000 + chance(&l->random, 150000);
    return kind < 100 ? chance(&l->random, 8000) : chance(&l->random, 400);
}

/* Lines of some length, some of which begin with a dot. */
static size_t fill_body(struct letters *l, char *to, size_t len)
{
    size_t at = 0;

    while (at < len) {
        unsigned line = 1 + chance(&l->random, 76), first = chance(&l->random, 64);

        memset(to + at, (int)('a' + first % 26), line);
        if (first < 6)
            to[at] = '.';
        at += line;
        to[at++] = '\r';
        to[at++] = '\n';
    }
    return at;
}

static void write_content(struct letter *x)
{
    struct letters *l = x->all;
    size_t want = draw_length(l), body;
    char head[96], *text = malloc(sizeof head + want + 100);
    int n;

    body = fill_body(l, text + sizeof head, want);
    n = snprintf(head, sizeof head, "Message-ID: <%zu>\r\nX-Sum: %016llx\r\n\r\n", x->id,
                 (unsigned long long)ledger_sum(text + sizeof head, body));
    memmove(text + n, text + sizeof head, body);
    memcpy(text, head, (size_t)n);
    x->content = text;
    x->len = (size_t)n + body;
    x->at = 0;
}

static int pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct letter *x = ctx;

    *len = x->len - x->at < cap ? x->len - x->at : cap;
    memcpy(buf, x->content + x->at, *len);
    x->at += *len;
    return ENVOI_OK;
}

static int go_back(void *ctx)
{
    struct letter *x = ctx;

    x->at = 0;
    return ENVOI_OK;
}

/* From memory, from what can be had twice, from what cannot. */
static int set_content(struct letter *x)
{
    unsigned kind = chance(&x->all->random, 20);

    if (kind > 3)
        return envoi_message_set_data(x->message, x->content, x->len);
    return envoi_message_set_callback(x->message, pull, kind ? go_back : NULL, x,
                                      kind % 2 ? (int64_t)x->len : (int64_t)-1);
}

/* ---- a letter ---- */

static void address(struct letter *x)
{
    struct letters *l = x->all;
    char text[64];

    snprintf(text, sizeof text, "m%zu@example.org", x->id);
    if (x->message)
        must(envoi_message_reset(x->message, text), "reset");
    else
        must(envoi_message_new(text, &x->message), "message");
    x->recipients = 1 + chance(&l->random, 3) % 2 * chance(&l->random, RECIPIENTS_MAX);
    for (size_t i = 0; i < x->recipients; i++) {
        unsigned kind = chance(&l->random, 40);

        snprintf(text, sizeof text, "r%zu%s@d%u.example", i,
                 kind == 0   ? ".refuse"
                 : kind == 1 ? ".defer"
                             : "",
                 chance(&l->random, 3));
        must(envoi_message_add_recipient(x->message, text), "recipient");
    }
}

static struct letter *letter_next(struct letters *l)
{
    struct letter *x = l->spare;

    if (x)
        l->spare = x->next;
    else
        x = calloc(1, sizeof *x);
    x->all = l;
    x->id = l->first + l->next++;
    address(x);
    write_content(x);
    must(set_content(x), "content");
    return x;
}

/* Half of the messages are used again. */
static void letter_done(struct letter *x)
{
    struct letters *l = x->all;

    free(x->content);
    x->content = NULL;
    if (x->id % 2) {
        envoi_message_free(x->message);
        x->message = NULL;
    }
    x->next = l->spare;
    l->spare = x;
}

/* ---- verdicts ---- */

static int result_of(const size_t *told)
{
    if (told[ENVOI_VERDICT_UNKNOWN])
        return ENVOI_E_UNKNOWN;
    return told[ENVOI_VERDICT_ACCEPTED] ? ENVOI_OK : ENVOI_E_AGAIN; /* AGAIN: some failure */
}

static void take_done(void *ctx, struct envoi_message *message, int result, const char *error)
{
    struct letter *x = ctx;
    struct letters *l = x->all;
    uint8_t *verdicts = l->verdicts + (x->id - l->first) * RECIPIENTS_MAX;
    size_t told[5] = {0};
    int want;

    if (message != x->message || verdicts[0] != NO_VERDICT)
        complain(l, "message %zu: done twice, or another one", x->id);
    for (size_t i = 0; i < x->recipients; i++) {
        int verdict = envoi_message_verdict(message, i);

        verdicts[i] = (uint8_t)verdict;
        told[verdict]++;
        l->told[verdict]++;
    }
    want = result_of(told);
    if (want == ENVOI_E_AGAIN ? result == ENVOI_OK || result == ENVOI_E_UNKNOWN : result != want)
        complain(l, "message %zu: %s (%s), which is not what its verdicts say", x->id, envoi_error_name(result), error);
    if ((*error == '\0') != (result == ENVOI_OK))
        complain(l, "message %zu: %s with the text \"%s\"", x->id, envoi_error_name(result), error);
    l->done++;
    letter_done(x);
    letters_submit(l);
}

bool letters_agree(struct letters *l, const struct ledger *ledger)
{
    if (l->done != l->count)
        complain(l, "%zu messages were done, of %zu", l->done, l->count);
    for (size_t i = 0; i < l->count; i++)
        for (size_t k = 0; k < RECIPIENTS_MAX; k++) {
            unsigned taken = ledger_count(ledger, l->first + i, k);
            uint8_t verdict = l->verdicts[i * RECIPIENTS_MAX + k];

            if (taken > 1)
                l->doubled++;
            if (taken > 1 || (verdict != ENVOI_VERDICT_UNKNOWN && taken != (verdict == ENVOI_VERDICT_ACCEPTED)))
                complain(l, "message %zu, recipient %zu: %s, and delivered %u times", l->first + i, k,
                         verdict == NO_VERDICT ? "nothing was told" : envoi_verdict_name(verdict), taken);
        }
    return l->wrong == 0;
}

/* ---- the whole ---- */

void letters_open(struct letters *l, struct envoi_pool *pool, size_t first, size_t count, uint64_t seed)
{
    *l = (struct letters){.pool = pool, .routes = 1, .first = first, .count = count, .queue = 1, .random = seed};
    l->verdicts = malloc(count * RECIPIENTS_MAX);
    memset(l->verdicts, NO_VERDICT, count * RECIPIENTS_MAX);
}

void letters_submit(struct letters *l)
{
    while (envoi_pool_pending(l->pool) < l->queue && (l->waiting || l->next < l->count)) {
        struct letter *x = l->waiting ? l->waiting : letter_next(l);
        int rc = envoi_pool_submit(l->pool, x->id % l->routes, x->message, take_done, x);

        l->waiting = NULL;
        if (rc == ENVOI_E_AGAIN) {
            l->waiting = x;
            l->full++;
            return;
        }
        must(rc, "submit");
    }
}

void letters_close(struct letters *l)
{
    while (l->spare) {
        struct letter *x = l->spare;

        l->spare = x->next;
        envoi_message_free(x->message);
        free(x);
    }
    free(l->verdicts);
}
