/* SPDX-License-Identifier: MIT */
#include "login/pick.h"

#include "base/contract.h"
#include "base/mem.h"
#include "base/sasl_name.h"
#include "base/text.h"
#include "login/detached.h"
#include "login/exchange.h"
#include "login/refusal.h"
#include "plugin/strength.h"

#include <stdio.h>
#include <string.h>

const char *pick_announced(const struct login *l)
{
    const char *names = extensions_get(l->env.extensions, "AUTH");

    return names ? names : "";
}

static const struct login_try *find_try(const struct login *l, const char *name)
{
    for (unsigned i = 0; i < l->tried_count; i++)
        if (text_equal(l->tried[i].name, name))
            return &l->tried[i];
    return NULL;
}

void pick_note_tried(struct login *l, int code)
{
    struct login_try *t = &l->tried[l->tried_count++];

    memcpy(t->name, l->name, sizeof t->name);
    t->code = code;
}

void pick_pass_over(struct login *l, const char *why)
{
    size_t used = strlen(l->passed_over);

    if (l->nth == 0)
        (void)snprintf(l->passed_over + used, sizeof l->passed_over - used, "%s%s: %s", used ? "; " : "", l->name, why);
}

/* Above all ranks of strength.c. */
#define PREFERRED 1000

/* Finds the strongest announced name that was not tried, and that the application's list neither names nor forbids.
 * Names that the administrator prefers come before all others. ENVOI_OK; ENVOI_E_END; or a failure of the registry. */
static int strongest(const struct login *l, const char *announced, char *out)
{
    const char *list = l->env.settings->mechanisms, *word;
    struct registry_rule rule;
    int best = -1, rc;
    size_t len;

    while ((announced = text_word(announced, &word, &len))) {
        char name[SASL_NAME_MAX + 1];
        struct strength s;

        if (!sasl_name_take(word, len, name) || find_try(l, name) || sasl_list_has(list, "", name) ||
            sasl_list_has(list, "!", name))
            continue;
        s = strength_of(name);
        if (s.named_only)
            continue;
        if ((rc = registry_find_rule(l->env.registry, name, l->env.fault, &rule)))
            return rc;
        s.rank += rule.preferred ? PREFERRED : 0;
        if (s.rank > best) {
            best = s.rank;
            memcpy(out, name, sizeof name);
        }
    }
    return best >= 0 ? ENVOI_OK : ENVOI_E_END;
}

/* Finds the next name to try. Results as of strongest(). */
static int next_name(const struct login *l, const char *announced, char *out)
{
    const char *list = l->env.settings->mechanisms, *word;
    size_t len;

    if (l->asked[0]) {
        memcpy(out, l->asked, sizeof l->asked);
        if (find_try(l, out))
            return ENVOI_E_END;
        return l->env.settings->unannounced_auth || text_has_word(announced, out) ? ENVOI_OK : ENVOI_E_END;
    }
    if (sasl_list_only_forbids(list))
        return strongest(l, announced, out);
    while ((list = text_word(list, &word, &len))) {
        if (len == 1 && *word == '*') {
            int rc = strongest(l, announced, out);

            if (rc != ENVOI_E_END)
                return rc;
        } else if (*word != '!' && sasl_name_take(word, len, out) && !find_try(l, out) &&
                   text_has_word(announced, out) && !sasl_list_has(l->env.settings->mechanisms, "!", out)) {
            return ENVOI_OK;
        }
    }
    return ENVOI_E_END;
}

/* Did the application ask for it by name? */
static bool is_named(const struct login *l, const char *name)
{
    return text_equal(l->asked, name) || sasl_list_has(l->env.settings->mechanisms, "", name);
}

static bool lacks_credential(const struct settings *s, uint32_t needs)
{
    if (s->credential)
        return false;
    return ((needs & ENVOI_CRED_AUTHID) && !s->user) || ((needs & ENVOI_CRED_PASSWORD) && !s->password) ||
           ((needs & ENVOI_CRED_TOKEN) && !s->token);
}

static const char *missing_credential(uint32_t needs)
{
    if (needs & ENVOI_CRED_TOKEN)
        return "needs a token, and none was given";
    return needs & ENVOI_CRED_PASSWORD ? "needs a user and a password, and they were not given"
                                       : "needs the name of a user, and none was given";
}

/* Reasons that come from a file in plugins.d. */
#define NEEDS_TLS "plugins.d requires verified TLS for it (%s)"
#define FORBIDDEN "plugins.d forbids it (%s)"
#define SAY_MAX   320

/* Credentials that tie a login to the user that was set. */
#define OURS (ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD | ENVOI_CRED_TOKEN)

/* The reason why this provider may not be used here; NULL: it may. */
static const char *objection(const struct login *l, const char *name, const struct registry_mechanism *m,
                             char text[SAY_MAX])
{
    const struct settings *s = l->env.settings;

    if (strength_shows_secret(name, m->info.flags) && !l->peer.safe && !s->cleartext_auth)
        return "shows the password, and the connection is not verified TLS";
    if (strength_shows_secret(name, m->info.flags) && s->min_ssf && !is_named(l, name))
        return "shows the password, and has no security layer";
    if (m->needs_tls && !l->peer.safe && (m->locked || !s->cleartext_auth)) {
        (void)snprintf(text, SAY_MAX, NEEDS_TLS, m->needs_tls);
        return text;
    }
    if ((m->info.flags & ENVOI_MECH_ANONYMOUS) && !is_named(l, name))
        return "anonymous, and not asked for by name";
    if (s->user && !(m->info.needs & OURS) && !is_named(l, name))
        return "logs in whoever has the ticket or certificate, and a user was given: name it to use it";
    if ((m->info.flags & ENVOI_MECH_MAY_BLOCK) && s->nonblocking && !s->blocking_mechanisms)
        return "its library may block, which was not allowed";
    return lacks_credential(s, m->info.needs) ? missing_credential(m->info.needs) : NULL;
}

/* No plugin provides l->name: notes whether the administrator forbids it. */
static int pass_over_unserved(struct login *l)
{
    struct registry_rule rule;
    char text[SAY_MAX];
    int rc = registry_find_rule(l->env.registry, l->name, l->env.fault, &rule);

    if (rc)
        return rc;
    if (rule.forbidden)
        (void)snprintf(text, sizeof text, FORBIDDEN, rule.forbidden);
    pick_pass_over(l, rule.forbidden ? text : "no plugin provides it");
    return ENVOI_E_END;
}

/* May l->m be tried, and does it begin an exchange? */
static int open_context(struct login *l, const struct envoi_mech_params *params)
{
    const struct envoi_mechanism *m = l->m.mechanism;
    int rc = m->usable ? m->usable(l->m.state, l->name, params) : ENVOI_OK;

    rc = contract_result(CONTRACT_USABLE, rc, l->m.id, l->env.fault);
    if (rc)
        return rc;
    l->ctx = NULL;
    rc = m->mech_new(l->m.state, l->name, params, &l->ctx);
    if (!rc && !l->ctx)
        return contract_breach(CONTRACT_MECH_NEW, l->m.id, l->env.fault, "succeeded without a context");
    return contract_result(CONTRACT_MECH_NEW, rc, l->m.id, l->env.fault);
}

/* Opens an exchange with l->m. ENVOI_OK, ENVOI_E_MEMORY, or the plugin's failure, which is reported to the fault. */
static int open_exchange(struct login *l)
{
    const struct settings *s = l->env.settings;
    bool detached =
        (l->m.info.flags & EXCHANGE_SLOW) && s->nonblocking && s->blocking_mechanisms && l->env.run_detached;
    const struct envoi_mech_params *params = &l->params;
    int rc = detached ? detached_new(l, &l->detached) : ENVOI_OK;

    if (rc)
        return rc;
    if (detached)
        params = detached_params(l->detached);
    rc = open_context(l, params);
    if (rc) {
        if (rc != ENVOI_E_PLUGIN)
            detached_report(l->detached, l->env.fault);
        l->ctx = NULL;
        exchange_drop(l);
    } else if (detached) {
        detached_adopt(l->detached, l->ctx);
    }
    return rc;
}

/* Opens an exchange with the next provider of l->name that may be used. ENVOI_E_END: there is none. */
static int open_provider(struct login *l)
{
    char text[SAY_MAX];
    bool seen = false;

    for (;; l->nth++) {
        const char *why;
        int rc = registry_find_mechanism(l->env.registry, l->name, l->nth, l->env.fault, &l->m);

        if (rc == ENVOI_E_END && l->nth == 0 && !seen)
            return pass_over_unserved(l);
        if (rc)
            return rc;
        seen = true;
        fault_clear(l->env.fault);
        why = objection(l, l->name, &l->m, text);
        if (!why)
            why = refusal_objects(l, &l->m, is_named(l, l->name));
        if (!why && !refusal_allows_settings(l, l->m.info.needs))
            why = "what it would present was refused before";
        if (!why) {
            rc = open_exchange(l);
            if (!rc || rc == ENVOI_E_MEMORY || rc == ENVOI_E_PLUGIN)
                return rc;
            why = *l->env.fault->text ? l->env.fault->text : "not usable here";
        }
        pick_pass_over(l, why);
    }
}

/* Opens an exchange with the application's own mechanism. The administrator's rules for the name hold for it, too. */
static int open_own(struct login *l)
{
    struct registry_rule rule;
    char text[SAY_MAX] = "";
    int rc = registry_find_rule(l->env.registry, l->name, l->env.fault, &rule);

    if (rc)
        return rc;
    if (rule.forbidden)
        (void)snprintf(text, sizeof text, FORBIDDEN, rule.forbidden);
    else if (rule.needs_tls && !l->peer.safe)
        (void)snprintf(text, sizeof text, NEEDS_TLS, rule.needs_tls);
    else if (l->step_safe || l->peer.safe || l->env.settings->cleartext_auth)
        return ENVOI_OK;
    pick_pass_over(l, *text ? text : "counts as plaintext, and the connection is not verified TLS");
    return ENVOI_E_END;
}

int pick_check_name(struct login *l)
{
    struct strength s = strength_of(l->name);
    int rc;

    l->step_safe = s.known && !s.plaintext;
    l->nth = 0;
    rc = open_own(l);
    if (rc != ENVOI_E_END)
        return rc;
    return fault_set(l->env.fault, ENVOI_E_NO_MECHANISM, ENVOI_PHASE_AUTH, "not sent: %s", l->passed_over);
}

static int make_server_list(struct login *l, const char *announced)
{
    mem_free(l->server_list);
    if (!(l->server_list = mem_strdup(announced)))
        return ENVOI_E_MEMORY;
    text_to_upper(l->server_list);
    return exchange_params(l);
}

int pick_next(struct login *l)
{
    const char *announced = pick_announced(l);
    char text[SAY_MAX];
    int rc = make_server_list(l, announced);

    if (rc)
        return rc;
    for (;;) {
        if (!l->name[0] || find_try(l, l->name)) {
            rc = l->tried_count == LOGIN_MECHANISMS_MAX ? ENVOI_E_END : next_name(l, announced, l->name);
            if (rc == ENVOI_E_END)
                return rc;
            l->nth = 0;
        }
        l->refused.given = 0;
        if (!rc)
            rc = l->step ? open_own(l) : open_provider(l);
        if (!rc) {
            l->active = true;
            l->plugin = l->step ? "application" : l->m.id;
            (void)snprintf(text, sizeof text, "mechanism %s by plugin %s", l->name, l->plugin);
            l->env.trace(l->env.owner, text);
            return ENVOI_OK;
        }
        if (rc != ENVOI_E_END) {
            l->env.fault->phase = ENVOI_PHASE_AUTH;
            return rc;
        }
        pick_note_tried(l, 0);
    }
}

/* ---- after a refusal ---- */

/* Would this name be tried if the application named it, and is that of any use? */
static bool would_do(struct login *l, const char *name)
{
    const struct login_try *t = find_try(l, name);
    struct registry_mechanism m;
    struct envoi_errctx unused;
    char text[SAY_MAX];

    if ((t && t->code) || strength_of(name).named_only || sasl_list_has(l->env.settings->mechanisms, "!", name))
        return false;
    if (registry_find_mechanism(l->env.registry, name, 0, &unused, &m))
        return false;
    return !objection(l, name, &m, text) && !refusal_was_shown(l, m.info.needs);
}

void pick_find_left(struct login *l)
{
    const char *announced = pick_announced(l), *word;
    size_t len, used = 0;

    l->left[0] = '\0';
    while (!l->asked[0] && announced && (announced = text_word(announced, &word, &len))) {
        char name[SASL_NAME_MAX + 1];

        if (!sasl_name_take(word, len, name) || text_has_word(l->left, name) || !would_do(l, name))
            continue;
        if (used + 1 + strlen(name) < sizeof l->left)
            used += (size_t)snprintf(l->left + used, sizeof l->left - used, "%s%s", used ? " " : "", name);
    }
}
