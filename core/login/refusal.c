/* SPDX-License-Identifier: MIT */
#include "login/refusal.h"

#include "login/login.h"
#include "plugin/strength.h"
#include "settings/refusals.h"

#include <string.h>

/* The kinds of secrets, each counted by itself. */
static const uint32_t kinds[LOGIN_SECRETS] = {ENVOI_CRED_PASSWORD, ENVOI_CRED_TOKEN};
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

static struct refusal_key key_of(const struct login *l, const void *secret, size_t len)
{
    const char *user = l->env.settings->user ? l->env.settings->user : l->refused.who;

    return refusals_key(l->env.settings->refusals, user, secret, len);
}

static bool was_refused_before(struct login *l, struct refusal_key key)
{
    struct login_refused *r = &l->refused;

    if (l->asked[0] || r->noted || !refusals_find(l->env.settings->refusals, key, *l->env.now, &r->known))
        return false;
    r->before = true;
    return true;
}

bool refusal_allows(struct login *l, uint32_t id, const void *data, size_t len)
{
    struct login_refused *r = &l->refused;

    if (id == ENVOI_CRED_AUTHID && len < sizeof r->who) {
        memcpy(r->who, data, len);
        r->who[len] = '\0';
    }
    if (!(id & ALL_KINDS))
        return true;
    r->given |= id;
    r->key = key_of(l, data, len);
    return !was_refused_before(l, r->key);
}

bool refusal_allows_settings(struct login *l, uint32_t needs)
{
    for (size_t i = 0; i < LOGIN_SECRETS; i++) {
        const char *secret = needs & kinds[i] ? settings_credential(l->env.settings, kinds[i]) : NULL;

        if (secret && was_refused_before(l, key_of(l, secret, strlen(secret))))
            return false;
    }
    return true;
}

int refusal_tell(struct login *l)
{
    const struct refusal *known = &l->refused.known;

    (void)fault_set(l->env.fault, ENVOI_E_AUTH, ENVOI_PHASE_AUTH,
                    "not tried again with what was refused %lld s ago, and has not changed since: %s",
                    (long long)(*l->env.now - known->at) / 1000, known->why);
    return fault_detail(l->env.fault, ENVOI_DETAIL_REFUSED_BEFORE);
}

/* ---- in this login ---- */

static unsigned times_refused(const struct login_refused *r, uint32_t needs)
{
    unsigned most = 0;

    for (size_t i = 0; i < LOGIN_SECRETS; i++)
        if ((needs & kinds[i]) && r->times[i] > most)
            most = r->times[i];
    return most;
}

bool refusal_was_shown(const struct login *l, uint32_t needs)
{
    return l->refused.shown & needs;
}

const char *refusal_objects(const struct login *l, const struct registry_mechanism *m, bool named)
{
    const struct settings *s = l->env.settings;
    bool plaintext = strength_shows_secret(l->name, m->info.flags);
    unsigned times = times_refused(&l->refused, m->info.needs);

    if (times >= s->password_tries)
        return "the same secret was refused, and is not presented more often";
    if (named)
        return NULL;
    if (l->refused.could_bind)
        return "weaker than a mechanism that binds to the TLS channel and was refused: name it to use it";
    if (!times || (m->info.needs & ENVOI_CRED_TOKEN)) /* a token locks no account: its other form may follow */
        return NULL;
    if (refusal_was_shown(l, m->info.needs))
        return "the server has seen the secret, and refused it";
    if (plaintext && (!l->peer.safe || s->min_ssf))
        return "shows a secret that was refused, and the connection is not verified TLS: name it to use it";
    /* a server may keep another kind of hash, but by a plaintext mechanism it can check the password */
    if (!plaintext && times + 1 == s->password_tries)
        return "the secret was refused, and is presented once more only, by a plaintext mechanism: name it to use it";
    return NULL;
}

void refusal_note(struct login *l, int code)
{
    struct login_refused *r = &l->refused;

    if (!blames_secret(code))
        return;
    if (!l->step && (l->m.info.flags & ENVOI_MECH_CHANNEL_BINDING) && l->env.stack->secure)
        r->could_bind = true;
    if (!r->given)
        return;
    for (size_t i = 0; i < LOGIN_SECRETS; i++)
        if (r->given & kinds[i])
            r->times[i]++;
    if (strength_shows_secret(l->name, l->m.info.flags))
        r->shown |= r->given & ENVOI_CRED_PASSWORD;
    refusals_add(l->env.settings->refusals, r->key, *l->env.now, l->peer.host, l->env.fault->text);
    r->noted = true;
}

void refusal_forget(struct login *l)
{
    if (l->refused.given)
        refusals_forget(l->env.settings->refusals, l->refused.key.user);
}
