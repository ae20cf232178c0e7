/* SPDX-License-Identifier: MIT */
#define CARES_NO_DEPRECATED /* c-ares 1.28 has newer calls; Debian 12 has 1.18 */
#include "net/records.h"

#include "base/mem.h"
#include "base/text.h"
#include "net/target.h"
#include "portable/random.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <string.h>

/* ---- answers ---- */

static bool records_have(const struct records *r, const struct record *one)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->list[i].port == one->port && text_equal(r->list[i].host, one->host))
            return true;
    return false;
}

/* The host is the word of a stranger: if it is no host name, the record is passed over. c-ares writes the root as an
 * empty name; if it is the only host, the domain has no such service. */
static void records_add(struct records *r, const char *host, struct record one)
{
    struct envoi_errctx ignored;
    int rc;

    if (!*host || !strcmp(host, ".")) {
        r->denied = true;
        return;
    }
    if (r->count == RECORDS_MAX || !one.port)
        return;
    rc = host_normalise(host, strlen(host), &ignored, &one.host, NULL);
    if (rc == ENVOI_E_MEMORY)
        r->status = ARES_ENOMEM;
    if (rc)
        return;
    if (records_have(r, &one))
        mem_free(one.host);
    else
        r->list[r->count++] = one;
}

static void records_take_srv(struct records *r, const unsigned char *data, int len)
{
    struct ares_srv_reply *list = NULL;

    r->status = ares_parse_srv_reply(data, len, &list);
    for (const struct ares_srv_reply *s = list; s; s = s->next)
        records_add(r, s->host, (struct record){.port = s->port, .priority = s->priority, .weight = s->weight});
    ares_free_data(list);
}

static void records_take_mx(struct records *r, const unsigned char *data, int len)
{
    struct ares_mx_reply *list = NULL;

    r->status = ares_parse_mx_reply(data, len, &list);
    for (const struct ares_mx_reply *m = list; m; m = m->next)
        records_add(r, m->host, (struct record){.port = 25, .priority = m->priority});
    ares_free_data(list);
}

static void records_answered(void *ctx, int status, int timeouts, unsigned char *data, int len)
{
    struct records *r = ctx;

    r->done = true;
    r->status = status;
    if (status != ARES_SUCCESS)
        return;
    if (r->kind == RECORD_SRV)
        records_take_srv(r, data, len);
    else
        records_take_mx(r, data, len);
    if (r->status == ARES_SUCCESS && !r->count)
        r->status = ARES_ENODATA;
}

void records_ask(struct records *r, struct channel *channel, const char *name, enum record_kind kind)
{
    *r = (struct records){.kind = kind};
    ares_query(channel->handle, name, ns_c_in, kind == RECORD_SRV ? ns_t_srv : ns_t_mx, records_answered, r);
}

/* ---- order ---- */

static uint32_t records_draw(uint32_t most)
{
    uint32_t number;

    if (!random_draw(&number, sizeof number))
        number = 0;
    return number % (most + 1);
}

/* Puts record number `from` before number `to`, and moves those between. */
static void records_move(struct records *r, size_t from, size_t to)
{
    struct record one = r->list[from];

    memmove(&r->list[to + 1], &r->list[to], (from - to) * sizeof one);
    r->list[to] = one;
}

/* By priority; those with weight 0 before their equals, because RFC 2782 wants them so for the lot. */
static void records_sort(struct records *r)
{
    for (size_t i = 1; i < r->count; i++) {
        const struct record *one = &r->list[i];
        size_t to = i;

        while (to && (r->list[to - 1].priority > one->priority ||
                      (r->list[to - 1].priority == one->priority && r->list[to - 1].weight && !one->weight)))
            to--;
        records_move(r, i, to);
    }
}

void records_order(struct records *r, uint32_t (*draw)(uint32_t most))
{
    records_sort(r);
    for (size_t i = 0; i < r->count; i++) {
        uint32_t sum = 0, lot;
        size_t end = i, at = i;

        for (; end < r->count && r->list[end].priority == r->list[i].priority; end++)
            sum += r->list[end].weight;
        if (!sum)
            continue;
        lot = (draw ? draw : records_draw)(sum);
        for (sum = r->list[at].weight; sum < lot && at + 1 < end; sum += r->list[at].weight)
            at++;
        records_move(r, at, i);
    }
}

/* ---- failure and end ---- */

int records_failure(const struct records *r, const char *name, const char *type, struct envoi_errctx *fault)
{
    if (r->denied && r->status == ARES_ENODATA)
        return fault_set(fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_DNS,
                         "%s: the domain says that it has no such service", name);
    if (r->status == ARES_ENOTFOUND || r->status == ARES_ENODATA)
        return fault_set(fault, ENVOI_E_RESOLVE, ENVOI_PHASE_DNS, "%s: the domain has no %s record", name, type);
    return channel_report(r->status, name, fault);
}

void records_free(struct records *r)
{
    for (size_t i = 0; i < r->count; i++)
        mem_free(r->list[i].host);
    r->count = 0;
}
