/* SPDX-License-Identifier: MIT */
#include "login/explain.h"

#include "login/login.h"
#include "login/pick.h"
#include "login/refusal.h"

#include <envoi/library.h>
#include <stdio.h>

int explain_step(struct login *l, int rc)
{
    struct envoi_errctx *fault = l->env.fault;

    if (rc == ENVOI_E_CANCELLED && l->refused.before)
        return refusal_tell(l);
    if (rc == ENVOI_E_CANCELLED)
        return fault_set(fault, rc, ENVOI_PHASE_AUTH, "login by %s: %s", l->name,
                         l->step ? "the application has given it up" : "a credential was asked for and not given");
    if (fault->code != rc)
        return fault_set(fault, rc, ENVOI_PHASE_AUTH, "login by %s failed: %s", l->name, envoi_error_text(rc));
    fault_prefix(fault, "login by %s", l->name);
    fault->phase = ENVOI_PHASE_AUTH;
    return rc;
}

int explain_refusal(struct login *l)
{
    char text[256] = "";
    unsigned refused = 0;
    size_t used = 0;

    pick_find_left(l);
    for (unsigned i = 0; i < l->tried_count; i++)
        refused += l->tried[i].code != 0;
    for (unsigned i = 0; refused > 1 && used < sizeof text - 1 && i < l->tried_count; i++)
        if (l->tried[i].code)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s (%d)",
                                     used ? ", " : "; tried: ", l->tried[i].name, l->tried[i].code);
    fault_append(l->env.fault, "%s%s%s%s", text, l->left[0] ? "; not tried: " : "", l->left,
                 l->left[0] ? ", to be named if wanted" : "");
    return l->env.fault->code;
}

int explain_no_mechanism(struct login *l)
{
    if (l->refusal.code) { /* the last refusal, by the server or by the application */
        *l->env.fault = l->refusal;
        return l->refusal.code == ENVOI_E_AUTH ? explain_refusal(l) : l->refusal.code;
    }
    if (l->refused.before)
        return refusal_tell(l);
    return fault_set(l->env.fault, ENVOI_E_NO_MECHANISM, ENVOI_PHASE_AUTH,
                     "no login mechanism is announced, available and allowed: the server announces \"%.100s\"%s%s%s%s",
                     pick_announced(l), l->asked[0] ? "; asked for: " : "", l->asked,
                     l->passed_over[0] ? "; passed over: " : "", l->passed_over);
}
