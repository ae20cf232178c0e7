/* SPDX-License-Identifier: MIT */
#include "base/contract.h"

#include <envoi/plugin.h>
#include <stddef.h>
#include <stdio.h>

#define CODES_MAX 7

/* The results of each slot besides ENVOI_OK and ENVOI_E_MEMORY: the @retval lists of plugin.h. 0 ends a list. */
static const struct contract_row {
    const char *slot;
    int codes[CODES_MAX];
} rows[] = {
    [CONTRACT_CTX_NEW] = {"ctx_new", {ENVOI_E_TLS, ENVOI_E_CANCELLED, ENVOI_E_NOT_SUPPORTED}},
    [CONTRACT_CONN_NEW] = {"conn_new", {ENVOI_E_USAGE, ENVOI_E_TLS}},
    [CONTRACT_HANDSHAKE] = {"handshake", {ENVOI_E_AGAIN, ENVOI_E_CERTIFICATE, ENVOI_E_TRUNCATED, ENVOI_E_TLS}},
    [CONTRACT_RECV] = {"recv", {ENVOI_E_AGAIN, ENVOI_E_EOF, ENVOI_E_TRUNCATED, ENVOI_E_TLS}},
    [CONTRACT_SEND] = {"send", {ENVOI_E_AGAIN, ENVOI_E_TLS}},
    [CONTRACT_INFO] = {"info", {ENVOI_E_USAGE}},
    [CONTRACT_CERTIFICATE] = {"certificate", {ENVOI_E_END}},
    [CONTRACT_CHANNEL_BINDING] = {"channel_binding", {ENVOI_E_NOT_SUPPORTED, ENVOI_E_USAGE}},
    [CONTRACT_USABLE] = {"usable", {ENVOI_E_NOT_SUPPORTED}},
    [CONTRACT_MECH_NEW] = {"mech_new", {ENVOI_E_NOT_SUPPORTED}},
    [CONTRACT_STEP] = {"step",
                       {ENVOI_E_AGAIN, ENVOI_E_CANCELLED, ENVOI_E_AUTH, ENVOI_E_SERVER_PROOF, ENVOI_E_USAGE,
                        ENVOI_E_NOT_SUPPORTED, ENVOI_E_PROTOCOL}},
    [CONTRACT_LAYER] = {"layer", {ENVOI_E_AUTH, ENVOI_E_NOT_SUPPORTED}},
    [CONTRACT_ENCODE] = {"encode", {ENVOI_E_AUTH}},
    [CONTRACT_DECODE] = {"decode", {ENVOI_E_PROTOCOL, ENVOI_E_AUTH}},
};

static bool contract_allows(const struct contract_row *row, int rc)
{
    if (!rc || rc == ENVOI_E_MEMORY)
        return true;
    for (size_t i = 0; i < CODES_MAX; i++)
        if (row->codes[i] == rc)
            return true;
    return false;
}

int contract_breach(enum contract slot, const char *provider, struct envoi_errctx *fault, const char *how)
{
    return fault_set(fault, ENVOI_E_PLUGIN, 0, "the plugin %.64s is broken: its %s %s", provider, rows[slot].slot, how);
}

int contract_result(enum contract slot, int rc, const char *provider, struct envoi_errctx *fault)
{
    char how[64];

    if (contract_allows(&rows[slot], rc))
        return rc;
    (void)snprintf(how, sizeof how, "returned %d, which is no result of it", rc);
    return contract_breach(slot, provider, fault, how);
}

int contract_step(int rc, uint32_t result, bool asked, int response, const char *provider, struct envoi_errctx *fault)
{
    rc = contract_result(CONTRACT_STEP, rc, provider, fault);
    if (rc == ENVOI_E_AGAIN && !asked)
        return contract_breach(CONTRACT_STEP, provider, fault, "waits, but asked for no credential");
    if (!rc && result > ENVOI_STEP_DONE)
        return contract_breach(CONTRACT_STEP, provider, fault, "set a result that there is not");
    if (!rc && response == ENVOI_E_PROTOCOL)
        return contract_breach(CONTRACT_STEP, provider, fault, "went on although its response was too long");
    return rc ? rc : response;
}
