/* SPDX-License-Identifier: MIT */
/* DIGEST-MD5 against servers that attack (RFC 2831, 6331). */
#include "combos.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

static struct client client;

/* What the server's proof becomes on its way; NULL: one digit of it is changed. */
static const char *replacement;

static void replace_proof(int number, char *challenge, size_t *len, size_t cap)
{
    static const char key[] = "rspauth=";

    if (number != 2)
        return;
    check(*len > sizeof key && memcmp(challenge, key, sizeof key - 1) == 0, "%.*s", (int)*len, challenge);
    if (replacement)
        *len = (size_t)snprintf(challenge, cap, "%s", replacement);
    else
        challenge[sizeof key] = challenge[sizeof key] == '0' ? '1' : '0';
}

/* faults: 63 */
EACH_NAMED("DIGEST-MD5", mech_digest, the_servers_proof_is_checked, "the server's proof is checked")
{
    static const char *const proofs[] = {NULL,           "",
                                         "rspauth=",     "rspauth=\"\"",
                                         "rspauth=0",    "rspauth=00000000000000000000000000000000",
                                         "qop=\"auth\"", "realm=\"again\",nonce=\"n\",qop=\"auth\",algorithm=md5-sess"};

    client_open(&client);
    for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        struct server server;

        replacement = proofs[i];
        server_open(&server, NULL, NULL, 0);
        server.tamper = replace_proof;
        client_begin(&client, combo->mech);
        struct outcome outcome = dialogue(&client, &server, combo->mech);
        check_eq(outcome.client, ENVOI_E_SERVER_PROOF, "'%s' was taken", proofs[i] ? proofs[i] : "a changed proof");
        check_neq(client.result, ENVOI_STEP_DONE);
        server_close(&server);
    }
    client_close(&client);
}

/* A 235 in place of the proof: the core sees that the mechanism is not done. */
/* faults: 63 */
EACH_NAMED("DIGEST-MD5", mech_digest, it_is_not_done_before_the_proof, "it is not DONE before the proof")
{
    static const char challenge[] = "realm=\"r\",nonce=\"n\",qop=\"auth\",algorithm=md5-sess,charset=utf-8";

    client_open(&client);
    check(combo->flags & ENVOI_MECH_MUTUAL);
    client_begin(&client, combo->mech);
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    check_eq(client_step(&client, challenge, strlen(challenge)), ENVOI_OK, "%s", host_record.text);
    check(client.wrote && client.out_len > 0);
    check_eq(client.result, ENVOI_STEP_CONTINUE);
    client_close(&client);
}

/* The answer to a realm, NULL when it is refused. */
static const char *answer_to(const struct check_mechanism *combo, const char *realm)
{
    static char challenge[20000];

    (void)snprintf(challenge, sizeof challenge, "realm=\"%s\",nonce=\"n\",qop=\"auth\",algorithm=md5-sess", realm);
    client_begin(&client, combo->mech);
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    int32_t rc = client_step(&client, challenge, strlen(challenge));
    check(rc == ENVOI_OK || rc == ENVOI_E_AUTH, "%d (%s)", rc, host_record.text);
    client.out[client.out_len < sizeof client.out ? client.out_len : sizeof client.out - 1] = '\0';
    return rc == ENVOI_OK ? client.out : NULL;
}

/* Whole or refused, never cut. */
/* faults: 63 */
EACH_NAMED("DIGEST-MD5", mech_digest, a_long_realm, "a long realm is answered whole or refused")
{
    static const size_t lengths[] = {1, 64, 255, 256, 1023, 1024, 2000, 4095, 4096, 16000};
    static char realm[16001], word[16020];

    client_open(&client);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memset(realm, 'r', lengths[i]);
        realm[lengths[i]] = '\0';
        (void)snprintf(word, sizeof word, "realm=\"%s\"", realm);
        const char *answer = answer_to(combo, realm);
        check(!answer || strstr(answer, word), "a realm of %zu octets is answered otherwise", lengths[i]);
        check(answer || lengths[i] > 255, "a realm of %zu octets is refused", lengths[i]);
    }
    client_close(&client);
}

/* What is quoted stays quoted: nothing of it becomes a directive. */
/* faults: 63 */
EACH_NAMED("DIGEST-MD5", mech_digest, quotes_in_a_realm, "quotes in a realm stay quoted")
{
    static const char *const realms[] = {"a\\\"b", "a\\\\b", "\\\",authzid=\\\"root"};
    static char word[200];

    client_open(&client);
    for (size_t i = 0; i < sizeof realms / sizeof *realms; i++) {
        (void)snprintf(word, sizeof word, "realm=\"%s\"", realms[i]);
        const char *answer = answer_to(combo, realms[i]);
        check(answer && strstr(answer, word), "%s", answer ? answer : host_record.text);
    }
    client_close(&client);
}
