/* SPDX-License-Identifier: MIT */
#include "configure/candidate.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void candidate_server(const struct candidate *c, char server[CANDIDATE_SERVER])
{
    snprintf(server, CANDIDATE_SERVER, strchr(c->host, ':') ? "[%s]:%u" : "%s:%u", c->host, c->port);
}

int candidate_within(const char *host, const char *domain)
{
    size_t len = strlen(host), tail = strlen(domain);

    return len >= tail && !strcasecmp(host + len - tail, domain) && (len == tail || host[len - tail - 1] == '.');
}

void candidates_add(struct candidates *c, const struct candidate *one)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].port == one->port && !strcasecmp(c->list[i].host, one->host))
            return;
    if (c->count < CANDIDATES_MAX)
        c->list[c->count++] = *one;
}

static void candidates_add_named(struct candidates *c, const char *host, const char *domain, struct candidate one)
{
    int n = snprintf(one.host, sizeof one.host, "%s%s", host, domain);

    if (n > 0 && (size_t)n < sizeof one.host)
        candidates_add(c, &one);
}

/* ---- SRV ---- */

/* A failure of the name servers is kept: without SRV there may still be a provider. */
static void candidates_note_failure(struct candidates *c, const struct envoi_lookup *lookup, int error)
{
    if (error != ENVOI_E_LOOKUP && error != ENVOI_E_TIMEOUT)
        return;
    c->error = error;
    snprintf(c->why, sizeof c->why, "%s", envoi_lookup_error(lookup));
}

static int candidates_is_about_domain(int error)
{
    return error == ENVOI_E_RESOLVE || error == ENVOI_E_NOT_SUPPORTED || error == ENVOI_E_LOOKUP ||
           error == ENVOI_E_TIMEOUT;
}

/* Stores the failure of a look-up that does not concern the domain. */
static int candidates_refuse(const struct envoi_lookup *lookup, int error, struct fault *fault)
{
    int exit = error == ENVOI_E_USAGE ? EXIT_DATA : exit_code_of_error(error, ENVOI_PHASE_DNS, 0);

    return fault_set(fault, exit, error, "%s", envoi_lookup_error(lookup));
}

static int candidates_add_services(struct candidates *c, struct envoi_lookup *lookup, const char *domain,
                                   struct fault *fault)
{
    int error = envoi_lookup_submission(lookup, domain);

    if (error && !candidates_is_about_domain(error))
        return candidates_refuse(lookup, error, fault);
    if (error)
        candidates_note_failure(c, lookup, error);
    for (size_t i = 0; i < envoi_lookup_servers(lookup); i++)
        candidates_add_named(c, envoi_lookup_host(lookup, i), "",
                             (struct candidate){.port = envoi_lookup_port(lookup, i),
                                                .tls = envoi_lookup_tls(lookup, i),
                                                .outside = !envoi_lookup_within(lookup, i),
                                                .source = "an SRV record"});
    return 0;
}

/* ---- providers ---- */

/* What is known of a provider goes to a server of it that DNS named, too. */
static void candidates_complete(struct candidates *c, const struct provider *p, int outside)
{
    for (size_t i = 0; p->host && i < c->count; i++)
        if (!strcasecmp(c->list[i].host, p->host)) {
            c->list[i].outside = outside;
            c->list[i].user = p->user;
            c->list[i].token = p->token;
            c->list[i].advice = p->advice;
        }
}

static void candidates_add_provider(struct candidates *c, const struct provider *p, int outside)
{
    candidates_complete(c, p, outside);
    if (!p->host) {
        c->provider = p->name;
        c->advice = p->advice;
        return;
    }
    candidates_add_named(c, p->host, "",
                         (struct candidate){.port = p->port,
                                            .tls = p->tls,
                                            .outside = outside,
                                            .source = p->name,
                                            .user = p->user,
                                            .token = p->token,
                                            .advice = p->advice});
}

static int candidates_add_by_exchanger(struct candidates *c, struct envoi_lookup *lookup, const char *domain,
                                       struct fault *fault)
{
    int error = envoi_lookup_exchangers(lookup, domain);

    if (error && !candidates_is_about_domain(error))
        return candidates_refuse(lookup, error, fault);
    if (error)
        candidates_note_failure(c, lookup, error);
    for (size_t i = 0; i < envoi_lookup_servers(lookup); i++) {
        const struct provider *p = provider_of_exchanger(envoi_lookup_host(lookup, i));

        if (p) {
            candidates_add_provider(c, p, p->host && !candidate_within(p->host, domain));
            return 0;
        }
    }
    return 0;
}

/* ---- all of them ---- */

static const struct {
    const char *host;
    unsigned port;
    int tls;
} guesses[] = {
    {"smtp.", 465, ENVOI_TLS_IMPLICIT},
    {"smtp.", 587, ENVOI_TLS_REQUIRED},
    {"mail.", 465, ENVOI_TLS_IMPLICIT},
    {"mail.", 587, ENVOI_TLS_REQUIRED},
};

int candidates_of_domain(struct candidates *c, struct envoi_library *library, const char *domain, long timeout,
                         struct fault *fault)
{
    const struct provider *p = provider_of_domain(domain);
    struct envoi_lookup *lookup = NULL;
    int error = envoi_lookup_new(library, &lookup), rc;

    if (error)
        return fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    if (timeout)
        envoi_lookup_set_timeout(lookup, timeout);
    rc = candidates_add_services(c, lookup, domain, fault);
    /* That of a provider's own domain comes from the table and not from the network, so it is not outside. */
    if (!rc && p)
        candidates_add_provider(c, p, 0);
    else if (!rc)
        rc = candidates_add_by_exchanger(c, lookup, domain, fault);
    envoi_lookup_free(lookup);
    for (size_t i = 0; !rc && !p && !c->advice && i < sizeof guesses / sizeof *guesses; i++)
        candidates_add_named(
            c, guesses[i].host, domain,
            (struct candidate){.port = guesses[i].port, .tls = guesses[i].tls, .source = "a usual name"});
    return rc;
}
