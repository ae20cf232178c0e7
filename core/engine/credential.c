/* SPDX-License-Identifier: MIT */
#include "engine/credential.h"

#include "base/echo.h"
#include "base/mem.h"
#include "engine/refusal.h"
#include "engine/state.h"

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
static int credential_ask(struct engine *e, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    const struct settings *s = e->settings;
    const char *data = NULL;
    size_t len = 0;
    int rc = s->credential(s->credential_ctx, request->id, request->mechanism, &data, &len);

    engine_refresh_clock(e); /* it may have waited for a person to type a password */
    if (rc == ENVOI_E_AGAIN)
        e->auth.awaiting = true;
    if (rc)
        return rc == ENVOI_E_AGAIN ? rc : ENVOI_E_CANCELLED;
    return !data && len ? ENVOI_E_CANCELLED : credential_copy(data, len, out);
}

static int credential_find(struct engine *e, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    const char *data = settings_credential(e->settings, request->id);

    if (!data)
        return e->settings->credential ? credential_ask(e, request, out) : ENVOI_E_CANCELLED;
    out->data = data;
    out->len = strlen(data);
    out->release = credential_release_nothing;
    return ENVOI_OK;
}

int32_t credential_give(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    struct engine *e = core;
    int rc = credential_find(e, request, out);

    if (!rc && !refusal_allows(e, request->id, out->data, out->len)) {
        out->release(out);
        return ENVOI_E_CANCELLED;
    }
    if (!rc && (request->id == ENVOI_CRED_PASSWORD || request->id == ENVOI_CRED_TOKEN) &&
        echo_remember_all(&e->echo, out->data, out->len)) {
        out->release(out);
        rc = ENVOI_E_MEMORY;
    }
    return rc;
}
