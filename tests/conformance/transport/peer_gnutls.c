/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "../check.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

struct server {
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    gnutls_datum_t ticket_key;
    bool wants_client;
    bool takes_any;
    bool sparing;
};

struct peer {
    gnutls_session_t session;
    bool gives_ticket; /* one, and by hand */
    struct stream *from_client;
    struct stream *to_client;
};

static void *server_new(const struct peer_config *config)
{
    static const struct {
        unsigned version;
        const char *name;
    } versions[] = {
        {0x0301, ":+VERS-TLS1.0"}, {0x0302, ":+VERS-TLS1.1"}, {0x0303, ":+VERS-TLS1.2"}, {0x0304, ":+VERS-TLS1.3"}};
    struct server *server = calloc(1, sizeof(*server));
    char priority[256] = "NORMAL:%VERIFY_ALLOW_BROKEN:%PROFILE_VERY_WEAK:-VERS-ALL";

    check(server);
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (versions[i].version >= config->lowest && versions[i].version <= config->highest)
            strncat(priority, versions[i].name, sizeof(priority) - strlen(priority) - 1);
    }
    if (config->no_master_secret)
        strncat(priority, ":%NO_SESSION_HASH", sizeof(priority) - strlen(priority) - 1);
    check_geq(gnutls_priority_init(&server->priority, priority, NULL), 0, "%s", priority);
    check_geq(gnutls_certificate_allocate_credentials(&server->credentials), 0);
    int ret =
        gnutls_certificate_set_x509_key_file(server->credentials, config->chain, config->key, GNUTLS_X509_FMT_PEM);
    check_geq(ret, 0, "%s: %s", config->chain, gnutls_strerror(ret));
    server->sparing = config->sparing;
    if (!config->no_tickets)
        check_geq(gnutls_session_ticket_key_generate(&server->ticket_key), 0);
    if (config->client_ca) {
        server->wants_client = true;
        server->takes_any = config->client_any;
        check_gt(gnutls_certificate_set_x509_trust_file(server->credentials, config->client_ca, GNUTLS_X509_FMT_PEM),
                 0);
    }
    return server;
}

static void server_free(void *server_)
{
    struct server *server = server_;

    if (!server)
        return;
    gnutls_certificate_free_credentials(server->credentials);
    gnutls_priority_deinit(server->priority);
    gnutls_free(server->ticket_key.data);
    free(server);
}

static ssize_t pull(gnutls_transport_ptr_t peer_, void *buf, size_t cap)
{
    struct peer *peer = peer_;
    size_t n = stream_take(peer->from_client, buf, cap);

    if (n == 0)
        gnutls_transport_set_errno(peer->session, EAGAIN);
    return n ? (ssize_t)n : -1;
}

static ssize_t push(gnutls_transport_ptr_t peer_, const void *buf, size_t len)
{
    struct peer *peer = peer_;

    stream_put(peer->to_client, buf, len);
    return (ssize_t)len;
}

static int ready(gnutls_transport_ptr_t peer, unsigned milliseconds)
{
    (void)milliseconds;
    return stream_len(((struct peer *)peer)->from_client) > 0;
}

static void *peer_new(void *server_, struct stream *in, struct stream *out)
{
    struct server *server = server_;
    struct peer *peer = calloc(1, sizeof(*peer));

    check(peer);
    *peer = (struct peer){.from_client = in, .to_client = out, .gives_ticket = server->sparing};
    check_geq(gnutls_init(&peer->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
                                              (server->sparing ? GNUTLS_NO_AUTO_SEND_TICKET : 0) |
                                              (server->ticket_key.data ? 0 : GNUTLS_NO_TICKETS)),
              0);
    check_geq(gnutls_priority_set(peer->session, server->priority), 0);
    check_geq(gnutls_credentials_set(peer->session, GNUTLS_CRD_CERTIFICATE, server->credentials), 0);
    if (server->ticket_key.data)
        check_geq(gnutls_session_ticket_enable_server(peer->session, &server->ticket_key), 0);
    if (server->wants_client) {
        gnutls_certificate_server_set_request(peer->session, GNUTLS_CERT_REQUIRE);
        if (!server->takes_any)
            gnutls_session_set_verify_cert(peer->session, NULL, 0);
    }
    gnutls_transport_set_ptr(peer->session, peer);
    gnutls_transport_set_pull_function(peer->session, pull);
    gnutls_transport_set_push_function(peer->session, push);
    gnutls_transport_set_pull_timeout_function(peer->session, ready);
    return peer;
}

static void peer_free(void *peer_)
{
    struct peer *peer = peer_;

    if (!peer)
        return;
    gnutls_deinit(peer->session);
    free(peer);
}

static int result(const struct peer *peer, ssize_t ret)
{
    if (ret >= 0)
        return PEER_OK;
    if (ret == GNUTLS_E_AGAIN && stream_len(peer->from_client) == 0)
        return PEER_AGAIN;
    return PEER_FAILED;
}

static bool goes_on(const struct peer *peer, ssize_t ret)
{
    return ret < 0 && !gnutls_error_is_fatal((int)ret) && stream_len(peer->from_client) > 0;
}

static int handshake(void *peer_)
{
    struct peer *peer = peer_;
    int ret;

    do {
        ret = gnutls_handshake(peer->session);
    } while (goes_on(peer, ret));
    if (ret < 0 && gnutls_error_is_fatal(ret))
        gnutls_alert_send_appropriate(peer->session, ret);
    if (ret >= 0 && peer->gives_ticket && gnutls_protocol_get_version(peer->session) == GNUTLS_TLS1_3) {
        if (!gnutls_session_is_resumed(peer->session))
            check_geq(gnutls_session_ticket_send(peer->session, 1, 0), 0);
        peer->gives_ticket = false;
    }
    return result(peer, ret);
}

static int peer_recv(void *peer_, void *buf, size_t cap, size_t *n)
{
    struct peer *peer = peer_;
    ssize_t ret;

    do {
        ret = gnutls_record_recv(peer->session, buf, cap);
    } while (goes_on(peer, ret));
    *n = ret > 0 ? (size_t)ret : 0;
    return ret == 0 ? PEER_CLOSED : result(peer, ret);
}

static int peer_send(void *peer_, const void *buf, size_t len)
{
    struct peer *peer = peer_;
    const uint8_t *at = buf;

    while (len > 0) {
        ssize_t ret = gnutls_record_send(peer->session, at, len);
        if (ret < 0)
            return result(peer, ret);
        at += ret;
        len -= (size_t)ret;
    }
    return PEER_OK;
}

static int peer_close(void *peer_)
{
    struct peer *peer = peer_;

    return result(peer, gnutls_bye(peer->session, GNUTLS_SHUT_WR));
}

static bool is_resumed(void *peer)
{
    return gnutls_session_is_resumed(((struct peer *)peer)->session) != 0;
}

static bool saw_sni(void *peer, const char *name)
{
    char sni[256] = "";
    size_t len = sizeof(sni);
    unsigned type;
    int ret = gnutls_server_name_get(((struct peer *)peer)->session, sni, &len, &type, 0);

    return name ? ret >= 0 && strcmp(sni, name) == 0 : ret < 0;
}

static int binding(void *peer_, const char *type, uint8_t *buf, size_t cap, size_t *len)
{
    struct peer *peer = peer_;
    gnutls_channel_binding_t which = strcmp(type, "tls-exporter") == 0 ? GNUTLS_CB_TLS_EXPORTER
                                     : strcmp(type, "tls-unique") == 0 ? GNUTLS_CB_TLS_UNIQUE
                                                                       : GNUTLS_CB_TLS_SERVER_END_POINT;
    gnutls_datum_t data = {0};

    if (gnutls_session_channel_binding(peer->session, which, &data) < 0)
        return PEER_FAILED;
    check_leq(data.size, cap);
    memcpy(buf, data.data, data.size);
    *len = data.size;
    gnutls_free(data.data);
    return PEER_OK;
}

static bool client_is(void *peer, const char *common_name)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(((struct peer *)peer)->session, &count);
    gnutls_x509_crt_t cert;
    char name[64] = "";
    size_t len = sizeof(name);

    if (count == 0)
        return false;
    check_geq(gnutls_x509_crt_init(&cert), 0);
    check_geq(gnutls_x509_crt_import(cert, &chain[0], GNUTLS_X509_FMT_DER), 0);
    gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len);
    gnutls_x509_crt_deinit(cert);
    return strcmp(name, common_name) == 0;
}

static int renegotiate(void *peer)
{
    return result(peer, gnutls_rehandshake(((struct peer *)peer)->session));
}

static int update_keys(void *peer)
{
    return result(peer, gnutls_session_key_update(((struct peer *)peer)->session, GNUTLS_KU_PEER));
}

const struct peer_library peer_gnutls = {
    .name = "GnuTLS",
    .server_new = server_new,
    .server_free = server_free,
    .peer_new = peer_new,
    .peer_free = peer_free,
    .handshake = handshake,
    .recv = peer_recv,
    .send = peer_send,
    .close = peer_close,
    .is_resumed = is_resumed,
    .saw_sni = saw_sni,
    .binding = binding,
    .client_is = client_is,
    .renegotiate = renegotiate,
    .update_keys = update_keys,
};
