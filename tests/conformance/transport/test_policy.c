/* SPDX-License-Identifier: MIT */
/* The policy of the system binds the plugins: policy.cnf and policy.gnutls, which CMakeLists.txt names in the
 * environment, allow TLS 1.3 alone. Nothing that a caller asks for brings TLS 1.2 back. */
#include "rig.h"

static const char *const ciphers[LANGUAGES] = {"DEFAULT", "NORMAL:+VERS-TLS1.2"};

/* faults: 71 */
MATRIX(policy, system, COMBOS_WHOLE, CHECK_POLICY | CHECK_TLS13,
       "the system's policy binds: TLS 1.2 does not come back")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct envoi_tls_info info;
    struct rig rig;

    combo.library = &peer_openssl; /* it can be told to disregard the policy */
    rig_open(&rig, combo);
    rig_serve(&rig, "good", NULL);
    for (size_t i = 0; i < 2; i++) {
        config.ciphers = i == 0 ? NULL : IN_LANGUAGE(ciphers, combo);
        check_eq(rig_context(&rig, &config), ENVOI_OK, "%s", rig.error_text);
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        int32_t rc = rig_handshake(&rig);
        check_eq(rc, combo.version == ENVOI_TLS_1_3 ? ENVOI_OK : ENVOI_E_TLS, "%d", rc);
        if (rc == ENVOI_OK) {
            check_eq(rig_info(&rig, &info), ENVOI_OK);
            check_eq(info.protocol, ENVOI_TLS_1_3);
        }
        rig_disconnect(&rig);
        rig.tls->ctx_free(rig.ctx);
        rig.ctx = NULL;
    }
    config.max_version = ENVOI_TLS_1_2;
    if (rig_context(&rig, &config) == ENVOI_OK) { /* else nothing is left already now */
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        check_eq(rig_handshake(&rig), ENVOI_E_TLS);
    }
    rig_close(&rig);
}
