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

Test(mech_list, rows_are_as_expected, .timeout = 30)
{
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        for (size_t p = 0; p < 2 && expected[i].providers[p]; p++) {
            struct envoi_mech_info row;
            client_open(&client, expected[i].providers[p]);
            cr_assert(client_row(&client, expected[i].name, &row), "%s has no %s", expected[i].providers[p],
                      expected[i].name);
            cr_assert_eq(row.flags, expected[i].flags, "%s: flags %#x", expected[i].name, row.flags);
            cr_assert_eq(row.needs, expected[i].needs, "%s: needs %#x", expected[i].name, row.needs);
            client_close(&client);
        }
    }
}

Test(mech_list, names_are_sasl_names_and_come_once, .timeout = 30)
{
    static const char *const modules[] = {"plain", "login", "cram_md5", "oauth", "sasl"};

    for (size_t m = 0; m < sizeof modules / sizeof *modules; m++) {
        const char *names[64];
        struct envoi_mech_info row = {.struct_size = sizeof row};
        size_t n = 0;

        client_open(&client, modules[m]);
        while (n < 64 && client.mechanism->mech_at(client.state, n, &row) == ENVOI_OK) {
            size_t len = strspn(row.name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
            cr_assert(len > 0 && len <= 20 && row.name[len] == '\0', "not a name: %s", row.name);
            cr_assert(!strstr(row.name, "-PLUS"), "%s is the core's to make", row.name);
            /* Modules of these exist for Cyrus, and crash. */
            if (strcmp(modules[m], "sasl") == 0) {
                cr_assert_str_neq(row.name, "XOAUTH2");
                cr_assert_str_neq(row.name, "OAUTHBEARER");
            }
            for (size_t i = 0; i < n; i++)
                cr_assert_str_neq(row.name, names[i]);
            names[n++] = row.name;
        }
        cr_assert_gt(n, 0);
        cr_assert_eq(client.mechanism->mech_at(client.state, n, &row), ENVOI_E_END);
        cr_assert_eq(client.mechanism->mech_at(client.state, SIZE_MAX, &row), ENVOI_E_END);
        client_close(&client);
    }
}

EACH_MECHANISM(mech_list, a_strange_name_is_refused)
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

    client_open(&client, combo->plugin);
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        cr_assert_eq(client.mechanism->mech_new(client.state, strange[i], &client.params, &ctx), ENVOI_E_NOT_SUPPORTED);
        cr_assert_null(ctx);
    }
    client_close(&client);
}

/* Two library objects, then one, then none; other users of Cyrus in the process keep theirs. */
Test(mech_list, init_and_fini_are_counted, .timeout = 30)
{
    struct client *second = &client;
    static struct client first;

    cr_assert_eq(sasl_client_init(NULL), SASL_OK);
    client_open(&first, "sasl");
    void *one = first.state;
    client_open(second, "sasl");
    cr_assert_neq(one, second->state, "two library objects share a state");

    first.plugin->fini(first.state);
    client_begin(second, "SCRAM-SHA-256");
    cr_assert_eq(client_step(second, NULL, 0), ENVOI_OK);
    client_close(second);

    /* Ours is the last one: had fini of the plugin not run, this would say SASL_CONTINUE. */
    cr_assert_eq(sasl_client_done(), SASL_OK);
}

Test(mech_list, init_survives_every_failing_allocation, .timeout = 30)
{
    static const char *const modules[] = {"plain", "login", "cram_md5", "oauth", "sasl"};

    /* The modules of Cyrus stay loaded meanwhile. */
    cr_assert_eq(sasl_client_init(NULL), SASL_OK);
    for (size_t m = 0; m < sizeof modules / sizeof *modules; m++) {
        size_t n = 0;

        client_open(&client, modules[m]);
        client_close(&client);
        do {
            void *state = NULL;
            host_fail_at(++n, 0);
            int32_t rc = client.plugin->init(host_get(), &state);
            cr_assert_eq(rc, host_record.failed ? ENVOI_E_MEMORY : ENVOI_OK);
            if (rc == ENVOI_OK && client.plugin->fini)
                client.plugin->fini(state);
            cr_assert_eq(host_record.live, 0);
        } while (host_record.failed);
        cr_assert(n > 1 || !client.plugin->fini); /* what has nothing to undo allocates nothing */
        host_fail_at(0, 0);
    }
    cr_assert_eq(sasl_client_done(), SASL_OK);
}
