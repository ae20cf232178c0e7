/* SPDX-License-Identifier: MIT */
/* Memory that is not there, and ends that come at any moment. rig_close() sees to it that nothing is left behind. */
#include "rig.h"

#include <string.h>

static int32_t discard(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return ENVOI_OK;
}

/* A whole life, as far as memory lets it go. */
static int32_t live(struct rig *rig, struct combo combo)
{
    static const uint8_t pins[2][32] = {{1}, {2}};
    static const char *const ciphers[LANGUAGES] = {"DEFAULT", "NORMAL"};
    static const struct envoi_sink sink = {sizeof(sink), discard, NULL};
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct envoi_certificate cert;
    size_t n;
    int32_t rc = rig_open(rig, combo);

    config.crl_file = PKI("crl-inter.pem");
    config.cert_file = check_lacking(CHECK_CLIENT_CERT) ? NULL : PKI("client-both.pem");
    config.ciphers = IN_LANGUAGE(ciphers, combo);
    if (rc == ENVOI_OK)
        rc = rig_context(rig, &config);
    if (rc == ENVOI_OK)
        rig_serve(rig, "good", NULL);
    /* pins that would not match, for they are copied, with a connection that is never used */
    params.pins = pins;
    params.pin_count = 2;
    if (rc == ENVOI_OK)
        rc = rig_connect(rig, &params);
    params.pin_count = 0;
    if (rc == ENVOI_OK)
        rc = rig_connect(rig, &params);
    if (rc == ENVOI_OK)
        rc = rig_handshake(rig);
    for (size_t i = 0; rc == ENVOI_OK && i < 2; i++)
        rc = rig_certificate(rig, i, &cert);
    if (rc == ENVOI_OK)
        rc = rig_send(rig, "EHLO\r\n", 6, &n);
    if (rc == ENVOI_OK && combo.version == ENVOI_TLS_1_2 && !check_lacking(CHECK_TICKETS))
        rc = rig_ticket(rig, &sink);
    if (rc == ENVOI_OK)
        rc = rig_shutdown(rig);
    return rc;
}

/* faults: 75 */
MATRIX(faults, memory, COMBOS_WHOLE, 0, "each allocation may fail: ENVOI_E_MEMORY, and nothing is left behind")
{
    struct rig rig;
    size_t fail_at = 0, total;
    int32_t rc = live(&rig, combo);

    check_eq(rc, ENVOI_OK, "%d %s", rc, rig.error_text);
    rig_close(&rig);
    total = rig_memory.count;
    check(total > 2, "the plugin does not allocate by the host");
    while (fail_at++ < total) {
        rig_memory = (struct rig_memory){.fail_at = fail_at};
        rc = live(&rig, combo);
        check(rc == ENVOI_E_MEMORY, "allocation %zu of %zu failed, and the result is %s (%s)", fail_at, total,
              check_result(rc), rig.error_text);
        rig_close(&rig);
    }
}

/* A connection is freed after any number of steps of its handshake. */
/* faults: 75 */
MATRIX(faults, freed_in_handshake, COMBOS, 0, "conn_free() may come after any step of the handshake, and sends nothing")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    int stride = combo.one_by_one ? 97 : 1;
    bool done = false;
    struct rig rig;

    rig_open(&rig, combo);
    check_eq(rig_context(&rig, &config), ENVOI_OK);
    rig_serve(&rig, "good", NULL);
    for (int steps = 0; !done; steps += stride) {
        size_t before;
        check_lt(steps, 20000);
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        for (int i = 0; i < steps && !done; i++) {
            done = rig_step(&rig) == ENVOI_OK;
            rig.combo.library->handshake(rig.peer);
        }
        before = rig.to_server.moved;
        rig.tls->conn_free(rig.conn);
        rig.conn = NULL;
        check_eq(rig.to_server.moved, before, "conn_free sends");
    }
    rig_close(&rig);
}

MATRIX(faults, nothing, COMBO_ONE, 0,
       "conn_free() and ctx_free() take NULL; init() and fini() come in pairs any number of times")
{
    struct rig rig;

    rig_open(&rig, combo);
    rig.tls->conn_free(NULL);
    rig.tls->ctx_free(NULL);
    rig_close(&rig);
    /* and again: init and fini come in pairs, any number of times */
    for (int i = 0; i < 300; i++) {
        rig_open(&rig, combo);
        rig_close(&rig);
    }
}
