/* SPDX-License-Identifier: MIT */
#include "peer_chain.h"

#include <string.h>

static void certificate_free(struct backend_certificate *one, const struct envoi_host *host)
{
    host->free(one->subject);
    host->free(one->issuer);
    host->free(one->names);
    host->free(one->der);
    *one = (struct backend_certificate){0};
}

int32_t backend_chain_tell(struct backend_chain *chain, const struct envoi_host *host, size_t count, size_t index,
                           backend_describe_fn *describe, void *connection, struct envoi_certificate *out)
{
    struct backend_certificate *one;

    if (!chain->list) {
        chain->list = count ? host->alloc(count * sizeof chain->list[0]) : NULL;
        if (!chain->list)
            return count ? ENVOI_E_MEMORY : ENVOI_E_END;
        memset(chain->list, 0, count * sizeof chain->list[0]);
        chain->len = count;
    }
    if (index >= chain->len || index >= count)
        return ENVOI_E_END;
    one = &chain->list[index];
    if (!one->der && !describe(connection, index, one)) {
        certificate_free(one, host);
        return ENVOI_E_MEMORY;
    }
    out->der = one->der;
    out->der_len = one->der_len;
    out->subject = one->subject;
    out->issuer = one->issuer;
    out->names = one->names;
    out->not_before = one->not_before;
    out->not_after = one->not_after;
    if (ENVOI_HAS(out, pin))
        out->pin = one->pin;
    return ENVOI_OK;
}

void backend_chain_free(struct backend_chain *chain, const struct envoi_host *host)
{
    for (size_t i = 0; i < chain->len; i++)
        certificate_free(&chain->list[i], host);
    host->free(chain->list);
    *chain = (struct backend_chain){0};
}
