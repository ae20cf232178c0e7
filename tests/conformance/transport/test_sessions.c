/* SPDX-License-Identifier: MIT */
/* What a connection tells of itself, channel bindings, and resumption, which must not be a way round verification. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- certificates and agreement ---- */

MATRIX(sessions, info, COMBOS_WHOLE, 0, "info() and certificate() tell the truth")
{
    struct envoi_tls_info info;
    struct envoi_certificate cert, again;
    struct rig rig;
    uint8_t der[4096];

    rig_establish(&rig, combo, "good");
    check_eq(rig_info(&rig, &info), ENVOI_OK);
    check_eq(info.protocol, rig.combo.version);
    check(!check_options.wording || strncmp(info.cipher, "TLS_", 4) == 0, "the cipher is %s", info.cipher);
    check(info.strength_bits == 128 || info.strength_bits == 256);
    check(info.verified == ENVOI_VERIFY_ALL, "info() says that nothing, or less, was verified: %u", info.verified);
    check(!info.resumed, "info() says resumed of a first connection");

    FILE *file = fopen(PKI("good.der"), "rb");
    check(file);
    size_t len = fread(der, 1, sizeof(der), file);
    fclose(file);
    check_eq(rig_certificate(&rig, 0, &cert), ENVOI_OK);
    check_eq(cert.der_len, len);
    check_arr_eq(cert.der, der, len);
    check_str_eq(cert.subject, "CN=mail.example.test,O=envoi tests");
    check_str_eq(cert.issuer, "CN=envoi test intermediate");
    check_str_eq(cert.names, "mail.example.test alias.example.test 127.0.0.1 ::1");
    check_eq(cert.not_after - cert.not_before, 3650LL * 24 * 3600);
    check_eq(rig_certificate(&rig, 1, &again), ENVOI_OK);
    check_str_eq(again.subject, "CN=envoi test intermediate");
    check_str_eq(again.issuer, "CN=envoi test root");
    check_str_eq(again.names, "");
    check_eq(rig_certificate(&rig, 2, &again), ENVOI_E_END);
    check_eq(rig_certificate(&rig, SIZE_MAX, &again), ENVOI_E_END);
    check_eq(rig_certificate(&rig, 0, &again), ENVOI_OK);
    check_eq(again.subject, cert.subject, "what was lent has changed");
    rig_close(&rig);
}

static void check_printable(const char *text)
{
    for (; *text; text++)
        check(*text >= ' ' && *text <= '~', "a name of a certificate has the octet %#x, which is not printable",
              (unsigned char)*text);
}

/* faults: 14, 31 */
MATRIX(sessions, printable, COMBOS_WHOLE, 0, "names of certificates are printable")
{
    struct envoi_conn_params params = rig_params();
    struct envoi_certificate cert;
    struct rig rig;

    rig_establish(&rig, combo, "odd");
    check_eq(rig_certificate(&rig, 0, &cert), ENVOI_OK);
    check_printable(cert.subject);
    check_words(cert.subject, "CN=\\C3\\A9t\\C3\\A9,O=a\\, \\\"b\\\"\\+c");
    rig_serve(&rig, "nul", NULL);
    params.verify = 0;
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK);
    check_eq(rig_certificate(&rig, 0, &cert), ENVOI_OK);
    check_printable(cert.names);
    check(strcmp(cert.names, HOST) != 0, "a name with a NUL is told as if it ended there");
    check_words(cert.names, "mail.example.test\\00.evil.test");
    rig_close(&rig);
}

/* ---- channel bindings ---- */

/* Each type is what the server has for it, or is not there. */
static void check_bindings(struct rig *rig, bool has_keys)
{
    static const struct {
        const char *type;
        bool by_keys, only_1_2;
        uint32_t need;
    } types[] = {{"tls-exporter", true, false, CHECK_EXPORTER},
                 {"tls-unique", true, true, CHECK_UNIQUE},
                 {"tls-server-end-point", false, false, CHECK_END_POINT}};
    uint8_t ours[64], theirs[64];
    size_t len, their_len;

    for (size_t i = 0; i < COUNT(types); i++) {
        bool expected = !check_lacking(types[i].need) && !(types[i].only_1_2 && rig->combo.version == ENVOI_TLS_1_3) &&
                        (has_keys || !types[i].by_keys);
        if (types[i].need == CHECK_EXPORTER && rig->combo.version == ENVOI_TLS_1_2 && check_lacking(CHECK_EXPORTER12))
            expected = false;
        int32_t rc = rig_binding(rig, types[i].type, ours, sizeof(ours), &len);
        check(rc == (expected ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED), "channel_binding(%s) returned %s, not %s",
              types[i].type, check_result(rc), expected ? "ENVOI_OK" : "ENVOI_E_NOT_SUPPORTED");
        if (!expected)
            continue;
        if (rig->combo.library->binding(rig->peer, types[i].type, theirs, sizeof(theirs), &their_len) == PEER_OK) {
            check_eq(len, their_len);
            check(memcmp(ours, theirs, len) == 0, "%s is another value than the server has", types[i].type);
        } else { /* the other library cannot tell it for a resumed session */
            check(rig->combo.library->is_resumed(rig->peer));
        }
        check_eq(rig_binding(rig, types[i].type, NULL, 0, &their_len), ENVOI_OK);
        check_eq(len, their_len);
        check_eq(rig_binding(rig, types[i].type, ours, len - 1, &their_len), ENVOI_E_USAGE);
    }
    check_eq(rig_binding(rig, "tls-server-end-points", ours, sizeof(ours), &len), ENVOI_E_NOT_SUPPORTED);
}

MATRIX(sessions, bindings, COMBOS_WHOLE, 0, "a channel binding is the server's value or ENVOI_E_NOT_SUPPORTED")
{
    struct rig rig;

    rig_establish(&rig, combo, "good");
    check_bindings(&rig, true);
    rig_close(&rig);
}

MATRIX(sessions, bindings_without_extended_secret, COMBOS_WHOLE, 0,
       "without extended master secret no binding hangs on the keys")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    combo.version = ENVOI_TLS_1_2;
    rig_open(&rig, combo);
    check_eq(rig_context(&rig, &config), ENVOI_OK);
    rig_serve(&rig, "good", &(struct peer_config){.no_master_secret = true});
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
    check_bindings(&rig, false);
    rig_close(&rig);
}

/* RFC 5929 does not say what the end point of an Ed25519 signature is. */
MATRIX(sessions, binding_without_hash, COMBOS_WHOLE, CHECK_ED25519 | CHECK_END_POINT,
       "Ed25519 has no tls-server-end-point")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;
    size_t len;

    rig_open(&rig, combo);
    config.ca_file = PKI("edself.pem");
    check_eq(rig_context(&rig, &config), ENVOI_OK);
    rig_serve(&rig, "edself", NULL);
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK, "%s", rig.error_text);
    check_eq(rig_binding(&rig, "tls-server-end-point", NULL, 0, &len), ENVOI_E_NOT_SUPPORTED);
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

    check_leq(ticket->len + len, sizeof(ticket->data));
    memcpy(ticket->data + ticket->len, data, len);
    ticket->len += len;
    check_gt(ticket->len, 100);
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

    check_eq(rig->combo.library->send(rig->peer, "250", 3), PEER_OK);
    check_eq(rig_recv_some(rig, buf, sizeof(buf), &n), ENVOI_OK, "%s", rig->error_text);
    check_eq(n, 3);
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
    check_eq(rig_context(rig, &config), ENVOI_OK);
    rig_serve(rig, "good", server);
    check_eq(rig_connect(rig, params), ENVOI_OK);
    check_eq(rig_handshake(rig), ENVOI_OK, "%s", rig->error_text);
    exchange(rig);
    check_eq(rig_ticket(rig, &sink), ENVOI_OK);
    check_gt(ticket->len, 100);
    check_eq(rig_ticket(rig, &bad), ENVOI_E_PROTOCOL, "ticket() does not return the error of the sink");
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
    check_eq(rig_connect(rig, &params), ENVOI_OK, "%s", rig->error_text);
    return rig_handshake(rig);
}

static bool is_resumed(struct rig *rig)
{
    struct envoi_tls_info info;

    check_eq(rig_info(rig, &info), ENVOI_OK);
    check_eq(info.resumed, rig->combo.library->is_resumed(rig->peer));
    return info.resumed;
}

MATRIX(sessions, resumption, COMBOS, CHECK_TICKETS, "a ticket resumes, and the resumed connection says so, verified")
{
    struct envoi_conn_params params = rig_params();
    struct envoi_tls_info info;
    struct envoi_certificate cert;
    struct ticket first, second = {.len = 0};
    const struct envoi_sink sink = {sizeof(sink), ticket_write, &second};
    struct rig rig;

    get_ticket(&rig, combo, &params, &first);
    check_eq(resume(&rig, params, &first), ENVOI_OK, "%s", rig.error_text);
    check(is_resumed(&rig));
    check_eq(rig_info(&rig, &info), ENVOI_OK);
    check_eq(info.verified, 1);
    check_bindings(&rig, true);
    check_eq(rig_certificate(&rig, 0, &cert), ENVOI_OK);
    check_str_eq(cert.subject, "CN=mail.example.test,O=envoi tests");
    exchange(&rig);
    /* and from the second to a third */
    check_eq(rig_ticket(&rig, &sink), ENVOI_OK);
    if (rig.combo.version == ENVOI_TLS_1_3)
        check(first.len != second.len || memcmp(first.data, second.data, first.len) != 0, "it is the one it had");
    check_eq(resume(&rig, params, &second), ENVOI_OK, "%s", rig.error_text);
    check(is_resumed(&rig));
    rig_close(&rig);
}

/* A server that has none for who resumes: a ticket of TLS 1.3 is not given out once more, a session of TLS 1.2 is. */
MATRIX(sessions, no_other_ticket, COMBOS_WHOLE, CHECK_TICKETS, "a ticket of TLS 1.3 is not given out once more")
{
    struct peer_config sparing = {.sparing = true};
    struct envoi_conn_params params = rig_params();
    struct ticket first, second = {.len = 0};
    const struct envoi_sink sink = {sizeof(sink), ticket_write, &second};
    struct rig rig;

    get_ticket_of(&rig, combo, &sparing, &params, &first);
    check_eq(resume(&rig, params, &first), ENVOI_OK, "%s", rig.error_text);
    check(is_resumed(&rig));
    exchange(&rig);
    int32_t rc = rig_ticket(&rig, &sink);
    check_eq(rc, rig.combo.version == ENVOI_TLS_1_3 ? ENVOI_E_NOT_SUPPORTED : ENVOI_OK, "%d", rc);
    check_eq(second.len > 0, rc == ENVOI_OK);
    rig_close(&rig);
}

/* A session of TLS 1.2 is lent to many: it is as good for the next one. */
MATRIX(sessions, session_for_many, COMBOS_WHOLE, CHECK_TICKETS, "a session of TLS 1.2 is good for many connections")
{
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;

    combo.version = ENVOI_TLS_1_2;
    get_ticket(&rig, combo, &params, &ticket);
    for (int i = 0; i < 3; i++) {
        check_eq(resume(&rig, params, &ticket), ENVOI_OK, "%s", rig.error_text);
        check(is_resumed(&rig), "connection %d", i + 2);
        exchange(&rig);
    }
    rig_close(&rig);
}

/* A ticket of one server is used for a connection that must be to another. Without SNI, so that the server plays along;
 * it did resume, and yet the connection is refused. */
/* faults: 13 */
MATRIX(sessions, ticket_of_other_host, COMBOS_WHOLE, CHECK_TICKETS, "a resumed session is refused for another name")
{
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;

    params.server_name = "127.0.0.1";
    params.name_is_ip = 1;
    get_ticket(&rig, combo, &params, &ticket);
    params.server_name = "127.0.0.2";
    int32_t rc = resume(&rig, params, &ticket);
    check_eq(rc, ENVOI_E_CERTIFICATE, "%d", rc);
    check_words(rig.error_text, "not for 127.0.0.2");
    check(rig.combo.version == ENVOI_TLS_1_2 || rig.peer_rc == PEER_OK);
    check(rig.combo.library->is_resumed(rig.peer), "the session was not resumed: nothing is shown");
    rig_close(&rig);
}

/* faults: 10 */
MATRIX(sessions, ticket_and_pins, COMBOS_WHOLE, CHECK_TICKETS, "a resumed session is refused for another pin")
{
    static const uint8_t wrong[1][32] = {{1}};
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;
    uint8_t right[1][32];
    FILE *file = fopen(PKI("good.pin"), "rb");

    check(file && fread(right, 1, 32, file) == 32);
    fclose(file);
    get_ticket(&rig, combo, &params, &ticket);
    params.pin_count = 1;
    params.pins = wrong;
    for (params.verify = 0; params.verify < 2; params.verify++) {
        check_eq(resume(&rig, params, &ticket), ENVOI_E_CERTIFICATE);
        check_words(rig.error_text, "none of the pinned keys");
        check(rig.combo.library->is_resumed(rig.peer), "the session was not resumed: nothing is shown");
    }
    params.verify = 1;
    params.pins = (const uint8_t(*)[32])right;
    check_eq(resume(&rig, params, &ticket), ENVOI_OK, "%s", rig.error_text);
    check(is_resumed(&rig));
    rig_close(&rig);
}

/* A session that was never verified does not become a verified one. */
/* faults: 10 */
MATRIX(sessions, ticket_unverified, COMBOS_WHOLE, CHECK_TICKETS,
       "a session that was not verified does not become a verified one")
{
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;

    params.verify = 0;
    get_ticket(&rig, combo, &params, &ticket);
    check_eq(resume(&rig, params, &ticket), ENVOI_OK);
    check(is_resumed(&rig));
    params.verify = 1;
    check_eq(resume(&rig, params, &ticket), ENVOI_OK);
    check_not(is_resumed(&rig));
    rig_close(&rig);
}

/* With revocation lists there is always a full handshake: a revoked server cannot hide behind its ticket. */
/* faults: 22 */
MATRIX(sessions, ticket_and_lists, COMBOS_WHOLE, CHECK_TICKETS,
       "with revocation lists there is always a full handshake")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct ticket ticket;
    struct rig rig;

    get_ticket(&rig, combo, &params, &ticket);
    rig_disconnect(&rig);
    rig.tls->ctx_free(rig.ctx);
    config.crl_file = PKI("crl-inter.pem");
    check_eq(rig_context(&rig, &config), ENVOI_OK);
    check_eq(resume(&rig, params, &ticket), ENVOI_OK, "%s", rig.error_text);
    check_not(is_resumed(&rig));
    rig_close(&rig);
}

/* The tickets of the other plugin (--other), each got by a process of its own, before this one has loaded its plugin. */
static const struct ticket *foreign_ticket(struct combo combo)
{
    static struct ticket *tickets;
    const size_t size = COMBOS_WHOLE * sizeof(*tickets);

    if (!check_options.other)
        return NULL;
    if (!tickets) {
        tickets = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        check(tickets != MAP_FAILED);
        pid_t pid = fork();
        if (pid == 0) {
            struct combo each;
            check_options.module = check_options.other;
            for (int k = 0; (k = combo_next(k, COMBOS_WHOLE, &each)) >= 0; k++) {
                struct envoi_conn_params params = rig_params();
                struct rig rig;
                get_ticket(&rig, each, &params, &tickets[k]);
            }
            _exit(0);
        }
        check_eq(waitpid(pid, NULL, 0), pid);
    }
    for (int k = 0; k < COMBOS_WHOLE; k++)
        if (combo_of(k).version == combo.version && combo_of(k).library == combo.library) {
            check(tickets[k].len > 0, "%s gave no ticket", check_options.other);
            return &tickets[k];
        }
    return NULL;
}

/* Whatever is given as a ticket: there is a full handshake instead. */
MATRIX(sessions, ticket_damaged, COMBOS_WHOLE, CHECK_TICKETS,
       "a ticket that is damaged, cut or foreign is a full handshake")
{
    static const size_t lengths[] = {0, 1, 2, 3, 10, 50, 99};
    struct envoi_conn_params params = rig_params();
    const struct ticket *foreign = foreign_ticket(combo);
    struct ticket ticket, cut;
    struct rig rig;

    get_ticket(&rig, combo, &params, &ticket);
    if (foreign) {
        check_eq(resume(&rig, params, foreign), ENVOI_OK, "%s", rig.error_text);
        check_not(is_resumed(&rig));
    }
    for (size_t i = 0; i < COUNT(lengths); i++) {
        cut = ticket;
        cut.len = lengths[i];
        check_eq(resume(&rig, params, &cut), ENVOI_OK, "%zu octets: %s", cut.len, rig.error_text);
        check_not(is_resumed(&rig));
    }
    for (size_t at = 0; at < ticket.len; at += 31) {
        cut = ticket;
        cut.data[at] ^= 0x40;
        check_eq(resume(&rig, params, &cut), ENVOI_OK, "damaged at %zu: %s", at, rig.error_text);
        check_not(is_resumed(&rig));
    }
    rig_close(&rig);
}

MATRIX(sessions, no_ticket, COMBOS_WHOLE, CHECK_TICKETS, "a server without tickets: ENVOI_E_NOT_SUPPORTED")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct ticket ticket = {.len = 0};
    const struct envoi_sink sink = {sizeof(sink), ticket_write, &ticket};
    struct rig rig;

    rig_open(&rig, combo);
    check_eq(rig_context(&rig, &config), ENVOI_OK);
    rig_serve(&rig, "good", &(struct peer_config){.no_tickets = true});
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_ticket(&rig, &sink), ENVOI_E_NOT_SUPPORTED);
    check_eq(rig_handshake(&rig), ENVOI_OK);
    exchange(&rig);
    /* A GnuTLS server gives a session id on TLS 1.2 even when it remembers nothing. */
    if (rig.combo.version == ENVOI_TLS_1_3 || rig.combo.library == &peer_openssl) {
        check_eq(rig_ticket(&rig, &sink), ENVOI_E_NOT_SUPPORTED);
        check_eq(ticket.len, 0);
    }
    rig_close(&rig);
}
