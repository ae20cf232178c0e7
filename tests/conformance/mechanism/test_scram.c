/* SPDX-License-Identifier: MIT */
/* SCRAM against servers that attack (RFC 5802, 7677). */
#include "combos.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

static struct client client;

/* The server's first message: %s is the client's nonce. */
static const struct {
    const char *message;
    const char *words; /* of the error, NULL: it is good */
} firsts[] = {
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=4096", NULL},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=20000", NULL},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=65536", NULL},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=4096,x=later", NULL},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=4095", "4096"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=1", "4096"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=0", "number"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=-1", "number"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=+5000", "number"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=05000", "number"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=0x5000", "number"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i= 5000", "number"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=", "number"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=2000000000", "65536"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=65537", "65536"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=600000", "65536"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=4294971392", "65536"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=18446744073709555712", "65536"},
    {"r=%s,s=c2FsdHNhbHQ=,i=4096", "nothing to our nonce"},
    {"r=x%sSRV,s=c2FsdHNhbHQ=,i=4096", "not begin with ours"},
    {"r=somebody+elses+nonce+which+is+long+enough%.0s,s=c2FsdHNhbHQ=,i=4096", "not begin with ours"},
    {"r=,s=c2FsdHNhbHQ=,i=4096%.0s", "not begin with ours"},
    {"r=%sS V,s=c2FsdHNhbHQ=,i=4096", "characters"},
    {"r=%sS\x80V,s=c2FsdHNhbHQ=,i=4096", "characters"},
    {"r=%sSRV,s=,i=4096", "salt"},
    {"r=%sSRV,s=c2Fs dHNh,i=4096", "salt"},
    {"r=%sSRV,s=c2FsdA,i=4096", "salt"},
    {"r=%sSRV,s=====,i=4096", "salt"},
    {"r=%sSRV,s=c2==dHNh,i=4096", "salt"},
    {"r=%sSRV,s=!!!!,i=4096", "salt"},
    {"m=must,r=%sSRV,s=c2FsdHNhbHQ=,i=4096", "extension"},
    {"r=%sSRV,m=must,s=c2FsdHNhbHQ=,i=4096", "extension"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=4096,m=must", "extension"},
    {"r=%sSRV,i=4096,s=c2FsdHNhbHQ=", "nonce, salt and iteration"},
    {"s=c2FsdHNhbHQ=,r=%sSRV,i=4096", "nonce, salt and iteration"},
    {"r=%sSRV,s=c2FsdHNhbHQ=", "nonce, salt and iteration"},
    {"r=%sSRV", "nonce, salt and iteration"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,", "malformed"},
    {"r=%sSRV,s=c2FsdHNhbHQ=,i=4096,", "malformed"},
    {"r=%sSRV,,s=c2FsdHNhbHQ=,i=4096", "malformed"},
    {"r=%sSRV s=c2FsdHNhbHQ= i=4096", "characters"},
    {"v=%sSRV", "nonce, salt and iteration"},
    {"e=unknown-user%.0s", "ended the exchange"},
    {"%.0s", "nonce, salt and iteration"},
    {"r%.0s", "malformed"},
};

/* The nonce of the client's first message. */
static const char *nonce_of(char *buf, size_t cap)
{
    check(client.wrote && client.out_len < cap);
    memcpy(buf, client.out, client.out_len);
    buf[client.out_len] = '\0';
    const char *nonce = strstr(buf, ",r=");
    check(nonce, "no nonce in %s", buf);
    return nonce + 3;
}

/* faults: 62, S13 */
EACH_NAMED("SCRAM-", mech_scram, the_servers_first_message_is_checked, "the server's first message is checked")
{
    client_open(&client);
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        char first[512], message[1024];

        client_begin(&client, combo->mech);
        check_eq(client_step(&client, NULL, 0), ENVOI_OK);
        const char *nonce = nonce_of(first, sizeof first);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(message, sizeof message, firsts[i].message, nonce);
#pragma GCC diagnostic pop
        int32_t rc = client_step(&client, message, strlen(message));
        if (firsts[i].words) {
            client_expect(&client, rc, ENVOI_E_AUTH, firsts[i].words);
            check(!client.wrote, "an answer to '%s'", message);
        } else {
            check_eq(rc, ENVOI_OK, "'%s': %s", message, host_record.text);
            check_eq(client.result, ENVOI_STEP_CONTINUE);
            check_eq(memcmp(client.out, "c=", 2), 0);
        }
    }
    client_close(&client);
}

/* faults: 62 */
EACH_NAMED("SCRAM-", mech_scram, a_nul_in_the_first_message_is_refused, "a NUL in it is refused")
{
    char first[512], message[1024];

    client_open(&client);
    client_begin(&client, combo->mech);
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    int len =
        snprintf(message, sizeof message, "r=%sSRV,s=c2FsdHNhbHQ=,i=4096,x=%c.", nonce_of(first, sizeof first), 0);
    check_eq(client_step(&client, message, (size_t)len), ENVOI_E_AUTH);
    client_close(&client);
}

/* What the server's last message becomes on its way. */
static const char *replacement; /* NULL: one character of the signature is changed */

static void replace_final(int number, char *challenge, size_t *len, size_t cap)
{
    if (number != 2)
        return;
    check_eq(memcmp(challenge, "v=", 2), 0);
    if (replacement) {
        *len = (size_t)snprintf(challenge, cap, "%s", replacement);
        return;
    }
    challenge[5] = challenge[5] == 'A' ? 'B' : 'A';
}

/* faults: 61 */
EACH_NAMED("SCRAM-", mech_scram, the_servers_signature_is_checked, "the server's signature is checked")
{
    static const char *const finals[] = {NULL,
                                         "",
                                         "v=",
                                         "v=AAAA",
                                         "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
                                         "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
                                         "x=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
                                         "e=invalid-proof",
                                         "r=again,s=c2FsdHNhbHQ=,i=4096"};

    client_open(&client);
    for (size_t i = 0; i < sizeof finals / sizeof *finals; i++) {
        struct server server;

        replacement = finals[i];
        server_open(&server, NULL, NULL, 0);
        server.tamper = replace_final;
        client_begin(&client, combo->mech);
        struct outcome outcome = dialogue(&client, &server, combo->mech);
        /* "e=" refuses us; all others are no proof */
        check_eq(outcome.client, finals[i] && finals[i][0] == 'e' ? ENVOI_E_AUTH : ENVOI_E_SERVER_PROOF,
                 "'%s' was taken", finals[i] ? finals[i] : "a changed signature");
        check_neq(client.result, ENVOI_STEP_DONE);
        check(!client.wrote);
        server_close(&server);
    }
    client_close(&client);
}

/* A 235 in place of the signature: the core sees that the mechanism is not done. */
/* faults: 61 */
EACH_NAMED("SCRAM-", mech_scram, it_is_not_done_before_the_signature, "it is not DONE before the signature")
{
    struct server server;

    client_open(&client);
    check(combo->flags & ENVOI_MECH_MUTUAL);
    server_open(&server, NULL, NULL, 0);
    client_begin(&client, combo->mech);
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    check_eq(client.result, ENVOI_STEP_CONTINUE);
    server_start(&server, combo->mech, client.out, client.out_len);
    check_eq(client_step(&client, server.challenge, server.challenge_len), ENVOI_OK);
    check_eq(client.result, ENVOI_STEP_CONTINUE);
    server_step(&server, client.out, client.out_len);
    check_eq(server.verdict, SERVER_MORE);
    check_eq(client_step(&client, server.challenge, server.challenge_len), ENVOI_OK);
    check_eq(client.result, ENVOI_STEP_DONE);
    check_eq(client.out_len, 0);
    server_close(&server);
    client_close(&client);
}

/* A user name with the two characters that SCRAM has to write otherwise. */
EACH_NAMED("SCRAM-", mech_scram, comma_and_equals_are_escaped, "comma and equals sign of a name are escaped")
{
    char first[512];

    client_open(&client);
    client.value[AUTHID] = "a,r=evil=b";
    client.value[AUTHZID] = "c,n=d";
    client_begin(&client, combo->mech);
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    nonce_of(first, sizeof first);
    check(strstr(first, "n=a=2Cr=3Devil=3Db,r="), "%s", first);
    check(strstr(first, "a=c=2Cn=3Dd,"), "%s", first);
    client_close(&client);
}
