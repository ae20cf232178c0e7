/* SPDX-License-Identifier: MIT */
/* A plugin, a server in memory and the octets between them. Every call of the plugin goes through here and is held
 * against the contract of plugin.h: AGAIN only after lower said so, one text for each failure and none without one. */
#ifndef RIG_H
#define RIG_H

#include "../check.h"
#include "../guard.h"
#include "peer.h"

#include <envoi/plugin.h>

/* The process lies in the directory of the certificates. */
#define PKI_DIR      "."
#define PKI(file)    PKI_DIR "/" file
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HOST         "mail.example.test"
#define LANGUAGES    2 /* of cipher strings: OpenSSL's, GnuTLS's */

/* What the plugin is tested with. */
struct combo {
    enum check_language language; /* of the plugin's cipher strings */
    unsigned version;
    const struct peer_library *library;
    bool one_by_one; /* one octet at a time */
};
#define COMBOS       8 /* version x peer x octets at a time */
#define COMBOS_WHOLE 4 /* those that come first: all octets at once */
#define COMBO_ONE    1

struct combo combo_of(int index);
/* The first of them from `index` on that the plugin can do; its number, or -1. Tells the report what it is. */
int combo_next(int index, int count, struct combo *);

/* The string in the language of the plugin, or NULL. */
#define IN_LANGUAGE(array, combo) ((combo).language < LANGUAGES ? (array)[(combo).language] : NULL)

/* A case for all combos up to `count`; its body has a `combo`. */
#define MATRIX(suite_, name_, count, needs_, promise_)                                                                 \
    static void suite_##_##name_##_with(struct combo);                                                                 \
    CHECK_CASE(suite_, name_, .kind = CHECK_TRANSPORT, .needs = needs_, .seconds = 300, .promise = promise_)           \
    {                                                                                                                  \
        struct combo combo;                                                                                            \
        for (int i = 0; (i = combo_next(i, count, &combo)) >= 0; i++) {                                                \
            rig_memory = (struct rig_memory){0};                                                                       \
            suite_##_##name_##_with(combo);                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    static void suite_##_##name_##_with(__attribute__((unused)) struct combo combo)

/* A case for each row of a table of `count` rows; suite_name_label() names a row. Its body has a `row`. */
#define TABLE(suite_, name_, count, promise_)                                                                          \
    static void suite_##_##name_##_row(size_t row);                                                                    \
    CHECK_CASE(suite_, name_, .kind = CHECK_TRANSPORT, .seconds = 120, .promise = promise_, .rows = count,             \
               .label = suite_##_##name_##_label)                                                                      \
    {                                                                                                                  \
        suite_##_##name_##_row(case_row);                                                                              \
    }                                                                                                                  \
    static void suite_##_##name_##_row(size_t row)

struct rig {
    struct combo combo;
    const struct envoi_plugin *plugin;
    const struct envoi_transport *tls;
    void *state;
    bool open; /* init went well */
    size_t descriptors;
    void *ctx;
    void *conn;
    void *server;
    void *peer;
    int peer_rc; /* of the peer's handshake */

    struct stream to_client;
    struct stream to_server;
    struct envoi_lower lower;
    size_t window;    /* octets that lower moves in a call of the plugin */
    size_t recv_left; /* of it, in this call */
    size_t send_left;
    int32_t recv_result; /* lower fails with this, if not 0 */
    int32_t send_result;
    uint32_t said; /* ENVOI_WANT_* that lower refused in this call */

    int errors; /* calls of set_error in this call */
    int32_t error_code;
    char error_text[1024];
    char log_text[1024];
};

/* Memory that the host hands out. Not in the rig, as alloc() is told nothing of it. */
struct rig_memory {
    size_t live;
    size_t count;
    size_t fail_at;     /* the n-th allocation fails; 0: none does */
    const void *secret; /* must not be in freed memory */
    size_t secret_len;
};
extern struct rig_memory rig_memory;

/* Initialises the plugin; the results of init are asserted unless fail_at is set. */
int32_t rig_open(struct rig *rig, struct combo combo);
/* Frees all, and asserts that nothing of the host's memory is left. */
void rig_close(struct rig *rig);

struct envoi_tls_config rig_config(void);  /* trusts ca.pem alone */
struct envoi_conn_params rig_params(void); /* verifies HOST */
int32_t rig_context(struct rig *rig, const struct envoi_tls_config *config);

/* A server with PKI("NAME.chain.pem"), of the version of the combo; `config` may be NULL. */
void rig_serve(struct rig *rig, const char *name, const struct peer_config *config);

/* A connection and its peer, with empty streams between them; an earlier one is freed. */
int32_t rig_connect(struct rig *rig, const struct envoi_conn_params *params);
void rig_disconnect(struct rig *rig);

/* One call each, checked. */
int32_t rig_step(struct rig *rig);
int32_t rig_recv(struct rig *rig, void *buf, size_t cap, size_t *n);
int32_t rig_send(struct rig *rig, const void *buf, size_t len, size_t *n);
int32_t rig_shutdown(struct rig *rig);
int32_t rig_certificate(struct rig *rig, size_t index, struct envoi_certificate *out);
int32_t rig_binding(struct rig *rig, const char *type, void *buf, size_t cap, size_t *len);
int32_t rig_info(struct rig *rig, struct envoi_tls_info *out);
int32_t rig_ticket(struct rig *rig, const struct envoi_sink *sink);

/* Until they are done. */
int32_t rig_handshake(struct rig *rig);
int32_t rig_send_all(struct rig *rig, const uint8_t *data, size_t len);   /* from another address after each AGAIN */
int32_t rig_recv_some(struct rig *rig, void *buf, size_t cap, size_t *n); /* AGAIN: nothing is left on its way */
void rig_peer_recv_all(struct rig *rig, uint8_t *data, size_t len);

/* All at once, asserted: init, a context, a server, a connection, the handshake. */
void rig_establish(struct rig *rig, struct combo combo, const char *server);

#endif
