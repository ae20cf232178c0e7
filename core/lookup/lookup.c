/* SPDX-License-Identifier: MIT */
/* The object, and its verbs as a table of questions. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/text.h"
#include "library/library.h"
#include "net/records.h"
#include "net/target.h"
#include "portable/errno_text.h"

#include <envoi/lookup.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define QUESTIONS_MAX 2
#define TIMEOUT_MS    30000

struct question {
    const char *service; /* before the domain; NULL ends the list */
    enum record_kind kind;
    int tls;          /* ENVOI_TLS_* of its servers */
    const char *type; /* of the records, for texts */
};

/* In the order of the results. */
static const struct question submission[] = {
    {"_submissions._tcp.", RECORD_SRV, ENVOI_TLS_IMPLICIT, "SRV"},
    {"_submission._tcp.", RECORD_SRV, ENVOI_TLS_REQUIRED, "SRV"},
    {.service = NULL},
};
static const struct question exchangers[] = {
    {"", RECORD_MX, ENVOI_TLS_OPPORTUNISTIC, "MX"},
    {.service = NULL},
};

struct envoi_lookup {
    struct envoi_library *library;
    unsigned process;
    bool inside; /* the watch function is being called */
    bool active;
    int64_t timeout, until;
    struct watch watch;
    struct channel channel;
    char *domain;
    const struct question *questions; /* NULL if there was no verb so far */
    struct records answers[QUESTIONS_MAX];
    struct envoi_errctx fault;
};

/* ---- life ---- */

int envoi_lookup_new(struct envoi_library *library, struct envoi_lookup **out)
{
    struct envoi_lookup *l;

    if (!out)
        return ENVOI_E_USAGE;
    *out = NULL;
    if (!library)
        return ENVOI_E_USAGE;
    if (!(l = mem_zalloc(sizeof *l)))
        return ENVOI_E_MEMORY;
    l->library = library_ref(library);
    l->process = process_number();
    l->timeout = TIMEOUT_MS;
    *out = l;
    return ENVOI_OK;
}

static void lookup_forget(struct envoi_lookup *l)
{
    channel_close(&l->channel);
    for (int i = 0; i < QUESTIONS_MAX; i++)
        records_free(&l->answers[i]);
    mem_free(l->domain);
    l->domain = NULL;
    l->questions = NULL;
    fault_clear(&l->fault);
}

void envoi_lookup_free(struct envoi_lookup *lookup)
{
    if (!lookup)
        return;
    if (lookup->process != process_number())
        lookup->watch.tell = NULL; /* the descriptors that the parent's loop watches stay watched there */
    lookup->inside = true;
    lookup_forget(lookup);
    library_unref(lookup->library);
    mem_free(lookup);
}

/* ---- settings ---- */

int envoi_lookup_set_timeout(struct envoi_lookup *lookup, int64_t milliseconds)
{
    if (!lookup || milliseconds < 1)
        return ENVOI_E_USAGE;
    lookup->timeout = milliseconds;
    return ENVOI_OK;
}

int envoi_lookup_set_watch(struct envoi_lookup *lookup, envoi_watch_fn *watch, void *ctx)
{
    if (!lookup)
        return ENVOI_E_USAGE;
    if (lookup->active)
        return ENVOI_E_BUSY;
    lookup->watch.tell = watch;
    lookup->watch.ctx = ctx;
    return ENVOI_OK;
}

/* ---- the verb ---- */

static int lookup_ask(struct envoi_lookup *l, const struct question *questions)
{
    char name[512];
    int rc = channel_open_servers(&l->channel, &l->library->resolver, &l->watch, &l->fault);

    if (rc)
        return rc;
    l->questions = questions;
    for (int i = 0; questions[i].service; i++) {
        (void)snprintf(name, sizeof name, "%s%s", questions[i].service, l->domain);
        records_ask(&l->answers[i], &l->channel, name, questions[i].kind);
    }
    return ENVOI_OK;
}

static bool lookup_is_answered(const struct envoi_lookup *l)
{
    for (int i = 0; l->questions[i].service; i++)
        if (!l->answers[i].done)
            return false;
    return true;
}

/* The result of the verb: servers if there are any, or the failure that tells most. If a name
 * server gives no answer, there may be a record, so that goes before the answer to another question that there is none.
 */
static int lookup_judge(struct envoi_lookup *l, bool late)
{
    static const int order[] = {ENVOI_E_MEMORY, ENVOI_E_LOOKUP, ENVOI_E_NOT_SUPPORTED, ENVOI_E_RESOLVE};
    struct envoi_errctx faults[QUESTIONS_MAX];
    size_t found = 0;
    int i;

    for (i = 0; l->questions[i].service; i++) {
        struct records *r = &l->answers[i];

        records_order(r, NULL);
        found += r->count;
        fault_clear(&faults[i]);
        if (!r->count || r->status)
            (void)records_failure(r, l->domain, l->questions[i].type, &faults[i]);
    }
    for (int j = 0; j < i; j++)
        if (faults[j].code == ENVOI_E_MEMORY)
            found = 0;
    if (found)
        return ENVOI_OK;
    if (late)
        return fault_set(&l->fault, ENVOI_E_TIMEOUT, ENVOI_PHASE_DNS, "%s: the name servers do not answer in time",
                         l->domain);
    for (size_t o = 0; o < sizeof order / sizeof order[0]; o++)
        for (int j = 0; j < i; j++)
            if (faults[j].code == order[o]) {
                l->fault = faults[j];
                return l->fault.code;
            }
    return ENVOI_OK;
}

static int lookup_end(struct envoi_lookup *l, bool late)
{
    int rc = l->questions ? lookup_judge(l, late) : l->fault.code;

    l->active = false;
    channel_close(&l->channel);
    if (rc)
        for (int i = 0; i < QUESTIONS_MAX; i++)
            records_free(&l->answers[i]);
    return rc;
}

/* A channel must not be closed by its own callback, so this follows each call that can run the last one. */
static int lookup_carry_on(struct envoi_lookup *l)
{
    int rc = ENVOI_E_AGAIN;
    bool late = !lookup_is_answered(l) && clock_passed(l->until, clock_now());

    l->inside = true;
    watch_begin(&l->watch);
    if (late || lookup_is_answered(l))
        rc = lookup_end(l, late);
    else
        channel_watch(&l->channel);
    watch_commit(&l->watch);
    l->inside = false;
    return rc;
}

static int64_t lookup_deadline(const struct envoi_lookup *l, int64_t now)
{
    return clock_earlier(l->until, channel_deadline(&l->channel, now));
}

/* Waits once, and tells c-ares if a descriptor is ready or a time-out is due. */
static int lookup_wait(struct envoi_lookup *l)
{
    struct pollfd fds[WATCH_MAX];
    size_t count = l->watch.count;
    int64_t now = clock_now(), left = lookup_deadline(l, now) - now;

    for (size_t i = 0; i < count; i++) {
        const struct watch_entry *e = &l->watch.list[i];
        int events = (e->wanted & ENVOI_EVENT_READ ? POLLIN : 0) | (e->wanted & ENVOI_EVENT_WRITE ? POLLOUT : 0);

        fds[i] = (struct pollfd){.fd = e->fd, .events = (short)events};
    }
    if (left < 0)
        left = 0;
    if (poll(fds, count, left > INT_MAX ? INT_MAX : (int)left) < 0) {
        if (errno == EINTR || errno == EAGAIN)
            return ENVOI_OK;
        return fault_set(&l->fault, ENVOI_E_SYSTEM, ENVOI_PHASE_DNS, "poll: %s", errno_text(errno));
    }
    for (size_t i = 0; i < count; i++)
        if (fds[i].revents)
            channel_process(&l->channel, fds[i].fd,
                            (fds[i].revents & ~POLLOUT ? ENVOI_EVENT_READ : 0u) |
                                (fds[i].revents & ~POLLIN ? ENVOI_EVENT_WRITE : 0u));
    channel_process(&l->channel, -1, 0);
    return ENVOI_OK;
}

static int lookup_run(struct envoi_lookup *l, const struct question *questions)
{
    int rc = lookup_ask(l, questions);

    l->active = true;
    l->until = clock_after(clock_now(), l->timeout);
    if (rc)
        return lookup_end(l, false);
    rc = lookup_carry_on(l);
    while (rc == ENVOI_E_AGAIN && !l->watch.tell) {
        if (lookup_wait(l)) {
            l->questions = NULL;
            return lookup_end(l, false);
        }
        rc = lookup_carry_on(l);
    }
    return rc;
}

/* No name server is asked for "invalid", which does not exist (RFC 6761 section 6.4). */
static bool lookup_is_invalid(const char *domain)
{
    const char *dot = strrchr(domain, '.');

    return text_equal(dot ? dot + 1 : domain, "invalid");
}

static int lookup_verb(struct envoi_lookup *l, const struct question *questions, const char *domain)
{
    int rc;

    if (!l || l->process != process_number())
        return ENVOI_E_USAGE;
    if (l->active || l->inside)
        return ENVOI_E_BUSY;
    lookup_forget(l);
    if (!domain)
        return fault_set(&l->fault, ENVOI_E_USAGE, ENVOI_PHASE_NONE, "no domain");
    rc = library_check(l->library, &l->fault);
    if (!rc)
        rc = host_normalise(domain, strlen(domain), &l->fault, &l->domain, NULL);
    if (rc)
        return rc;
    if (lookup_is_invalid(l->domain))
        return fault_set(&l->fault, ENVOI_E_RESOLVE, ENVOI_PHASE_DNS, "%s: no such domain", l->domain);
    return lookup_run(l, questions);
}

int envoi_lookup_submission(struct envoi_lookup *lookup, const char *domain)
{
    return lookup_verb(lookup, submission, domain);
}

int envoi_lookup_exchangers(struct envoi_lookup *lookup, const char *domain)
{
    return lookup_verb(lookup, exchangers, domain);
}

int envoi_lookup_process(struct envoi_lookup *lookup, int fd, unsigned events)
{
    if (!lookup || lookup->process != process_number())
        return ENVOI_E_USAGE;
    if (lookup->inside)
        return ENVOI_E_BUSY;
    if (!lookup->active)
        return ENVOI_OK;
    lookup->inside = true;
    channel_process(&lookup->channel, watch_wanted(&lookup->watch, fd) ? fd : -1, events);
    lookup->inside = false;
    return lookup_carry_on(lookup);
}

int64_t envoi_lookup_deadline(const struct envoi_lookup *lookup)
{
    return lookup && lookup->active ? lookup_deadline(lookup, clock_now()) : -1;
}

/* ---- the servers ---- */

/* Record number `index`, counted over all questions; NULL if there is none. */
static const struct record *lookup_record(const struct envoi_lookup *l, size_t index, const struct question **question)
{
    if (!l || !l->questions || l->active)
        return NULL;
    for (int i = 0; l->questions[i].service; i++) {
        if (index < l->answers[i].count) {
            *question = &l->questions[i];
            return &l->answers[i].list[index];
        }
        index -= l->answers[i].count;
    }
    return NULL;
}

size_t envoi_lookup_servers(const struct envoi_lookup *lookup)
{
    size_t count = 0;

    for (int i = 0; lookup && !lookup->active && i < QUESTIONS_MAX; i++)
        count += lookup->answers[i].count;
    return count;
}

const char *envoi_lookup_host(const struct envoi_lookup *lookup, size_t index)
{
    const struct question *q;
    const struct record *r = lookup_record(lookup, index, &q);

    return r ? r->host : NULL;
}

unsigned envoi_lookup_port(const struct envoi_lookup *lookup, size_t index)
{
    const struct question *q;
    const struct record *r = lookup_record(lookup, index, &q);

    return r ? r->port : 0;
}

int envoi_lookup_tls(const struct envoi_lookup *lookup, size_t index)
{
    const struct question *q;

    return lookup_record(lookup, index, &q) ? q->tls : -1;
}

int envoi_lookup_within(const struct envoi_lookup *lookup, size_t index)
{
    const struct question *q;
    const struct record *r = lookup_record(lookup, index, &q);
    size_t len, tail;

    if (!r)
        return 0;
    len = strlen(r->host);
    tail = strlen(lookup->domain);
    return len >= tail && text_equal(r->host + len - tail, lookup->domain) &&
           (len == tail || r->host[len - tail - 1] == '.');
}

const char *envoi_lookup_error(const struct envoi_lookup *lookup)
{
    return lookup ? lookup->fault.text : NULL;
}
