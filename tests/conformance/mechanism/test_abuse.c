/* SPDX-License-Identifier: MIT */
/* Servers that send garbage, too much, or too little; callers that stop anywhere. */
#include "combos.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

static struct client client;

/* What a server that means no good may send next. */
static const char *const hostile[] = {
    "",
    "r=",
    "m=x,r=a,s=AAAA,i=4096",
    "v=",
    "v=AAAA",
    "e=other-error",
    "rspauth=",
    "rspauth=00000000000000000000000000000000",
    "realm=\"r\",nonce=\"n\",qop=\"auth\",algorithm=md5-sess",
    "realm=\"a\",realm=\"b\",realm=\"c\",nonce=\"n\",qop=\"auth\",algorithm=md5-sess",
    "realm=\"",
    "nonce=\"n\",qop=\"auth-conf\",cipher=\"rc4\",maxbuf=17,algorithm=md5-sess",
    "nonce=\"n\",maxbuf=99999999999999999999,algorithm=md5-sess",
    "nonce=\"n\",stale=true,stale=true,algorithm=md5-sess,qop=\"auth\"",
    "=,=,=,\"\"\"\"",
    "NTLMSSP",
    "<>",
    "%n%n%s%s",
    "\x80\xff\xfe\r\n.\r\n",
};

#define HOSTILE (sizeof hostile / sizeof *hostile)

/* One step that may go well or be refused, and nothing else. Returns 0 when the exchange has ended. */
static int step_anything(const void *in, size_t len)
{
    int32_t rc = client_step(&client, in, len);

    check(rc == ENVOI_OK || client_refuses(rc), "%d (%s)", rc, host_record.text);
    return rc == ENVOI_OK;
}

/* faults: 60, 63 */
EACH_MECHANISM(mech_abuse, hostile_challenges_are_answered_or_refused,
               "a challenge that makes no sense is answered or refused, and nothing is believed for it")
{
    client_open(&client);
    for (size_t first = 0; first < HOSTILE; first++) {
        for (size_t second = 0; second < HOSTILE; second++) {
            client_begin(&client, combo->mech);
            check_eq(client_step(&client, NULL, 0), ENVOI_OK, "%s", host_record.text);
            if (step_anything(hostile[first], strlen(hostile[first])))
                step_anything(hostile[second], strlen(hostile[second]));
            if (combo->flags & ENVOI_MECH_MUTUAL)
                check_neq(client.result, ENVOI_STEP_DONE, "content with a server that proved nothing");
        }
    }
    client_close(&client);
}

/* faults: 63 */
EACH_MECHANISM(mech_abuse, random_challenges_are_answered_or_refused, "random octets are answered or refused")
{
    unsigned char noise[3000];

    client_open(&client);
    srand(20250801);
    for (int round = 0; round < 300; round++) {
        client_begin(&client, combo->mech);
        check_eq(client_step(&client, NULL, 0), ENVOI_OK);
        for (int i = 0; i < 4; i++) {
            size_t len = (size_t)rand() % (round % 3 ? 60 : sizeof noise);
            for (size_t n = 0; n < len; n++)
                noise[n] = (unsigned char)(rand() >> 4);
            if (!step_anything(noise, len))
                break;
        }
    }
    client_close(&client);
}

/* A true challenge of a true server, with one octet changed. */
static int damage_number;
static int damage_seed;

static void damage(int number, char *challenge, size_t *len, size_t cap)
{
    (void)cap;
    if (number == damage_number && *len > 0)
        challenge[(size_t)damage_seed * 7 % *len] ^= (char)(1 << damage_seed % 8);
}

/* faults: 61, 63 */
EACH_MECHANISM(mech_abuse, damaged_challenges_are_answered_or_refused,
               "a challenge with one octet changed is answered or refused")
{
    struct server server;

    client_open(&client);
    for (damage_number = 1; damage_number <= 2; damage_number++) {
        for (damage_seed = 0; damage_seed < 40; damage_seed++) {
            server_open(&server, NULL, NULL, 0);
            if (server_offers(&server, combo->mech)) {
                server.tamper = damage;
                client_begin(&client, combo->mech);
                struct outcome outcome = dialogue(&client, &server, combo->mech);
                check(outcome.client == ENVOI_OK || client_refuses(outcome.client), "%d (%s)", outcome.client,
                      host_record.text);
            }
            server_close(&server);
        }
    }
    client_close(&client);
}

/* A server that never comes to an end is ended by the mechanism; and after DONE nothing is taken. */
/* faults: 60 */
EACH_MECHANISM(mech_abuse, endless_challenges_end,
               "a server that asks without end is refused, and after DONE nothing is taken")
{
    client_open(&client);
    for (size_t i = 0; i < HOSTILE; i++) {
        int steps = 0, done = 0;

        client_begin(&client, combo->mech);
        int32_t rc = client_step(&client, NULL, 0);
        check_eq(rc, ENVOI_OK);
        done = client.result == ENVOI_STEP_DONE;
        while (rc == ENVOI_OK && steps++ < 20) {
            rc = client_step(&client, hostile[i], strlen(hostile[i]));
            check(!done || client_refuses(rc) || combo_explains(combo), "a challenge was taken after DONE");
            check(!done || client.result != ENVOI_STEP_DONE, "still content");
            done = client.result == ENVOI_STEP_DONE;
        }
        check(client_refuses(rc), "still answering after %d challenges", steps);
        /* And it stays at that. */
        check_lt(client_step(&client, hostile[i], strlen(hostile[i])), 0);
    }
    client_close(&client);
}

/* faults: 60 */
EACH_MECHANISM(mech_abuse, a_huge_challenge_is_refused, "a challenge of 70,000 octets is refused")
{
    static char huge[70000];

    memset(huge, 'a', sizeof huge);
    client_open(&client);
    client_begin(&client, combo->mech);
    check_eq(client_step(&client, NULL, 0), ENVOI_OK);
    check_eq(client_step(&client, huge, sizeof huge), ENVOI_E_AUTH);
    client_close(&client);
}

/* faults: 60 */
EACH_MECHANISM(mech_abuse, nothing_is_taken_after_done, "a challenge after DONE is refused")
{
    struct server server;

    client_open(&client);
    server_open(&server, NULL, NULL, 0);
    if (server_offers(&server, combo->mech)) {
        client_begin(&client, combo->mech);
        struct outcome outcome = dialogue(&client, &server, combo->mech);
        check_eq(outcome.result, ENVOI_STEP_DONE);
        check_eq(client_step(&client, "", 0), ENVOI_E_AUTH);
        check_eq(client_step(&client, "more", 4), ENVOI_E_AUTH);
        check(!client.wrote);
    }
    server_close(&server);
    client_close(&client);
}

/* mech_free is legal at any point, and twice with nothing. */
EACH_MECHANISM(mech_abuse, an_exchange_can_be_left_anywhere, "mech_free() may come at any point, and with NULL")
{
    client_open(&client);
    client.mechanism->mech_free(NULL);
    for (int steps = 0; steps < 6; steps++) {
        struct server server;
        server_open(&server, NULL, NULL, 0);
        client_begin(&client, combo->mech);
        int32_t rc = steps > 0 ? client_step(&client, NULL, 0) : ENVOI_OK;
        if (steps > 1 && server_offers(&server, combo->mech)) {
            server_start(&server, combo->mech, client.wrote ? client.out : NULL, client.out_len);
            for (int i = 2; i < steps && rc == ENVOI_OK && server.verdict == SERVER_MORE; i++) {
                rc = client_step(&client, server.challenge ? server.challenge : "", server.challenge_len);
                server_step(&server, client.out, client.out_len);
            }
        }
        check_eq(rc, ENVOI_OK);
        client_end(&client);
        server_close(&server);
    }
    client_close(&client);
}
