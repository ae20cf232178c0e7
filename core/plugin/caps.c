/* SPDX-License-Identifier: MIT */
#include "plugin/caps.h"

#include <envoi/session.h>

static const struct {
    uint32_t cap;
    const char *setting, *cannot;
} rows[] = {
    {ENVOI_CAP_CLIENT_CERT, "a client certificate is set", "can show none"},
    {ENVOI_CAP_MEMORY, "certificates are set from memory", "reads files only"},
    {ENVOI_CAP_SNI, "a name to send is set", "sends the name that it verifies"},
    {ENVOI_CAP_CHAIN, "the name in the certificate is to be ignored", "cannot verify the chain alone"},
    {ENVOI_CAP_PIN, "a pin is to stand for the chain", "checks pins besides the chain only"},
    {ENVOI_CAP_SYSTEM_CA, "SSL_CERT_FILE or SSL_CERT_DIR is set", "trusts its own CA certificates instead"},
    {ENVOI_CAP_READ_ALL, "all files of TLS are to be read at once", "may read some of them later"},
};

int caps_check(const struct registry_transport *t, uint32_t needs, struct envoi_errctx *fault)
{
    uint32_t missing = needs & ~t->transport->caps;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (missing & rows[i].cap)
            return fault_set(fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_TLS, "%s, and the TLS plugin %s %s",
                             rows[i].setting, t->id, rows[i].cannot);
    return ENVOI_OK;
}
