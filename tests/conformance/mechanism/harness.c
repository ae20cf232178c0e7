/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int credential_place(uint32_t id)
{
    for (int i = 0; i < CREDENTIALS; i++)
        if (id == 1u << i)
            return i;
    check_fail("asked for a credential that does not exist: %u", id);
}

static void credential_release(struct envoi_cred *cred)
{
    struct client *self = cred->core;

    check(cred->struct_size == sizeof *cred, "struct_size of a credential was changed");
    check(self->lent > 0, "a credential was released twice");
    self->lent--;
    /* Freed, so that a use after the release is found out. */
    free((void *)(uintptr_t)cred->data);
}

static int32_t core_cred(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    struct client *self = core;
    int place = credential_place(request->id);

    check(request->struct_size == sizeof *request, "struct_size of an envoi_cred_request is not set");
    check(out->struct_size == sizeof *out, "struct_size of an envoi_cred is not set");
    check(request->mechanism && *request->mechanism, "an envoi_cred_request names no mechanism");
    self->asked[place]++;
    if (self->again[place] > 0) {
        self->again[place]--;
        self->late = 1;
        return ENVOI_E_AGAIN;
    }
    if (!self->value[place])
        return ENVOI_E_CANCELLED;
    out->len = self->len[place] ? self->len[place] : strlen(self->value[place]);
    char *copy = malloc(out->len ? out->len : 1);
    check(copy);
    memcpy(copy, self->value[place], out->len);
    out->data = copy;
    out->release = credential_release;
    out->core = self;
    self->lent++;
    return ENVOI_OK;
}

static int32_t core_binding(void *core, const char *type, void *buf, size_t cap, size_t *len)
{
    struct client *self = core;

    if (!self->binding_type || strcmp(type, self->binding_type) != 0)
        return ENVOI_E_NOT_SUPPORTED;
    *len = sizeof self->binding;
    if (!buf)
        return ENVOI_OK;
    if (cap < sizeof self->binding)
        return ENVOI_E_USAGE;
    memcpy(buf, self->binding, sizeof self->binding);
    return ENVOI_OK;
}

static int32_t sink_write(void *ctx, const void *data, size_t len)
{
    struct client *self = ctx;

    if (self->sink_rc != ENVOI_OK) {
        self->refused = 1;
        return self->sink_rc;
    }
    check(len <= sizeof self->out - self->out_len);
    if (len)
        memcpy(self->out + self->out_len, data, len);
    self->out_len += len;
    self->wrote = 1;
    return ENVOI_OK;
}

void client_reset(struct client *self)
{
    memset(self, 0, sizeof *self);
    self->value[AUTHID] = "alice";
    self->value[PASSWORD] = "s3cret pass";
    self->value[TOKEN] = "tok3n.of-alice~1+/==";
    memset(self->binding, 0x5a, sizeof self->binding);
    self->sink = (struct envoi_sink){.struct_size = sizeof self->sink, .write = sink_write, .ctx = self};
    self->params = (struct envoi_mech_params){
        .struct_size = sizeof self->params,
        .external_ssf = 256,
        .service = "smtp",
        .host = "mail.example.org",
        .server_list = "",
        .binding = core_binding,
        .cred = core_cred,
        .core = self,
    };
}

void client_open(struct client *self)
{
    client_reset(self);
    self->plugin = guard_plugin();
    self->mechanism = guard_mechanism();
    self->descriptors = guard_descriptors();
    if (self->plugin->init)
        check_eq(self->plugin->init(host_get(), &self->state), ENVOI_OK, "init() failed: %s", host_record.text);
}

void client_close(struct client *self)
{
    client_end(self);
    if (self->plugin->fini) /* it is optional */
        self->plugin->fini(self->state);
    check(self->lent == 0, "%d credentials were not given back by release()", self->lent);
    check(host_record.live == 0, "%zu blocks of the host's memory were not freed: a leak", host_record.live);
    check(guard_descriptors() == self->descriptors, "a file descriptor was left open");
    check(host_record.dirty == 0, "memory was freed with a secret in it that was not wiped");
    check(host_record.spoken == 0, "a secret was logged or reported");
}

void client_begin(struct client *self, const char *mech)
{
    struct envoi_mech_info row;

    client_end(self);
    self->explains = client_row(self, mech, &row) && row.needs & ENVOI_CRED_TOKEN;
    int32_t rc = self->mechanism->mech_new(self->state, mech, &self->params, &self->ctx);
    check_eq(rc, ENVOI_OK, "mech_new(%s): %d %s", mech, rc, host_record.text);
}

void client_end(struct client *self)
{
    self->mechanism->mech_free(self->ctx);
    self->ctx = NULL;
}

int32_t client_step(struct client *self, const void *in, size_t len)
{
    const size_t errors = host_record.errors;

    /* A copy that ends where the challenge ends, so that reading beyond it is found out. */
    char *copy = in ? malloc(len ? len : 1) : NULL;
    if (copy && len)
        memcpy(copy, in, len);
    self->out_len = 0;
    self->wrote = self->late = self->refused = 0;
    self->result = 0x77;
    self->want = 0x77;
    int32_t rc = self->mechanism->step(self->ctx, copy, len, &self->sink, &self->result, &self->want);
    if (copy)
        memset(copy, 0xee, len);
    free(copy);

    if (rc == ENVOI_OK) {
        self->told = host_record.errors != errors;
        check(!self->told || (self->explains && in && host_record.errors == errors + 1 &&
                              host_record.code == ENVOI_E_AUTH && self->result == ENVOI_STEP_CONTINUE),
              "an error text without a failure: %s", host_record.text);
        check(self->result == ENVOI_STEP_CONTINUE || self->result == ENVOI_STEP_DONE,
              "step() returned ENVOI_OK, and result is neither CONTINUE nor DONE");
        check(self->lent == 0, "a credential is still held after the step: release() was not called");
        check(self->sink_rc == ENVOI_OK || !self->refused,
              "step() returned ENVOI_OK although the sink refused the response");
    } else if (rc == ENVOI_E_AGAIN) {
        check(self->late, "AGAIN, and cred() did not say so");
        check(self->want == ENVOI_WANT_CREDENTIAL, "AGAIN without a reason: want is not ENVOI_WANT_CREDENTIAL");
        check(host_record.errors == errors, "AGAIN comes with an error text: %s", host_record.text);
        check(!self->wrote, "output together with AGAIN");
    } else {
        check(host_record.errors == errors + 1, "step() returned %s and called set_error %zu times, not once",
              check_result(rc), host_record.errors - errors);
        check(host_record.code == rc, "step() returned %s and reported %s", check_result(rc),
              check_result(host_record.code));
        check(self->result != ENVOI_STEP_DONE, "a failed step said DONE");
        check(self->lent == 0, "a credential is still held after a failure: release() was not called");
    }
    return rc;
}

int32_t client_step_until(struct client *self, const void *in, size_t len)
{
    int32_t rc = ENVOI_E_AGAIN;

    for (int i = 0; i < 16 && rc == ENVOI_E_AGAIN; i++)
        rc = client_step(self, in, len);
    return rc;
}

void client_expect(const struct client *self, int32_t rc, int32_t code, const char *words)
{
    (void)self;
    check_eq(rc, code, "%d instead of %d (%s)", rc, code, host_record.text);
    check_words(host_record.text, words);
}

int client_row(struct client *self, const char *mech, struct envoi_mech_info *row)
{
    for (size_t i = 0;; i++) {
        *row = (struct envoi_mech_info){.struct_size = sizeof *row};
        int32_t rc = self->mechanism->mech_at(self->state, i, row);
        if (rc != ENVOI_OK) {
            check_eq(rc, ENVOI_E_END);
            return 0;
        }
        if (strcmp(row->name, mech) == 0)
            return 1;
    }
}
