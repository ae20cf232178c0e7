/* SPDX-License-Identifier: MIT */
/* One login: a connection object of Cyrus, advanced by step(). */
#ifndef BRIDGE_EXCHANGE_H
#define BRIDGE_EXCHANGE_H

#include "answers.h"
#include "list.h"

enum bridge_stage {
    BRIDGE_GATHERING, /* no connection object yet */
    BRIDGE_STARTED,
    BRIDGE_DONE,
    BRIDGE_FAILED,
};

struct bridge_exchange {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    const struct bridge_mech *mech;
    uint32_t plus; /* the name had "-PLUS" */
    enum bridge_stage stage;
    uint32_t challenges; /* number of challenges received */
    sasl_conn_t *conn;
    struct bridge_answers answers;
    sasl_channel_binding_t binding; /* Cyrus keeps a pointer to it */
    unsigned char binding_data[256];
    char *nonce; /* of SCRAM: the client's, from its first message; NULL: none yet */
    size_t nonce_len;
};

/* The slots of struct envoi_mechanism. */
int32_t bridge_exchange_usable(void *state, const char *mech, const struct envoi_mech_params *params);
int32_t bridge_exchange_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx);
int32_t bridge_exchange_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                             uint32_t *want);
void bridge_exchange_free(void *ctx);

/* Reports `text` as the reason for `code`, and returns `code`. */
int32_t bridge_exchange_fail(struct bridge_exchange *self, int32_t code, int64_t library_code, const char *text);

#endif
