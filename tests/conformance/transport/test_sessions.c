/* SPDX-License-Identifier: MIT */
/* What a connection tells of itself, channel bindings, and resumption, which must not be a way round verification. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

/* ---- certificates and agreement ---- */

MATRIX(sessions, info, COMBOS_WHOLE, 60)
{
    struct envoi_tls_info info;
    struct envoi_certificate cert, again;
    struct rig rig;
    uint8_t der[4096];

    rig_establish(&rig, combo, "good");
    cr_assert_eq(rig_info(&rig, &info), ENVOI_OK);
    cr_assert_eq(info.protocol, rig.combo.version);
    cr_assert_eq(strncmp(info.cipher, "TLS_", 4), 0, "%s", info.cipher);
    cr_assert(info.strength_bits == 128 || info.strength_bits == 256);
    cr_assert_eq(info.verified, 1);
    cr_assert_eq(info.resumed, 0);

    FILE *file = fopen(PKI("good.der"), "rb");
    cr_assert(file);
    size_t len = fread(der, 1, sizeof(der), file);
    fclose(file);
    cr_assert_eq(rig_certificate(&rig, 0, &cert), ENVOI_OK);
    cr_assert_eq(cert.der_len, len);
    cr_assert_arr_eq(cert.der, der, len);
    cr_assert_str_eq(cert.subject, "CN=mail.example.test,O=envoi tests");
    cr_assert_str_eq(cert.issuer, "CN=envoi test intermediate");
    cr_assert_str_eq(cert.names, "mail.example.test alias.example.test 127.0.0.1 ::1");
    cr_assert_eq(cert.not_after - cert.not_before, 3650LL * 24 * 3600);
    cr_assert_eq(rig_certificate(&rig, 1, &again), ENVOI_OK);
    cr_assert_str_eq(again.subject, "CN=envoi test intermediate");
    cr_assert_str_eq(again.issuer, "CN=envoi test root");
    cr_assert_str_eq(again.names, "");
    cr_assert_eq(rig_certificate(&rig, 2, &again), ENVOI_E_END);
    cr_assert_eq(rig_certificate(&rig, SIZE_MAX, &again), ENVOI_E_END);
    cr_assert_eq(rig_certificate(&rig, 0, &again), ENVOI_OK);
    cr_assert_eq(again.subject, cert.subject, "what was lent has changed");
    rig_close(&rig);
}

/* faults: 14, 31 */
MATRIX(sessions, printable, COMBOS_WHOLE, 60)
{
    struct envoi_conn_params params = rig_params();
    struct envoi_certificate cert;
    struct rig rig;

    rig_establish(&rig, combo, "odd");
    cr_assert_eq(rig_certificate(&rig, 0, &cert), ENVOI_OK);
    cr_assert_str_eq(cert.subject, "CN=\\C3\\A9t\\C3\\A9,O=a\\, \\\"b\\\"\\+c");
    rig_serve(&rig, "nul", NULL);
    params.verify = 0;
    cr_assert_eq(rig_connect(&rig, &params), ENVOI_OK);
    cr_assert_eq(rig_handshake(&rig), ENVOI_OK);
    cr_assert_eq(rig_certificate(&rig, 0, &cert), ENVOI_OK);
    cr_assert_str_eq(cert.names, "mail.example.test\\00.evil.test");
    rig_close(&rig);
}

/* ---- channel bindings ---- */

/* Each type is what the server has for it, or is not there. */
static void check_bindings(struct rig *rig, bool has_keys)
{
    static const struct {
        const char *type;
        bool by_keys, only_1_2;
    } types[] = {{"tls-exporter", true, false}, {"tls-unique", true, true}, {"tls-server-end-point", false, false}};
    uint8_t ours[64], theirs[64];
    size_t len, their_len;

    for (size_t i = 0; i < COUNT(types); i++) {
        bool expected = !(types[i].only_1_2 && rig->combo.version == ENVOI_TLS_1_3) && (has_keys || !types[i].by_keys);
        int32_t rc = rig_binding(rig, types[i].type, ours, sizeof(ours), &len);
        cr_assert_eq(rc, expected ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED, "%s: %d", types[i].type, rc);
        if (!expected)
            continue;
        if (rig->combo.library->binding(rig->peer, types[i].type, theirs, sizeof(theirs), &their_len) == PEER_OK) {
            cr_assert_eq(len, their_len);
            cr_assert_arr_eq(ours, theirs, len, "%s differs", types[i].type);
        } else { /* the other library cannot tell it for a resumed session */
            cr_assert(rig->combo.library->is_resumed(rig->peer));
        }
        cr_assert_eq(rig_binding(rig, types[i].type, NULL, 0, &their_len), ENVOI_OK);
        cr_assert_eq(len, their_len);
        cr_assert_eq(rig_binding(rig, types[i].type, ours, len - 1, &their_len), ENVOI_E_USAGE);
    }
    cr_assert_eq(rig_binding(rig, "tls-server-end-points", ours, sizeof(ours), &len), ENVOI_E_NOT_SUPPORTED);
}

MATRIX(sessions, bindings, COMBOS_WHOLE, 60)
{
    struct rig rig;

    rig_establish(&rig, combo, "good");
    check_bindings(&rig, true);
    rig_close(&rig);
}

MATRIX(sessions, bindings_without_extended_secret, COMBOS_WHOLE, 60)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    combo.version = ENVOI_TLS_1_2;
    rig_open(&rig, combo);
    cr_assert_eq(rig_context(&rig, &config), ENVOI_OK);
    rig_serve(&rig, "good", &(struct peer_config){.no_master_secret = true});
    cr_assert_eq(rig_connect(&rig, &params), ENVOI_OK);
    cr_assert_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
    check_bindings(&rig, false);
    rig_close(&rig);
}

/* RFC 5929 does not say what the end point of an Ed25519 signature is. */
MATRIX(sessions, binding_without_hash, COMBOS_WHOLE, 60)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;
    size_t len;

    rig_open(&rig, combo);
    config.ca_file = PKI("edself.pem");
    cr_assert_eq(rig_context(&rig, &config), ENVOI_OK);
    rig_serve(&rig, "edself", NULL);
    cr_assert_eq(rig_connect(&rig, &params), ENVOI_OK);
    cr_assert_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
    cr_assert_eq(rig_binding(&rig, "tls-server-end-point", NULL, 0, &len), ENVOI_E_NOT_SUPPORTED);
    rig_close(&rig);
}

/* ---- resumption ---- */

struct ticket {
    uint8_t data[16384];
    size_t len;
};

static int32_t ticket_write(void *ctx, const void *data, size_t len)
{
    struct ticket *ticket = ctx;

    cr_assert_leq(ticket->len + len, sizeof(ticket->data));
    memcpy(ticket->data + ticket->len, data, len);
    ticket->len += len;
    cr_assert_gt(ticket->len, 100);
    /* From now on it must not be left behind in memory that is freed. The certificate, further on in it, may. */
    rig_memory.secret = ticket->data + 34;
    rig_memory.secret_len = 64;
    return ENVOI_OK;
}

static int32_t ticket_refuse(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return ENVOI_E_PROTOCOL;
}

static void exchange(struct rig *rig)
{
    char buf[16];
    size_t n;

    cr_assert_eq(rig->combo.library->send(rig->peer, "250", 3), PEER_OK);
    cr_assert_eq(rig_recv_some(rig, buf, sizeof(buf), &n), ENVOI_OK, "%s", rig->error_text);
    cr_assert_eq(n, 3);
}

/* A first connection under `params`, and the ticket of it. */
static void get_ticket_of(struct rig *rig, struct combo combo, const struct peer_config *server,
                          const struct envoi_conn_params *params, struct ticket *ticket)
{
    struct envoi_tls_config config = rig_config();
    const struct envoi_sink sink = {sizeof(sink), ticket_write, ticket};
    const struct envoi_sink bad = {sizeof(bad), ticket_refuse, NULL};

    ticket->len = 0;
    rig_open(rig, combo);
    cr_assert_eq(rig_context(rig, &config), ENVOI_OK);
    rig_serve(rig, "good", server);
    cr_assert_eq(rig_connect(rig, params), ENVOI_OK);
    cr_assert_eq(rig_handshake(rig), ENVOI_OK, "%s", rig->error_text);
    exchange(rig);
    cr_assert_eq(rig_ticket(rig, &sink), ENVOI_OK);
    cr_assert_gt(ticket->len, 100);
    cr_assert_eq(rig_ticket(rig, &bad), ENVOI_E_PROTOCOL, "the sink's word is not passed on");
}

static void get_ticket(struct rig *rig, struct combo combo, const struct envoi_conn_params *params,
                       struct ticket *ticket)
{
    get_ticket_of(rig, combo, NULL, params, ticket);
}

/* The second connection, with the ticket. */
static int32_t resume(struct rig *rig, struct envoi_conn_params params, const struct ticket *ticket)
{
    params.ticket = ticket->data;
    params.ticket_len = ticket->len;
    cr_assert_eq(rig_connect(rig, &params), ENVOI_OK, "%s", rig->error_text);
    return rig_handshake(rig);
}

static bool is_resumed(struct rig *rig)
{
    struct envoi_tls_info info;

    cr_assert_eq(rig_info(rig, &info), ENVOI_OK);
    cr_assert_eq(info.resumed, rig->combo.library->is_resumed(rig->peer));
    return info.resumed;
}

MATRIX(sessions, resumption, COMBOS, 60)
{
    struct envoi_conn_params params = rig_params();
    struct envoi_tls_info info;
    struct envoi_certificate cert;
    struct ticket first, second = {.len = 0};
    const struct envoi_sink sink = {sizeof(sink), ticket_write, &second};
    struct rig rig;

    get_ticket(&rig, combo, &params, &first);
    cr_assert_eq(resume(&rig, params, &first), ENVOI_OK, "%s", rig.error_text);
    cr_assert(is_resumed(&rig));
    cr_assert_eq(rig_info(&rig, &info), ENVOI_OK);
    cr_assert_eq(info.verified, 1);
    check_bindings(&rig, true);
    cr_assert_eq(rig_certificate(&rig, 0, &cert), ENVOI_OK);
    cr_assert_str_eq(cert.subject, "CN=mail.example.test,O=envoi tests");
    exchange(&rig);
    /* and from the second to a third */
    cr_assert_eq(rig_ticket(&rig, &sink), ENVOI_OK);
    if (rig.combo.version == ENVOI_TLS_1_3)
        cr_assert(first.len != second.len || memcmp(first.data, second.data, first.len) != 0, "it is the one it had");
    cr_assert_eq(resume(&rig, params, &second), ENVOI_OK, "%s", rig.error_text);
    cr_assert(is_resumed(&rig));
    rig_close(&rig);
}

/* A server that has none for who resumes: a ticket of TLS 1.3 is not given out once more, a session of TLS 1.2 is. */
MATRIX(sessions, no_other_ticket, COMBOS_WHOLE, 60)
{
    struct peer_config sparing = {.sparing = true};
    struct envoi_conn_params params = rig_params();
    struct ticket first, second = {.len = 0};
    const struct envoi_sink sink = {sizeof(sink), ticket_write, &second};
    struct rig rig;

    get_ticket_of(&rig, combo, &sparing, &params, &first);
    cr_assert_eq(resume(&rig, params, &first), ENVOI_OK, "%s", rig.error_text);
    cr_assert(is_resumed(&rig));
    exchange(&rig);
    int32_t rc = rig_ticket(&rig, &sink);
    cr_assert_eq(rc, rig.combo.version == ENVOI_TLS_1_3 ? ENVOI_E_NOT_SUPPORTED : ENVOI_OK, "%d", rc);
    cr_assert_eq(second.len > 0, rc == ENVOI_OK);
    rig_close(&rig);
}

/* A session of TLS 1.2 is lent to many: it is as good for the next one. */
MATRIX(sessions, session_for_many, COMBOS_WHOLE, 60)
{
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;

    combo.version = ENVOI_TLS_1_2;
    get_ticket(&rig, combo, &params, &ticket);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(resume(&rig, params, &ticket), ENVOI_OK, "%s", rig.error_text);
        cr_assert(is_resumed(&rig), "connection %d", i + 2);
        exchange(&rig);
    }
    rig_close(&rig);
}

/* A ticket of one server is used for a connection that must be to another. Without SNI, so that the server plays along;
 * it did resume, and yet the connection is refused. */
/* faults: 13 */
MATRIX(sessions, ticket_of_other_host, COMBOS_WHOLE, 60)
{
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;

    params.server_name = "127.0.0.1";
    params.name_is_ip = 1;
    get_ticket(&rig, combo, &params, &ticket);
    params.server_name = "127.0.0.2";
    int32_t rc = resume(&rig, params, &ticket);
    cr_assert_eq(rc, ENVOI_E_CERTIFICATE, "%d", rc);
    cr_assert(strstr(rig.error_text, "not for 127.0.0.2"), "%s", rig.error_text);
    cr_assert(rig.combo.version == ENVOI_TLS_1_2 || rig.peer_rc == PEER_OK);
    cr_assert(rig.combo.library->is_resumed(rig.peer), "the session was not resumed: nothing is shown");
    rig_close(&rig);
}

/* faults: 10 */
MATRIX(sessions, ticket_and_pins, COMBOS_WHOLE, 60)
{
    static const uint8_t wrong[1][32] = {{1}};
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;
    uint8_t right[1][32];
    FILE *file = fopen(PKI("good.pin"), "rb");

    cr_assert(file && fread(right, 1, 32, file) == 32);
    fclose(file);
    get_ticket(&rig, combo, &params, &ticket);
    params.pin_count = 1;
    params.pins = wrong;
    for (params.verify = 0; params.verify < 2; params.verify++) {
        cr_assert_eq(resume(&rig, params, &ticket), ENVOI_E_CERTIFICATE);
        cr_assert(strstr(rig.error_text, "none of the pinned keys"), "%s", rig.error_text);
        cr_assert(rig.combo.library->is_resumed(rig.peer), "the session was not resumed: nothing is shown");
    }
    params.verify = 1;
    params.pins = (const uint8_t(*)[32])right;
    cr_assert_eq(resume(&rig, params, &ticket), ENVOI_OK, "%s", rig.error_text);
    cr_assert(is_resumed(&rig));
    rig_close(&rig);
}

/* A session that was never verified does not become a verified one. */
/* faults: 10 */
MATRIX(sessions, ticket_unverified, COMBOS_WHOLE, 60)
{
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;

    params.verify = 0;
    get_ticket(&rig, combo, &params, &ticket);
    cr_assert_eq(resume(&rig, params, &ticket), ENVOI_OK);
    cr_assert(is_resumed(&rig));
    params.verify = 1;
    cr_assert_eq(resume(&rig, params, &ticket), ENVOI_OK);
    cr_assert_not(is_resumed(&rig));
    rig_close(&rig);
}

/* With revocation lists there is always a full handshake: a revoked server cannot hide behind its ticket. */
/* faults: 22 */
MATRIX(sessions, ticket_and_lists, COMBOS_WHOLE, 60)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;

    get_ticket(&rig, combo, &params, &ticket);
    rig_disconnect(&rig);
    rig.tls->ctx_free(rig.ctx);
    config.crl_file = PKI("crl-inter.pem");
    cr_assert_eq(rig_context(&rig, &config), ENVOI_OK);
    cr_assert_eq(resume(&rig, params, &ticket), ENVOI_OK, "%s", rig.error_text);
    cr_assert_not(is_resumed(&rig));
    rig_close(&rig);
}

/* Whatever is given as a ticket: there is a full handshake instead. */
MATRIX(sessions, ticket_damaged, COMBOS_WHOLE, 60)
{
    static const size_t lengths[] = {0, 1, 2, 3, 10, 50, 99};
    struct envoi_conn_params params = rig_params();
    struct combo other = combo;
    struct ticket ticket, cut, foreign;
    struct rig rig;

    other.plugin = 1 - combo.plugin;
    get_ticket(&rig, other, &params, &foreign);
    rig_close(&rig);
    get_ticket(&rig, combo, &params, &ticket);
    cr_assert_eq(resume(&rig, params, &foreign), ENVOI_OK, "%s", rig.error_text);
    cr_assert_not(is_resumed(&rig));
    for (size_t i = 0; i < COUNT(lengths); i++) {
        cut = ticket;
        cut.len = lengths[i];
        cr_assert_eq(resume(&rig, params, &cut), ENVOI_OK, "%zu octets: %s", cut.len, rig.error_text);
        cr_assert_not(is_resumed(&rig));
    }
    for (size_t at = 0; at < ticket.len; at += 31) {
        cut = ticket;
        cut.data[at] ^= 0x40;
        cr_assert_eq(resume(&rig, params, &cut), ENVOI_OK, "damaged at %zu: %s", at, rig.error_text);
        cr_assert_not(is_resumed(&rig));
    }
    rig_close(&rig);
}

MATRIX(sessions, no_ticket, COMBOS_WHOLE, 60)
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct ticket ticket = {.len = 0};
    const struct envoi_sink sink = {sizeof(sink), ticket_write, &ticket};
    struct rig rig;

    rig_open(&rig, combo);
    cr_assert_eq(rig_context(&rig, &config), ENVOI_OK);
    rig_serve(&rig, "good", &(struct peer_config){.no_tickets = true});
    cr_assert_eq(rig_connect(&rig, &params), ENVOI_OK);
    cr_assert_eq(rig_ticket(&rig, &sink), ENVOI_E_NOT_SUPPORTED);
    cr_assert_eq(rig_handshake(&rig), ENVOI_OK);
    exchange(&rig);
    /* A GnuTLS server gives a session id on TLS 1.2 even when it remembers nothing. */
    if (rig.combo.version == ENVOI_TLS_1_3 || rig.combo.library == &peer_openssl) {
        cr_assert_eq(rig_ticket(&rig, &sink), ENVOI_E_NOT_SUPPORTED);
        cr_assert_eq(ticket.len, 0);
    }
    rig_close(&rig);
}
