/* SPDX-License-Identifier: MIT */
#include "error.h"
#include "objects.h"
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT "587"

/* ---- life ---- */

int smtp_version(void *buf, size_t len, int what)
{
    /* Those of the libESMTP whose interface this is. */
    static const char *const versions[] = {"1.1.0", "6.2.0", "8:0:2"};
    const char *version;

    if (!buf || !len || what < Ver_VERSION || what > Ver_LT_VERSION)
        return error_set(SMTP_ERR_INVAL);
    version = versions[what];
    if (strlen(version) >= len)
        return error_set(SMTP_ERR_INVAL);
    memcpy(buf, version, strlen(version) + 1);
    return 1;
}

smtp_session_t smtp_create_session(void)
{
    struct smtp_session *s = calloc(1, sizeof *s);

    if (!s)
        error_set_errno(ENOMEM);
    return s;
}

int smtp_destroy_session(smtp_session_t session)
{
    if (!session)
        return error_set(SMTP_ERR_INVAL);
    app_free(&session->app);
    for (struct smtp_message *m = session->messages, *next; m; m = next) {
        next = m->next;
        message_free(m);
    }
    for (struct smtp_etrn_node *n = session->etrn_nodes, *next; n; n = next) {
        next = n->next;
        etrn_node_free(n);
    }
    envoi_session_free(session->envoi);
    envoi_library_free(session->library);
    free(session->host);
    free(session->port);
    free(session->hostname);
    free(session);
    return 1;
}

/* ---- where to, and as whom ---- */

/* "host", "host:port", and besides "[v6]" and "[v6]:port". */
int smtp_set_server(smtp_session_t session, const char *hostport)
{
    const char *end, *port;
    char *host;

    if (!session || !hostport)
        return error_set(SMTP_ERR_INVAL);
    end = *hostport == '[' ? strchr(hostport, ']') : NULL;
    end = end ? end + 1 : hostport + strcspn(hostport, ":");
    port = *end == ':' ? end + 1 : DEFAULT_PORT;
    host = strndup(hostport, (size_t)(end - hostport));
    if (!host || !set_text(&session->port, port)) {
        free(host);
        return error_set_errno(ENOMEM);
    }
    free(session->host);
    session->host = host;
    return 1;
}

const char *smtp_get_server_name(smtp_session_t session)
{
    if (session)
        return session->host;
    error_set(SMTP_ERR_INVAL);
    return NULL;
}

int smtp_set_hostname(smtp_session_t session, const char *hostname)
{
    if (!session)
        return error_set(SMTP_ERR_INVAL);
    return set_text(&session->hostname, hostname) ? 1 : error_set_errno(ENOMEM);
}

/* ---- settings ---- */

int smtp_option_require_all_recipients(smtp_session_t session, int state)
{
    if (!session)
        return error_set(SMTP_ERR_INVAL);
    session->require_all = state;
    return 1;
}

long smtp_set_timeout(smtp_session_t session, int which, long value)
{
    static const long least[TIMEOUTS] = {300000, 300000, 120000, 180000, 600000};
    int phase = which & ~Timeout_OVERRIDE_RFC2822_MINIMUM;
    long minimum;

    if (!session || value <= 0 || phase < Timeout_GREETING || phase > Timeout_DATA2)
        return error_set(SMTP_ERR_INVAL);
    minimum = phase == which ? least[phase] : 1000;
    return session->timeouts[phase] = value < minimum ? minimum : value;
}

int smtp_set_eventcb(smtp_session_t session, smtp_eventcb_t cb, void *arg)
{
    if (!session)
        return error_set(SMTP_ERR_INVAL);
    session->event = cb;
    session->event_arg = arg;
    return 1;
}

int smtp_set_monitorcb(smtp_session_t session, smtp_monitorcb_t cb, void *arg, int headers)
{
    if (!session)
        return error_set(SMTP_ERR_INVAL);
    session->monitor = cb;
    session->monitor_arg = arg;
    session->monitor_headers = headers;
    return 1;
}
