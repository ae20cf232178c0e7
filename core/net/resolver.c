/* SPDX-License-Identifier: MIT */
#include "net/resolver.h"

#include "base/text.h"

#include <ares.h>
#include <envoi/session.h>
#include <stdio.h>
#include <string.h>

/* ---- answers ---- */

static void resolver_add(struct resolver *r, int family, const struct endpoint *e)
{
    size_t *count = &r->addresses.count[family];

    for (size_t i = 0; i < *count; i++)
        if (endpoint_equal(&r->addresses.found[family][i], e))
            return;
    if (*count < ADDRESSES_MAX)
        r->addresses.found[family][(*count)++] = *e;
}

/* Entries of /etc/hosts (`both`) have no TTL, and c-ares says 0. */
static void resolver_note_ttl(struct resolver *r, int seconds, bool both)
{
    int64_t ttl = seconds < 0 ? 0 : (int64_t)seconds * 1000;

    if (!both && (r->ttl < 0 || ttl < r->ttl))
        r->ttl = ttl;
}

static void resolver_take(struct resolver *r, const struct ares_addrinfo *answer, bool both)
{
    uint16_t port = htons(r->target->port);
    bool first = both; /* the first address of such an answer tells which family to try first */

    for (const struct ares_addrinfo_cname *c = answer->cnames; c; c = c->next)
        resolver_note_ttl(r, c->ttl, both);
    for (const struct ares_addrinfo_node *n = answer->nodes; n; n = n->ai_next) {
        int family = n->ai_family == AF_INET6 ? FAMILY_V6 : FAMILY_V4;
        struct endpoint e;

        if (!endpoint_set(&e, n->ai_addr, (socklen_t)n->ai_addrlen))
            continue;
        if (family == FAMILY_V6)
            e.at.in6.sin6_port = port;
        else
            e.at.in.sin_port = port;
        if (first)
            r->addresses.first = family;
        first = false;
        resolver_add(r, family, &e);
        resolver_note_ttl(r, n->ai_ttl, both);
    }
}

static void query_answered(void *ctx, int status, int timeouts, struct ares_addrinfo *answer)
{
    struct resolver_query *query = ctx;

    query->done = true;
    query->status = status;
    if (!answer)
        return;
    if (status == ARES_SUCCESS)
        resolver_take(query->resolver, answer, query->both);
    ares_freeaddrinfo(answer);
}

static void query_ask(struct resolver *r, const char *name, int family, struct resolver_query *query)
{
    struct ares_addrinfo_hints hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};

    query->resolver = r;
    query->asked = true;
    query->both = family == AF_UNSPEC;
    ares_getaddrinfo(r->channel.handle, name, NULL, &hints, query_answered, query);
}

/* ---- the look-up ---- */

static const char localhost[] = "localhost";

/* Is it this name, or one below it? No name server is asked for localhost, which is this machine, and for "invalid",
 * which does not exist (RFC 6761 sections 6.3 and 6.4). */
static bool resolver_is_below(const struct target *target, const char *top)
{
    size_t len = strlen(target->name), tail = strlen(top);

    if (len < tail || !text_equal(target->name + len - tail, top))
        return false;
    return len == tail || target->name[len - tail - 1] == '.';
}

static bool resolver_is_localhost(const struct target *target)
{
    return resolver_is_below(target, localhost);
}

/* c-ares knows localhost if /etc/hosts does not have it, but not if there is no such file, as in a bare chroot. */
static void resolver_add_loopback(struct resolver *r)
{
    uint16_t port = htons(r->target->port);
    struct endpoint v6 = {.len = sizeof v6.at.in6,
                          .at.in6 = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    struct endpoint v4 = {.len = sizeof v4.at.in,
                          .at.in = {.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}}};

    r->addresses.first = FAMILY_V6;
    resolver_add(r, FAMILY_V6, &v6);
    resolver_add(r, FAMILY_V4, &v4);
}

static int resolver_ask_files(struct resolver *r, struct envoi_errctx *fault)
{
    struct resolver_query query = {0};
    int rc = channel_open_files(&r->channel, r->watch, fault);

    if (rc)
        return rc;
    query_ask(r, resolver_is_localhost(r->target) ? localhost : r->target->name, AF_UNSPEC, &query);
    channel_close(&r->channel);
    return query.status == ARES_ENOMEM ? channel_report(ARES_ENOMEM, r->target->name, fault) : ENVOI_OK;
}

static int resolver_ask_servers(struct resolver *r, const struct resolver_policy *policy, struct envoi_errctx *fault)
{
    char absolute[256];
    const char *name = r->target->name;
    int rc = channel_open_servers(&r->channel, policy, r->watch, fault);

    if (rc)
        return rc;
    r->addresses.first = FAMILY_V6;
    if (r->target->absolute) {
        (void)snprintf(absolute, sizeof absolute, "%s.", name);
        name = absolute;
    }
    query_ask(r, name, AF_INET6, &r->queries[FAMILY_V6]);
    query_ask(r, name, AF_INET, &r->queries[FAMILY_V4]);
    return ENVOI_OK;
}

/* A channel must not be destroyed by its own callback, so this follows each call that can run the last one. */
static void resolver_stop_if_done(struct resolver *r)
{
    if (r->channel.handle && resolver_done(r, FAMILIES))
        resolver_stop(r);
}

int resolver_start(struct resolver *r, const struct target *target, const struct resolver_policy *policy,
                   struct watch *watch, struct envoi_errctx *fault)
{
    int rc;

    *r = (struct resolver){.target = target, .watch = watch, .ttl = -1};
    rc = resolver_ask_files(r, fault);
    if (!rc && r->addresses.count[FAMILY_V6] + r->addresses.count[FAMILY_V4] == 0) {
        if (resolver_is_localhost(target))
            resolver_add_loopback(r);
        else if (resolver_is_below(target, "invalid"))
            r->queries[FAMILY_V6].status = r->queries[FAMILY_V4].status = ARES_ENOTFOUND;
        else
            rc = resolver_ask_servers(r, policy, fault);
    }
    resolver_stop_if_done(r);
    return rc;
}

void resolver_process(struct resolver *r, int fd, unsigned events)
{
    if (!r->channel.handle)
        return;
    channel_process(&r->channel, fd, events);
    resolver_stop_if_done(r);
}

bool resolver_done(const struct resolver *r, int family)
{
    if (family == FAMILIES)
        return resolver_done(r, FAMILY_V6) && resolver_done(r, FAMILY_V4);
    return !r->queries[family].asked || r->queries[family].done;
}

void resolver_watch(const struct resolver *r)
{
    channel_watch(&r->channel);
}

int64_t resolver_deadline(const struct resolver *r, int64_t now)
{
    return channel_deadline(&r->channel, now);
}

int resolver_failure(const struct resolver *r, struct envoi_errctx *fault)
{
    int v6 = r->queries[FAMILY_V6].status, v4 = r->queries[FAMILY_V4].status;
    int status = v4 == ARES_ENODATA || v4 == ARES_SUCCESS ? v6 : v4;
    const char *name = r->target->name;

    if (status == ARES_ENOTFOUND)
        return fault_set(fault, ENVOI_E_RESOLVE, ENVOI_PHASE_DNS, "%s: no such host", name);
    if (status == ARES_ENODATA)
        return fault_set(fault, ENVOI_E_RESOLVE, ENVOI_PHASE_DNS, "%s: the host has no address", name);
    return channel_report(status, name, fault);
}

void resolver_stop(struct resolver *r)
{
    for (int f = 0; f < FAMILIES; f++)
        r->queries[f].done = true;
    channel_close(&r->channel);
}
