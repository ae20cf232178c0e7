/* SPDX-License-Identifier: MIT */
#include "engine/auth_pick.h"

#include "base/contract.h"
#include "base/mem.h"
#include "base/sasl_name.h"
#include "base/text.h"
#include "engine/auth.h"
#include "engine/detached.h"
#include "engine/refusal.h"
#include "engine/state.h"
#include "plugin/strength.h"

#include <stdio.h>
#include <string.h>

static const struct auth_try *find_try(const struct auth *a, const char *name)
{
    for (unsigned i = 0; i < a->tried_count; i++)
        if (text_equal(a->tried[i].name, name))
            return &a->tried[i];
    return NULL;
}

void auth_pass_over(struct auth *a, const char *why)
{
    size_t used = strlen(a->passed_over);

    if (a->nth == 0)
        (void)snprintf(a->passed_over + used, sizeof a->passed_over - used, "%s%s: %s", used ? "; " : "", a->name, why);
}

/* Above all ranks of strength.c. */
#define PREFERRED 1000

/* Finds the strongest announced name that was not tried, and that the application's list neither names nor forbids.
 * Names that the administrator prefers come before all others. ENVOI_OK; ENVOI_E_END; or a failure of the registry. */
static int strongest(const struct engine *e, const char *announced, char *out)
{
    const char *list = e->settings->mechanisms, *word;
    struct registry_rule rule;
    int best = -1, rc;
    size_t len;

    while ((announced = text_word(announced, &word, &len))) {
        char name[SASL_NAME_MAX + 1];
        struct strength s;

        if (!sasl_name_take(word, len, name) || find_try(&e->auth, name) || sasl_list_has(list, "", name) ||
            sasl_list_has(list, "!", name))
            continue;
        s = strength_of(name);
        if (s.named_only)
            continue;
        if ((rc = registry_find_rule(e->env.registry, name, e->fault, &rule)))
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
static int next_name(const struct engine *e, const char *announced, char *out)
{
    const char *list = e->settings->mechanisms, *word;
    size_t len;

    if (e->auth.asked[0]) {
        memcpy(out, e->auth.asked, sizeof e->auth.asked);
        if (find_try(&e->auth, out))
            return ENVOI_E_END;
        return e->settings->unannounced_auth || text_has_word(announced, out) ? ENVOI_OK : ENVOI_E_END;
    }
    if (sasl_list_only_forbids(list))
        return strongest(e, announced, out);
    while ((list = text_word(list, &word, &len))) {
        if (len == 1 && *word == '*') {
            int rc = strongest(e, announced, out);

            if (rc != ENVOI_E_END)
                return rc;
        } else if (*word != '!' && sasl_name_take(word, len, out) && !find_try(&e->auth, out) &&
                   text_has_word(announced, out) && !sasl_list_has(e->settings->mechanisms, "!", out)) {
            return ENVOI_OK;
        }
    }
    return ENVOI_E_END;
}

/* Did the application ask for it by name? */
static bool is_named(const struct engine *e, const char *name)
{
    return text_equal(e->auth.asked, name) || sasl_list_has(e->settings->mechanisms, "", name);
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
static const char *objection(const struct engine *e, const char *name, const struct registry_mechanism *m,
                             char text[SAY_MAX])
{
    const struct settings *s = e->settings;

    if (strength_shows_secret(name, m->info.flags) && !engine_is_safe(e) && !s->cleartext_auth)
        return "shows the password, and the connection is not verified TLS";
    if (m->needs_tls && !engine_is_safe(e) && (m->locked || !s->cleartext_auth)) {
        (void)snprintf(text, SAY_MAX, NEEDS_TLS, m->needs_tls);
        return text;
    }
    if ((m->info.flags & ENVOI_MECH_ANONYMOUS) && !is_named(e, name))
        return "anonymous, and not asked for by name";
    if (s->user && !(m->info.needs & OURS) && !is_named(e, name))
        return "logs in whoever has the ticket or certificate, and a user was given: name it to use it";
    if ((m->info.flags & ENVOI_MECH_MAY_BLOCK) && s->nonblocking && !s->blocking_mechanisms)
        return "its library may block, which was not allowed";
    return lacks_credential(s, m->info.needs) ? missing_credential(m->info.needs) : NULL;
}

/* No plugin provides a->name: notes whether the administrator forbids it. */
static int pass_over_unserved(struct engine *e)
{
    struct auth *a = &e->auth;
    struct registry_rule rule;
    char text[SAY_MAX];
    int rc = registry_find_rule(e->env.registry, a->name, e->fault, &rule);

    if (rc)
        return rc;
    if (rule.forbidden)
        (void)snprintf(text, sizeof text, FORBIDDEN, rule.forbidden);
    auth_pass_over(a, rule.forbidden ? text : "no plugin provides it");
    return ENVOI_E_END;
}

/* May a->m be tried, and does it begin an exchange? */
static int open_context(struct engine *e, const struct envoi_mech_params *params)
{
    struct auth *a = &e->auth;
    const struct envoi_mechanism *m = a->m.mechanism;
    int rc = m->usable ? m->usable(a->m.state, a->name, params) : ENVOI_OK;

    rc = contract_result(CONTRACT_USABLE, rc, a->m.id, e->fault);
    if (rc)
        return rc;
    a->ctx = NULL;
    rc = m->mech_new(a->m.state, a->name, params, &a->ctx);
    if (!rc && !a->ctx)
        return contract_breach(CONTRACT_MECH_NEW, a->m.id, e->fault, "succeeded without a context");
    return contract_result(CONTRACT_MECH_NEW, rc, a->m.id, e->fault);
}

/* Opens an exchange with a->m. ENVOI_OK, ENVOI_E_MEMORY, or the plugin's failure, which is reported to the fault. */
static int open_exchange(struct engine *e)
{
    struct auth *a = &e->auth;
    const struct settings *s = e->settings;
    bool detached = (a->m.info.flags & AUTH_SLOW) && s->nonblocking && s->blocking_mechanisms && e->env.run_detached;
    const struct envoi_mech_params *params = &a->params;
    int rc = detached ? detached_new(e, &a->detached) : ENVOI_OK;

    if (rc)
        return rc;
    if (detached)
        params = detached_params(a->detached);
    rc = open_context(e, params);
    if (rc) {
        if (rc != ENVOI_E_PLUGIN)
            detached_report(a->detached, e->fault);
        a->ctx = NULL;
        auth_drop(a);
    } else if (detached) {
        detached_adopt(a->detached, a->ctx);
    }
    return rc;
}

/* Opens an exchange with the next provider of a->name that may be used. ENVOI_E_END: there is none. */
static int open_provider(struct engine *e)
{
    struct auth *a = &e->auth;
    char text[SAY_MAX];
    bool seen = false;

    for (;; a->nth++) {
        const char *why;
        int rc = registry_find_mechanism(e->env.registry, a->name, a->nth, e->fault, &a->m);

        if (rc == ENVOI_E_END && a->nth == 0 && !seen)
            return pass_over_unserved(e);
        if (rc)
            return rc;
        seen = true;
        fault_clear(e->fault);
        why = objection(e, a->name, &a->m, text);
        if (!why)
            why = refusal_objects(e, &a->m, is_named(e, a->name));
        if (!why && !refusal_allows_settings(e, a->m.info.needs))
            why = "what it would present was refused before";
        if (!why) {
            rc = open_exchange(e);
            if (!rc || rc == ENVOI_E_MEMORY || rc == ENVOI_E_PLUGIN)
                return rc;
            why = *e->fault->text ? e->fault->text : "not usable here";
        }
        auth_pass_over(a, why);
    }
}

/* Opens an exchange with the application's own mechanism. The administrator's rules for the name hold for it, too. */
static int open_own(struct engine *e)
{
    struct auth *a = &e->auth;
    struct registry_rule rule;
    char text[SAY_MAX] = "";
    int rc = registry_find_rule(e->env.registry, a->name, e->fault, &rule);

    if (rc)
        return rc;
    if (rule.forbidden)
        (void)snprintf(text, sizeof text, FORBIDDEN, rule.forbidden);
    else if (rule.needs_tls && !engine_is_safe(e))
        (void)snprintf(text, sizeof text, NEEDS_TLS, rule.needs_tls);
    else if (a->step_safe || engine_is_safe(e) || e->settings->cleartext_auth)
        return ENVOI_OK;
    auth_pass_over(a, *text ? text : "counts as plaintext, and the connection is not verified TLS");
    return ENVOI_E_END;
}

int auth_check_name(struct engine *e)
{
    struct auth *a = &e->auth;
    struct strength s = strength_of(a->name);
    int rc;

    a->step_safe = s.known && !s.plaintext;
    a->nth = 0;
    rc = open_own(e);
    if (rc != ENVOI_E_END)
        return rc;
    return fault_set(e->fault, ENVOI_E_NO_MECHANISM, ENVOI_PHASE_AUTH, "not sent: %s", a->passed_over);
}

static int make_server_list(struct engine *e, const char *announced)
{
    struct auth *a = &e->auth;

    mem_free(a->server_list);
    if (!(a->server_list = mem_strdup(announced)))
        return ENVOI_E_MEMORY;
    text_to_upper(a->server_list);
    return auth_params(e);
}

int auth_pick(struct engine *e)
{
    struct auth *a = &e->auth;
    const char *announced = auth_announced(e);
    int rc = make_server_list(e, announced);

    if (rc)
        return rc;
    for (;;) {
        if (!a->name[0] || find_try(a, a->name)) {
            rc = a->tried_count == AUTH_MECHANISMS_MAX ? ENVOI_E_END : next_name(e, announced, a->name);
            if (rc == ENVOI_E_END)
                return rc;
            a->nth = 0;
        }
        a->refused.given = 0;
        if (!rc)
            rc = a->step ? open_own(e) : open_provider(e);
        if (!rc) {
            a->active = true;
            a->plugin = a->step ? "application" : a->m.id;
            engine_trace(e, ENVOI_TRACE_INFO, "mechanism %s by plugin %s", a->name, a->plugin);
            return ENVOI_OK;
        }
        if (rc != ENVOI_E_END) {
            e->fault->phase = ENVOI_PHASE_AUTH;
            return rc;
        }
        auth_note_tried(a, 0);
    }
}

/* ---- after a refusal ---- */

/* Would this name be tried if the application named it, and is that of any use? */
static bool would_do(struct engine *e, const char *name)
{
    const struct auth_try *t = find_try(&e->auth, name);
    struct registry_mechanism m;
    struct envoi_errctx unused;
    char text[SAY_MAX];

    if ((t && t->code) || strength_of(name).named_only || sasl_list_has(e->settings->mechanisms, "!", name))
        return false;
    if (registry_find_mechanism(e->env.registry, name, 0, &unused, &m))
        return false;
    return !objection(e, name, &m, text) && !refusal_was_shown(e, m.info.needs);
}

void auth_find_left(struct engine *e)
{
    struct auth *a = &e->auth;
    const char *announced = auth_announced(e), *word;
    size_t len, used = 0;

    a->left[0] = '\0';
    while (!a->asked[0] && announced && (announced = text_word(announced, &word, &len))) {
        char name[SASL_NAME_MAX + 1];

        if (!sasl_name_take(word, len, name) || text_has_word(a->left, name) || !would_do(e, name))
            continue;
        if (used + 1 + strlen(name) < sizeof a->left)
            used += (size_t)snprintf(a->left + used, sizeof a->left - used, "%s%s", used ? " " : "", name);
    }
}
