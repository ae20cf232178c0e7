/* SPDX-License-Identifier: MIT */
#include "login/credential.h"

#include "base/echo.h"
#include "base/mem.h"
#include "login/login.h"
#include "login/refusal.h"

#include <string.h>

void credential_release_nothing(struct envoi_cred *cred)
{
}

static void credential_release_copy(struct envoi_cred *cred)
{
    mem_wipe(cred->core, cred->len);
    mem_free(cred->core);
    cred->core = NULL;
}

static int credential_copy(const void *data, size_t len, struct envoi_cred *out)
{
    if (!(out->core = mem_alloc(len)))
        return ENVOI_E_MEMORY;
    if (len)
        memcpy(out->core, data, len);
    out->data = out->core;
    out->len = len;
    out->release = credential_release_copy;
    return ENVOI_OK;
}

/* Asks the application. Its data is valid during the callback only, so it is copied. */
static int credential_ask(struct login *l, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    const struct settings *s = l->env.settings;
    const char *data = NULL;
    size_t len = 0;
    int rc = s->credential(s->credential_ctx, request->id, request->mechanism, &data, &len);

    l->env.refresh_clock(l->env.owner); /* it may have waited for a person to type a password */
    if (rc == ENVOI_E_AGAIN)
        l->awaiting = true;
    if (rc)
        return rc == ENVOI_E_AGAIN ? rc : ENVOI_E_CANCELLED;
    return !data && len ? ENVOI_E_CANCELLED : credential_copy(data, len, out);
}

static int credential_find(struct login *l, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    const char *data = settings_credential(l->env.settings, request->id);

    if (!data)
        return l->env.settings->credential ? credential_ask(l, request, out) : ENVOI_E_CANCELLED;
    out->data = data;
    out->len = strlen(data);
    out->release = credential_release_nothing;
    return ENVOI_OK;
}

int32_t credential_give(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    struct login *l = core;
    int rc = credential_find(l, request, out);

    if (!rc && !refusal_allows(l, request->id, out->data, out->len)) {
        out->release(out);
        return ENVOI_E_CANCELLED;
    }
    if (!rc && (request->id == ENVOI_CRED_PASSWORD || request->id == ENVOI_CRED_TOKEN) &&
        echo_remember_all(l->env.echo, out->data, out->len)) {
        out->release(out);
        rc = ENVOI_E_MEMORY;
    }
    return rc;
}
