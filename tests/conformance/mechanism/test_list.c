/* SPDX-License-Identifier: MIT */
/* What the providers say of themselves. */
#include "combos.h"
#include "harness.h"

#include <sasl/sasl.h>
#include <string.h>

#define FIRST  ENVOI_MECH_CLIENT_FIRST
#define MUTUAL ENVOI_MECH_MUTUAL
#define BINDS  ENVOI_MECH_CHANNEL_BINDING
#define LONG   ENVOI_MECH_MAY_TAKE_LONG
#define LOGIN  (ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD)

/* The same rows whoever provides them. */
static const struct {
    const char *name;
    uint32_t flags;
    uint32_t needs;
    const char *providers[2];
} expected[] = {
    {"PLAIN", FIRST | ENVOI_MECH_PLAINTEXT, LOGIN, {"plain", "sasl"}},
    {"LOGIN", ENVOI_MECH_PLAINTEXT, LOGIN, {"login", "sasl"}},
    {"CRAM-MD5", 0, LOGIN, {"cram_md5", "sasl"}},
    {"DIGEST-MD5", MUTUAL | ENVOI_MECH_SECURITY_LAYER, LOGIN, {"sasl"}},
    {"SCRAM-SHA-1", FIRST | MUTUAL | BINDS | LONG, LOGIN, {"sasl"}},
    {"SCRAM-SHA-256", FIRST | MUTUAL | BINDS | LONG, LOGIN, {"sasl"}},
    {"SCRAM-SHA-512", FIRST | MUTUAL | BINDS | LONG, LOGIN, {"sasl"}},
    {"EXTERNAL", FIRST, 0, {"sasl"}},
    {"OAUTHBEARER", FIRST | ENVOI_MECH_PLAINTEXT, ENVOI_CRED_AUTHID | ENVOI_CRED_TOKEN, {"oauth"}},
    {"XOAUTH2", FIRST | ENVOI_MECH_PLAINTEXT, ENVOI_CRED_AUTHID | ENVOI_CRED_TOKEN, {"oauth"}},
    {"ANONYMOUS", FIRST | ENVOI_MECH_ANONYMOUS, 0, {"sasl"}},
};

static struct client client;

/* A plugin of this tree has exactly these; in others the flags that the core goes by are the same. */
PROVIDER(mech_list, rows_are_as_expected, "flags and needs fit the name")
{
    const uint32_t binding_flags = ENVOI_MECH_PLAINTEXT | ENVOI_MECH_ANONYMOUS | FIRST;

    client_open(&client);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct envoi_mech_info row;
        bool ours = false;

        for (size_t p = 0; p < 2 && expected[i].providers[p]; p++)
            ours |= strcmp(client.plugin->id, expected[i].providers[p]) == 0;
        if (!client_row(&client, expected[i].name, &row)) {
            check(!ours, "%s is missing", expected[i].name);
            continue;
        }
        uint32_t wrong = (row.flags ^ expected[i].flags) & (ours ? UINT32_MAX : binding_flags);
        check(!wrong, "%s: flags are %#x, not %#x", expected[i].name, row.flags, expected[i].flags);
        wrong = ours ? row.needs ^ expected[i].needs : expected[i].needs & ~row.needs;
        check(!wrong, "%s: needs are %#x, not %#x", expected[i].name, row.needs, expected[i].needs);
    }
    client_close(&client);
}

PROVIDER(mech_list, names_are_sasl_names_and_come_once, "mech_at() gives SASL names, each once, and then ENVOI_E_END")
{
    const char *names[64];
    struct envoi_mech_info row = {.struct_size = sizeof row};
    size_t n = 0;

    client_open(&client);
    while (n < 64 && client.mechanism->mech_at(client.state, n, &row) == ENVOI_OK) {
        size_t len = strspn(row.name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
        check(len > 0 && len <= 20 && row.name[len] == '\0', "not a name: %s", row.name);
        check(!strstr(row.name, "-PLUS"), "%s is the core's to make", row.name);
        /* Modules of these exist for Cyrus, and crash. */
        if (strcmp(client.plugin->id, "sasl") == 0) {
            check_str_neq(row.name, "XOAUTH2");
            check_str_neq(row.name, "OAUTHBEARER");
        }
        for (size_t i = 0; i < n; i++)
            check(strcmp(row.name, names[i]) != 0, "%s comes twice", row.name);
        names[n++] = row.name;
    }
    check(n > 0, "there is no mechanism");
    check_eq(client.mechanism->mech_at(client.state, n, &row), ENVOI_E_END);
    check_eq(client.mechanism->mech_at(client.state, SIZE_MAX, &row), ENVOI_E_END);
    client_close(&client);
}

EACH_MECHANISM(mech_list, a_strange_name_is_refused, "mech_new() refuses a name that mech_at() does not give")
{
    static const char *const strange[] = {"",
                                          "NO-SUCH-MECHANISM",
                                          "XOAUTH",
                                          "plain",
                                          "PLAIN-PLUS",
                                          "-PLUS",
                                          "../../PLAIN",
                                          "AVERYLONGMECHANISMNAME-WITHOUT-END-AND-MORE-PLUS"};
    void *ctx = NULL;

    client_open(&client);
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        check_eq(client.mechanism->mech_new(client.state, strange[i], &client.params, &ctx), ENVOI_E_NOT_SUPPORTED);
        check_null(ctx);
    }
    client_close(&client);
}

/* Two library objects, then one, then none; other users of Cyrus in the process keep theirs. */
OF_PLUGIN("sasl", mech_list, init_and_fini_are_counted, "library objects have states of their own")
{
    struct client *second = &client;
    static struct client first;

    check_eq(sasl_client_init(NULL), SASL_OK);
    client_open(&first);
    void *one = first.state;
    client_open(second);
    check_neq(one, second->state, "two library objects share a state");

    first.plugin->fini(first.state);
    client_begin(second, "SCRAM-SHA-256");
    check_eq(client_step(second, NULL, 0), ENVOI_OK);
    client_close(second);

    /* Ours is the last one: had fini of the plugin not run, this would say SASL_CONTINUE. */
    check_eq(sasl_client_done(), SASL_OK);
}

PROVIDER(mech_list, init_survives_every_failing_allocation,
         "init() returns ENVOI_E_MEMORY when memory runs out, and leaves nothing behind")
{
    size_t n = 0;

    /* The modules of Cyrus stay loaded meanwhile. */
    check_eq(sasl_client_init(NULL), SASL_OK);
    client_open(&client);
    client_close(&client);
    if (!client.plugin->init)
        check_skip("the plugin has no init");
    do {
        void *state = NULL;
        host_fail_at(++n, 0);
        int32_t rc = client.plugin->init(host_get(), &state);
        check_eq(rc, host_record.failed ? ENVOI_E_MEMORY : ENVOI_OK);
        if (rc == ENVOI_OK && client.plugin->fini)
            client.plugin->fini(state);
        check_eq(host_record.live, 0u, "init() or fini() leaves memory behind");
    } while (host_record.failed);
    check(n > 1 || !client.plugin->fini, "fini has nothing to undo: init allocates nothing from the host");
    host_fail_at(0, 0);
    check_eq(sasl_client_done(), SASL_OK);
}
