/* SPDX-License-Identifier: MIT */
#include "mech.h"

#include <string.h>

int32_t mech_init(const struct envoi_host *host, void **state)
{
    *state = (void *)(uintptr_t)host;
    return ENVOI_HAS(host, set_error) ? ENVOI_OK : ENVOI_E_PLUGIN;
}

int32_t mech_describe(const struct mech_spec *spec, struct envoi_mech_info *out)
{
    out->flags = spec->flags;
    out->needs = spec->needs;
    out->name = spec->name;
    return ENVOI_OK;
}

int32_t mech_new(void *state, const char *name, const struct envoi_mech_params *params, const struct mech_spec *spec,
                 void **ctx)
{
    const struct envoi_host *host = state;
    struct mech_exchange *self;

    if (strcmp(name, spec->name) != 0 || !ENVOI_HAS(params, errctx))
        return ENVOI_E_NOT_SUPPORTED;
    self = host->alloc(spec->size);
    if (!self) {
        host->set_error(host, params->errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    memset(self, 0, spec->size);
    *self = (struct mech_exchange){.host = host, .params = params, .spec = spec};
    *ctx = self;
    return ENVOI_OK;
}

void mech_free(void *ctx)
{
    struct mech_exchange *self = ctx;

    if (!self)
        return;
    mech_release(self);
    self->host->free(self);
}

int32_t mech_fail(struct mech_exchange *self, int32_t code, const char *text)
{
    self->host->set_error(self->host, self->params->errctx, code, 0, text);
    return code;
}

static int32_t mech_check(struct mech_exchange *self, size_t field)
{
    const struct mech_field *row = &self->spec->fields[field];
    const struct envoi_cred *cred = &self->cred[field];
    int good;

    if (cred->len == 0)
        return row->empty ? mech_fail(self, ENVOI_E_USAGE, row->empty) : ENVOI_OK;
    good = row->is_good ? row->is_good(cred->data, cred->len) : !memchr(cred->data, 0, cred->len);
    return good ? ENVOI_OK : mech_fail(self, ENVOI_E_USAGE, row->bad);
}

int32_t mech_ask(struct mech_exchange *self, size_t field, uint32_t *want)
{
    const struct mech_field *row = &self->spec->fields[field];
    const struct envoi_cred_request request = {
        .struct_size = sizeof request, .id = row->id, .mechanism = self->spec->name};
    struct envoi_cred *cred = &self->cred[field];
    int32_t rc;

    *cred = (struct envoi_cred){.struct_size = sizeof *cred};
    rc = self->params->cred(self->params->core, &request, cred);
    if (!rc)
        return self->spec->check_all ? ENVOI_OK : mech_check(self, field);
    *cred = (struct envoi_cred){0};
    if (rc == ENVOI_E_AGAIN) {
        *want = ENVOI_WANT_CREDENTIAL;
        return rc;
    }
    if (rc == ENVOI_E_CANCELLED && row->optional)
        return ENVOI_OK;
    return mech_fail(self, rc, rc == ENVOI_E_CANCELLED ? row->missing : "a credential cannot be had");
}

int32_t mech_gather(struct mech_exchange *self, uint32_t *want)
{
    int32_t rc = ENVOI_OK;

    while (self->asked < self->spec->count) {
        rc = mech_ask(self, self->asked, want);
        if (rc)
            return rc;
        self->asked++;
    }
    for (size_t i = 0; !rc && self->spec->check_all && i < self->spec->count; i++)
        rc = mech_check(self, i);
    return rc;
}

void mech_release(struct mech_exchange *self)
{
    for (size_t i = 0; i < MECH_FIELDS_MAX; i++) {
        if (self->cred[i].release)
            self->cred[i].release(&self->cred[i]);
        self->cred[i] = (struct envoi_cred){0};
    }
    self->asked = 0;
}

int32_t mech_write(struct mech_exchange *self, const struct envoi_sink *out, const void *data, size_t len)
{
    int32_t rc = out->write(out->ctx, data, len);

    return rc ? mech_fail(self, rc, "the response cannot be stored") : ENVOI_OK;
}
