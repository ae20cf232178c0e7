/* SPDX-License-Identifier: MIT */
/* Credentials that come late, not at all, or with a NUL in them. */
#include "combos.h"
#include "server.h"

#include <string.h>

static struct client client;

/* A challenge that the mechanism may meet first, for those that wait for the server. */
static const char *first_challenge(const struct check_mechanism *combo)
{
    if (combo->flags & ENVOI_MECH_CLIENT_FIRST)
        return NULL;
    if (strcmp(combo->mech, "DIGEST-MD5") == 0)
        return "realm=\"r\",nonce=\"bm9uY2U\",qop=\"auth\",charset=utf-8,algorithm=md5-sess";
    return "<1896.697170952@postoffice.reston.mci.net>";
}

/* What the last step was given; the same comes again after AGAIN. */
static const char *last_challenge;

static int32_t step_with(const char *challenge)
{
    last_challenge = challenge;
    return client_step(&client, challenge, challenge ? strlen(challenge) : 0);
}

/* Steps until a credential was needed or the mechanism is done: the initial response, or two challenges. */
static int32_t step_until_answer(const struct check_mechanism *combo)
{
    int32_t rc = step_with(NULL);

    for (int i = 0; i < 2 && rc == ENVOI_OK && first_challenge(combo) && client.result != ENVOI_STEP_DONE; i++)
        rc = step_with(first_challenge(combo));
    return rc;
}

EACH_MECHANISM(mech_credentials, late_answers_are_waited_for,
               "cred() says AGAIN: step() says AGAIN with ENVOI_WANT_CREDENTIAL and goes on at the next call")
{
    struct server server;

    client_open(&client);
    server_open(&server, NULL, NULL, 0);
    for (int place = 0; place < CREDENTIALS; place++)
        client.again[place] = 2;
    struct outcome outcome = run_login(&client, combo->mech, NULL, 0);
    check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
    check_eq(outcome.server, SERVER_YES, "%s: %d", combo->mech, outcome.server);
    check_eq(outcome.result, ENVOI_STEP_DONE);
    for (int place = 0; place < CREDENTIALS; place++)
        if (combo->needs & 1u << place)
            check(client.asked[place] >= 3, "a credential was asked for %d times, and there is an answer to the third",
                  client.asked[place]);
    server_close(&server);
    client_close(&client);
}

EACH_MECHANISM(mech_credentials, every_needed_one_can_be_cancelled,
               "a needed credential that is not given is ENVOI_E_CANCELLED, and nothing is written")
{
    client_open(&client);
    for (int place = 0; place < CREDENTIALS; place++) {
        if (!(combo->needs & 1u << place))
            continue;
        const char *given = client.value[place];
        client.value[place] = NULL;
        client_begin(&client, combo->mech);
        int32_t rc = step_until_answer(combo);
        client_expect(&client, rc, ENVOI_E_CANCELLED, "was given");
        check(!client.wrote);
        client.value[place] = given;
    }
    client_close(&client);
}

/* Cancelled after it was late, and freed while it is late. */
EACH_MECHANISM(mech_credentials, late_ones_can_be_cancelled_or_given_up,
               "a credential may be cancelled after AGAIN, and an exchange freed amid it")
{
    client_open(&client);
    for (int place = 0; place < CREDENTIALS; place++) {
        if (!(combo->needs & 1u << place))
            continue;
        const char *given = client.value[place];
        client.again[place] = 1;
        client_begin(&client, combo->mech);
        check_eq(step_until_answer(combo), ENVOI_E_AGAIN);
        client_end(&client);

        client.value[place] = NULL;
        client.again[place] = 1;
        client_begin(&client, combo->mech);
        check_eq(step_until_answer(combo), ENVOI_E_AGAIN);
        check_eq(step_with(last_challenge), ENVOI_E_CANCELLED);
        client.value[place] = given;
    }
    client_close(&client);
}

EACH_MECHANISM(mech_credentials, nul_is_refused_before_anything_is_written,
               "a credential with a NUL is ENVOI_E_USAGE, and nothing is written")
{
    static const char with_nul[] = "ali\0ce";

    client_open(&client);
    for (int place = 0; place < CREDENTIALS; place++) {
        if (!(combo->needs & 1u << place))
            continue;
        const char *given = client.value[place];
        client.value[place] = with_nul;
        client.len[place] = sizeof with_nul - 1;
        client_begin(&client, combo->mech);
        client_expect(&client, step_until_answer(combo), ENVOI_E_USAGE, "NUL");
        check(!client.wrote);
        client.value[place] = given;
        client.len[place] = 0;
    }
    client_close(&client);
}

EACH_MECHANISM(mech_credentials, nul_in_the_name_to_act_as_is_refused, "a name to act as with a NUL is ENVOI_E_USAGE")
{
    static const char with_nul[] = "bo\0b";

    client_open(&client);
    client.value[AUTHZID] = with_nul;
    client.len[AUTHZID] = sizeof with_nul - 1;
    client_begin(&client, combo->mech);
    int32_t rc = step_until_answer(combo);
    if (client.asked[AUTHZID])
        client_expect(&client, rc, ENVOI_E_USAGE, "NUL");
    else
        check_eq(rc, ENVOI_OK, "%s", host_record.text);
    client_close(&client);
}

/* An empty name to act as is none. */
EACH_MECHANISM(mech_credentials, an_empty_name_to_act_as_is_none, "an empty name to act as is none")
{
    struct server server;
    char user[128];

    client_open(&client);
    server_open(&server, NULL, NULL, 0);
    client.value[AUTHZID] = "";
    if (server_offers(&server, combo->mech)) {
        struct outcome outcome = run_login(&client, combo->mech, user, sizeof user);
        check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
        check_eq(outcome.server, SERVER_YES, "%s: %d", combo->mech, outcome.server);
        check_str_eq(user, combo->flags & ENVOI_MECH_ANONYMOUS ? "anonymous" : "alice");
    }
    server_close(&server);
    client_close(&client);
}

OF_PLUGIN("sasl", mech_credentials, cyrus_is_not_given_a_name_that_it_would_change,
          "a name that Cyrus would change is refused")
{
    static const char *const names[] = {" alice", "alice ", "\talice", ""};

    client_open(&client);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        client.value[AUTHID] = names[i];
        client_begin(&client, "SCRAM-SHA-256");
        client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_USAGE, "name");
    }
    client_close(&client);
}

OF_PLUGIN("sasl", mech_credentials, a_name_too_long_for_cyrus_is_a_local_fault,
          "a name that is too long for Cyrus is ENVOI_E_USAGE")
{
    static char name[5000];

    memset(name, 'a', sizeof name - 1);
    client_open(&client);
    client.value[AUTHID] = name;
    client_begin(&client, "SCRAM-SHA-256");
    client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_USAGE, "too long");
    client.len[AUTHID] = 1024;
    client_begin(&client, "SCRAM-SHA-256");
    client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_USAGE, "too long");
    client.len[AUTHID] = 1023;
    client_begin(&client, "SCRAM-SHA-256");
    check_eq(client_step(&client, NULL, 0), ENVOI_OK, "%s", host_record.text);
    client_close(&client);
}

OF_PLUGIN("plain", mech_credentials, plain_refuses_empty_fields, "an empty user or password is ENVOI_E_USAGE")
{
    client_open(&client);
    for (int place = AUTHID; place <= PASSWORD; place += PASSWORD - AUTHID) {
        const char *given = client.value[place];
        client.value[place] = "";
        client_begin(&client, "PLAIN");
        client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_USAGE, "empty");
        check(!client.wrote);
        client.value[place] = given;
    }
    client_close(&client);
}
