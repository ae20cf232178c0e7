/* SPDX-License-Identifier: MIT */
/* ETRN (RFC 1985): asks the server to deliver what it holds for a domain. */
#include "error.h"
#include "objects.h"
#include "status.h"

#include <errno.h>
#include <stdlib.h>

smtp_etrn_node_t smtp_etrn_add_node(smtp_session_t session, int option, const char *node)
{
    struct smtp_etrn_node *n;

    if (!session || !node) {
        error_set(SMTP_ERR_INVAL);
        return NULL;
    }
    n = calloc(1, sizeof *n);
    if (!n || !set_text(&n->domain, node)) {
        free(n);
        error_set_errno(ENOMEM);
        return NULL;
    }
    n->session = session;
    n->option = option;
    APPEND(session->etrn_nodes, session->last_etrn_node, n);
    session->needs |= NEEDS_ETRN;
    return n;
}

void etrn_node_free(struct smtp_etrn_node *node)
{
    app_free(&node->app);
    status_reset(&node->status);
    free(node->domain);
    free(node);
}

int smtp_etrn_enumerate_nodes(smtp_session_t session, smtp_etrn_enumerate_nodecb_t cb, void *arg)
{
    if (!session || !cb)
        return error_set(SMTP_ERR_INVAL);
    for (struct smtp_etrn_node *n = session->etrn_nodes; n; n = n->next)
        cb(n, n->option, n->domain, arg);
    return 1;
}

const smtp_status_t *smtp_etrn_node_status(smtp_etrn_node_t node)
{
    if (node)
        return status_show(&node->status);
    error_set(SMTP_ERR_INVAL);
    return NULL;
}
