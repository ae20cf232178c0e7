/* SPDX-License-Identifier: MIT */
#include "engine/refusal.h"

#include "base/hash.h"
#include "engine/state.h"
#include "plugin/strength.h"

#include <string.h>

/* The kinds of secrets, each counted by itself. */
static const uint32_t kinds[AUTH_SECRETS] = {ENVOI_CRED_PASSWORD, ENVOI_CRED_TOKEN};
#define ALL_KINDS (ENVOI_CRED_PASSWORD | ENVOI_CRED_TOKEN)

/* Replies to AUTH, besides 4yz, that say nothing about the secret (RFC 4954 section 6). */
static const int not_the_secret[] = {500, 501, 502, 503, 504, 530, 534, 538};

static bool blames_secret(int code)
{
    for (size_t i = 0; i < sizeof not_the_secret / sizeof not_the_secret[0]; i++)
        if (not_the_secret[i] == code)
            return false;
    return code >= 500;
}

/* ---- on other connections ---- */

/* Of this session, or of all sessions of a pool's route. */
static struct refusal_record *record_of(struct engine *e)
{
    return e->settings->refusals ? e->settings->refusals : &e->refusals;
}

/* Recognises a secret, with its user and, outside of a pool, its server, by 32 bits: too few to find it. Never 0. */
static uint32_t fingerprint(struct engine *e, const void *secret, size_t len)
{
    struct hash_key *key = &record_of(e)->key;
    const char *user = e->settings->user ? e->settings->user : e->auth.refused.who;
    const char *host = e->settings->refusals ? "" : e->host;
    uint64_t hash;

    hash_draw_key(key);
    hash = hash_add(key, key->begin, user, strlen(user));
    hash = hash_add(key, hash, host, strlen(host));
    hash = hash_add(key, hash, secret, len);
    return (uint32_t)(hash ^ hash >> 32) | 1;
}

static bool was_refused_before(struct engine *e, const void *secret, size_t len)
{
    const struct refusal_record *r = record_of(e);
    struct auth *a = &e->auth;

    if (!r->secret || a->asked[0] || a->refused.noted || e->now - r->at >= REFUSAL_FORGET_MS)
        return false;
    if (r->secret != fingerprint(e, secret, len))
        return false;
    a->refused.before = true;
    return true;
}

bool refusal_allows(struct engine *e, uint32_t id, const void *data, size_t len)
{
    struct auth_refused *r = &e->auth.refused;

    if (id == ENVOI_CRED_AUTHID && len < sizeof r->who) {
        memcpy(r->who, data, len);
        r->who[len] = '\0';
    }
    if (!(id & ALL_KINDS))
        return true;
    r->given |= id;
    r->secret = fingerprint(e, data, len);
    return !was_refused_before(e, data, len);
}

bool refusal_allows_settings(struct engine *e, uint32_t needs)
{
    for (size_t i = 0; i < AUTH_SECRETS; i++) {
        const char *secret = needs & kinds[i] ? settings_credential(e->settings, kinds[i]) : NULL;

        if (secret && was_refused_before(e, secret, strlen(secret)))
            return false;
    }
    return true;
}

int refusal_tell(struct engine *e)
{
    const struct refusal_record *r = record_of(e);
    struct envoi_errctx why = r->why;

    (void)fault_set(e->fault, ENVOI_E_AUTH, ENVOI_PHASE_AUTH,
                    "not tried again with what was refused %lld s ago, and has not changed since: %s",
                    (long long)(e->now - r->at) / 1000, why.text);
    return fault_detail(e->fault, ENVOI_DETAIL_REFUSED_BEFORE);
}

/* ---- in this login ---- */

static unsigned times_refused(const struct auth_refused *r, uint32_t needs)
{
    unsigned most = 0;

    for (size_t i = 0; i < AUTH_SECRETS; i++)
        if ((needs & kinds[i]) && r->times[i] > most)
            most = r->times[i];
    return most;
}

bool refusal_was_shown(const struct engine *e, uint32_t needs)
{
    return e->auth.refused.shown & needs;
}

const char *refusal_objects(const struct engine *e, const struct registry_mechanism *m, bool named)
{
    const struct settings *s = e->settings;
    bool plaintext = strength_shows_secret(e->auth.name, m->info.flags);
    unsigned times = times_refused(&e->auth.refused, m->info.needs);

    if (times >= s->password_tries)
        return "the same secret was refused, and is not presented more often";
    if (named)
        return NULL;
    if (e->auth.refused.could_bind)
        return "weaker than a mechanism that binds to the TLS channel and was refused: name it to use it";
    if (!times || (m->info.needs & ENVOI_CRED_TOKEN)) /* a token locks no account: its other form may follow */
        return NULL;
    if (refusal_was_shown(e, m->info.needs))
        return "the server has seen the secret, and refused it";
    if (plaintext && (!engine_is_safe(e) || s->min_ssf))
        return "shows a secret that was refused, and the connection is not verified TLS: name it to use it";
    /* a server may keep another kind of hash, but by a plaintext mechanism it can check the password */
    if (!plaintext && times + 1 == s->password_tries)
        return "the secret was refused, and is presented once more only, by a plaintext mechanism: name it to use it";
    return NULL;
}

void refusal_note(struct engine *e, int code)
{
    struct auth *a = &e->auth;
    struct auth_refused *r = &a->refused;
    struct refusal_record *record = record_of(e);

    if (!blames_secret(code))
        return;
    if (!a->step && (a->m.info.flags & ENVOI_MECH_CHANNEL_BINDING) && e->stack.secure)
        r->could_bind = true;
    if (!r->given)
        return;
    for (size_t i = 0; i < AUTH_SECRETS; i++)
        if (r->given & kinds[i])
            r->times[i]++;
    if (strength_shows_secret(a->name, a->m.info.flags))
        r->shown |= r->given & ENVOI_CRED_PASSWORD;
    record->secret = r->secret;
    record->at = e->now;
    record->why = *e->fault;
    r->noted = true;
}

void refusal_forget(struct engine *e)
{
    record_of(e)->secret = 0;
}
