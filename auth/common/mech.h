/* SPDX-License-Identifier: MIT */
/* The part of an exchange that is the same in every small mechanism: asks the application for credentials, checks them,
 * holds them until the response is written, and reports failures. */
#ifndef AUTH_MECH_H
#define AUTH_MECH_H

#include <envoi/plugin.h>

#define MECH_FIELDS_MAX 3

/* A credential that a mechanism asks for. */
struct mech_field {
    uint32_t id;         /* ENVOI_CRED_* */
    uint32_t optional;   /* 1: the exchange goes on without it */
    const char *missing; /* error text if the application cancels; unused if optional */
    const char *empty;   /* error text if it is empty; NULL: it may be */
    const char *bad;     /* error text if is_good() returns 0 */
    /* Not called for an empty one. NULL: anything without a NUL is good. */
    int (*is_good)(const char *data, size_t len);
};

/* A mechanism, constant. */
struct mech_spec {
    const char *name;   /* SASL name */
    uint32_t flags;     /* ENVOI_MECH_* */
    uint32_t needs;     /* ENVOI_CRED_* */
    size_t size;        /* of the context, which begins with a struct mech_exchange */
    uint32_t check_all; /* 1: all credentials are asked for before the first is checked; 0: each is checked at once */
    uint32_t count;     /* of fields, at most MECH_FIELDS_MAX */
    const struct mech_field *fields; /* in the order in which they are asked for */
};

struct mech_exchange {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    const struct mech_spec *spec;
    struct envoi_cred cred[MECH_FIELDS_MAX]; /* zero: not asked for yet, or optional and not given */
    uint32_t asked;                          /* number of fields that mech_gather() has settled */
};

/* The slot `init` of struct envoi_plugin: the state is the host. */
int32_t mech_init(const struct envoi_host *host, void **state);

/* Fills the result of mech_at() of struct envoi_mechanism. */
int32_t mech_describe(const struct mech_spec *spec, struct envoi_mech_info *out);

/* Allocates the context, zero behind its struct mech_exchange. ENVOI_E_NOT_SUPPORTED if `name` is not that of
 * `spec`. */
int32_t mech_new(void *state, const char *name, const struct envoi_mech_params *params, const struct mech_spec *spec,
                 void **ctx);

/* Releases the credentials and frees the context; NULL is a no-op. */
void mech_free(void *ctx);

/* Reports `text` as the reason for `code`, and returns `code`. */
int32_t mech_fail(struct mech_exchange *self, int32_t code, const char *text);

/* Asks for one field; the answer stays in cred[field] until mech_release(). ENVOI_E_AGAIN, with *want set: the answer
 * comes later. */
int32_t mech_ask(struct mech_exchange *self, size_t field, uint32_t *want);

/* Asks for all fields. After ENVOI_E_AGAIN the next call goes on with the field that had no answer yet. */
int32_t mech_gather(struct mech_exchange *self, uint32_t *want);

/* Gives the credentials back to the core, which wipes them. */
void mech_release(struct mech_exchange *self);

/* Writes the response. */
int32_t mech_write(struct mech_exchange *self, const struct envoi_sink *out, const void *data, size_t len);

#endif
