/* SPDX-License-Identifier: MIT */
/* The contract of the plugin ABI, as far as results can show that a plugin breaks it. A plugin's code may be a
 * stranger's: a result that plugin.h does not know of must not be taken for another one, nor a length believed that
 * exceeds the buffer. */
#ifndef BASE_CONTRACT_H
#define BASE_CONTRACT_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* The slots whose results are checked. */
enum contract {
    CONTRACT_CTX_NEW,
    CONTRACT_CONN_NEW,
    CONTRACT_HANDSHAKE,
    CONTRACT_RECV,
    CONTRACT_SEND,
    CONTRACT_INFO,
    CONTRACT_CERTIFICATE,
    CONTRACT_CHANNEL_BINDING,
    CONTRACT_USABLE,
    CONTRACT_MECH_NEW,
    CONTRACT_STEP,
    CONTRACT_LAYER,
    CONTRACT_ENCODE,
    CONTRACT_DECODE,
};

/* Returns rc if the slot may return it. Otherwise reports the breach to fault, and returns ENVOI_E_PLUGIN. provider:
 * the name of the transport or mechanism. */
int contract_result(enum contract slot, int rc, const char *provider, struct envoi_errctx *fault);
/* Reports another breach: "the plugin X is broken: its SLOT <how>". Returns ENVOI_E_PLUGIN. */
int contract_breach(enum contract slot, const char *provider, struct envoi_errctx *fault, const char *how);
/* The same as contract_result() for a mechanism's step. result: as the step set it; asked: a credential was asked for
 * and is not there yet; response: ENVOI_OK, or why not all that the step wrote could be kept. */
int contract_step(int rc, uint32_t result, bool asked, int response, const char *provider, struct envoi_errctx *fault);

#endif
