/* SPDX-License-Identifier: MIT */
/* Memory that runs out, sinks that are full, and secrets that have to be gone. */
#include "combos.h"
#include "server.h"

#include <string.h>

static struct client client;

/* A whole login with allocation number `n` failing. Returns 0 when `n` was beyond the last. */
static int login_failing(const struct check_mechanism *combo, size_t n, int for_ever)
{
    struct server server;

    server_open(&server, NULL, NULL, 0);
    host_fail_at(n, for_ever);
    int32_t rc = client.mechanism->mech_new(client.state, combo->mech, &client.params, &client.ctx);
    if (rc == ENVOI_OK) {
        struct outcome outcome = dialogue(&client, &server, combo->mech);
        rc = outcome.client;
        if (rc == ENVOI_OK) {
            check_eq(outcome.server, SERVER_YES, "%s: %d", combo->mech, outcome.server);
            check_eq(outcome.result, ENVOI_STEP_DONE);
        }
    }
    client_end(&client);
    server_close(&server);
    int failed = host_record.failed > 0;
    check(rc == (failed ? ENVOI_E_MEMORY : ENVOI_OK), "allocation %zu failed, and the exchange ended with %s (%s)", n,
          check_result(rc), host_record.text);
    host_fail_at(0, 0);
    return failed;
}

/* faults: 75, 77 */
EACH_MECHANISM(mech_memory, every_allocation_can_fail,
               "each allocation may fail: ENVOI_E_MEMORY, and nothing is left behind")
{
    client_open(&client);
    host_watch(client.value[PASSWORD], strlen(client.value[PASSWORD]));
    client.value[AUTHZID] = combo->flags & ENVOI_MECH_ANONYMOUS ? NULL : "alice";
    for (int for_ever = 0; for_ever <= 1; for_ever++) {
        size_t n = 1;
        while (login_failing(combo, n, for_ever))
            check_lt(++n, 100);
        check_gt(n, 1, "the plugin does not allocate through the host");
    }
    client_close(&client);
}

/* faults: 77 */
EACH_MECHANISM(mech_memory, a_full_sink_ends_the_exchange,
               "step() returns the error of a sink that refuses the response")
{
    static const char challenge[] = "nonce=\"n\",qop=\"auth\",algorithm=md5-sess";

    client_open(&client);
    host_watch(client.value[PASSWORD], strlen(client.value[PASSWORD]));
    for (int i = 0; i < 2; i++) {
        static const int32_t codes[] = {ENVOI_E_MEMORY, ENVOI_E_PROTOCOL};
        client.sink_rc = codes[i];
        client_begin(&client, combo->mech);
        int32_t rc = client_step(&client, NULL, 0);
        if (!(combo->flags & ENVOI_MECH_CLIENT_FIRST)) {
            check_eq(rc, ENVOI_OK);
            rc = client_step(&client, challenge, strlen(challenge));
        }
        check(rc == codes[i], "the sink returned %s, and step() %s", check_result(codes[i]), check_result(rc));
    }
    client_close(&client);
}

/* The password is in no block that the plugin or, for the first steps, Cyrus gave back. */
/* faults: 77 */
EACH_MECHANISM(mech_memory, no_secret_is_left_behind, "no memory that is freed has the password in it")
{
    static const char *const challenges[] = {"nonce=\"n\",qop=\"auth\",algorithm=md5-sess", "rspauth=0", "more"};

    client_open(&client);
    host_watch(client.value[PASSWORD], strlen(client.value[PASSWORD]));
    for (size_t count = 0; count <= 3; count++) {
        client_begin(&client, combo->mech);
        int32_t rc = client_step(&client, NULL, 0);
        for (size_t i = 0; i < count && rc == ENVOI_OK; i++)
            rc = client_step(&client, challenges[i], strlen(challenges[i]));
        /* The core's own copy is the core's to wipe. */
        explicit_bzero(client.out, sizeof client.out);
        client_end(&client);
    }
    check_eq(host_record.cyrus_dirty, 0, "Cyrus gave back a block with the password in it");
    client_close(&client);
}

/* That the search finds what is there, here as well as in the heap of Cyrus. */
PROVIDER(mech_memory, the_search_for_secrets_works, "the search for secrets finds them")
{
    static const char secret[] = "do not find me";
    const struct envoi_host *host = host_get();

    host_watch(secret, sizeof secret - 1);
    char *block = host->alloc(100);
    memcpy(block + 50, secret, sizeof secret);
    host->free(block);
    check_eq(host_record.dirty, 1);
    block = host->alloc(100);
    memcpy(block + 50, secret, sizeof secret);
    host->wipe(block, 100);
    host->free(block);
    check_eq(host_record.dirty, 1);

    struct server server;
    server_open(&server, NULL, NULL, 0);
    server_start(&server, "PLAIN", "\0do not find me\0do not find me", 30);
    server_close(&server);
    check_gt(host_record.cyrus_dirty, 0);
}
