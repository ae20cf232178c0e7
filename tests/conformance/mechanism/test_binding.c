/* SPDX-License-Identifier: MIT */
/* Channel binding: what SCRAM says of it, and that a server notices. */
#include "combos.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

static struct client client;

static const char *with_plus(const struct check_mechanism *combo)
{
    static char name[64];

    snprintf(name, sizeof name, "%s-PLUS", combo->mech);
    return name;
}

static void expect_header(const char *mech, const char *header)
{
    client_begin(&client, mech);
    check_eq(client_step(&client, NULL, 0), ENVOI_OK, "%s", host_record.text);
    check(client.out_len > strlen(header) && memcmp(client.out, header, strlen(header)) == 0, "%s: '%.*s'", mech,
          (int)client.out_len, client.out);
    client_end(&client);
}

EACH_NAMED("SCRAM-", mech_binding, the_header_says_what_both_sides_can,
           "the GS2 header says what both sides can: n, y, or the binding")
{
    client_open(&client);
    /* No binding here. */
    client.params.server_list = "PLAIN SCRAM-SHA-1 SCRAM-SHA-256";
    expect_header(combo->mech, "n,,");
    /* Binding here, and the server announced none: it must be able to notice when that was not its own doing. */
    client.binding_type = "tls-exporter";
    expect_header(combo->mech, "y,,");
    client.binding_type = "tls-unique";
    expect_header(combo->mech, "y,,");
    /* Binding on both sides, and used. */
    char list[256];
    snprintf(list, sizeof list, "PLAIN %s %s", with_plus(combo), combo->mech);
    client.params.server_list = list;
    expect_header(with_plus(combo), "p=tls-unique,,");
    client.binding_type = "tls-exporter";
    expect_header(with_plus(combo), "p=tls-exporter,,");
    client.binding_type = "tls-server-end-point";
    expect_header(with_plus(combo), "p=tls-server-end-point,,");
    /* On both sides, and not used all the same: "y" would have to be refused. */
    expect_header(combo->mech, "n,,");
    /* The announcement of another mechanism is not that of this one. */
    snprintf(list, sizeof list, "X%s %sX", with_plus(combo), with_plus(combo));
    expect_header(combo->mech, "y,,");
    client_close(&client);
}

EACH_NAMED("SCRAM-", mech_binding, plus_needs_a_binding, "-PLUS is not usable without a channel binding")
{
    client_open(&client);
    const char *mech = with_plus(combo);
    client_expect(&client, client.mechanism->usable(client.state, mech, &client.params), ENVOI_E_NOT_SUPPORTED,
                  "binding");
    client_expect(&client, client.mechanism->mech_new(client.state, mech, &client.params, &client.ctx),
                  ENVOI_E_NOT_SUPPORTED, "binding");
    client.params.binding = NULL;
    client_expect(&client, client.mechanism->usable(client.state, mech, &client.params), ENVOI_E_NOT_SUPPORTED,
                  "binding");
    check_eq(client.mechanism->usable(client.state, combo->mech, &client.params), ENVOI_OK);
    client_close(&client);
}

EACH_NAMED("SCRAM-", mech_binding, the_same_channel_is_accepted,
           "a login that is bound to the same channel is accepted")
{
    char user[128];

    client_open(&client);
    client.binding_type = "tls-exporter";
    struct outcome outcome = run_login(&client, with_plus(combo), user, sizeof user);
    check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
    check_eq(outcome.server, SERVER_YES);
    check_eq(outcome.result, ENVOI_STEP_DONE);
    check_str_eq(user, "alice");
    client_close(&client);
}

EACH_NAMED("SCRAM-", mech_binding, another_channel_is_refused,
           "a login that is bound to another channel is refused by the server")
{
    unsigned char other[32];
    struct server server;

    client_open(&client);
    client.binding_type = "tls-exporter";
    memset(other, 0x5b, sizeof other);
    server_open(&server, "tls-exporter", other, 0);
    client_begin(&client, with_plus(combo));
    struct outcome outcome = dialogue(&client, &server, with_plus(combo));
    check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
    check_eq(outcome.server, SERVER_NO);
    check_neq(outcome.result, ENVOI_STEP_DONE);
    server_close(&server);
    client_close(&client);
}

/* Somebody took "-PLUS" out of the announcement: the server can bind, and reads "y". */
EACH_NAMED("SCRAM-", mech_binding, a_stripped_announcement_is_noticed,
           "a server whose -PLUS was taken out of the list notices")
{
    client_open(&client);
    client.binding_type = "tls-exporter";
    client.params.server_list = combo->mech;
    struct outcome outcome = run_login(&client, combo->mech, NULL, 0);
    check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
    check_eq(outcome.server, SERVER_NO);
    client_close(&client);
}

EACH_MECHANISM(mech_binding, only_what_can_bind_has_a_plus,
               "mech_new() takes the name with -PLUS if, and only if, ENVOI_MECH_CHANNEL_BINDING is set")
{
    client_open(&client);
    client.binding_type = "tls-exporter";
    int32_t rc = client.mechanism->mech_new(client.state, with_plus(combo), &client.params, &client.ctx);
    check_eq(rc, combo->flags & ENVOI_MECH_CHANNEL_BINDING ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED);
    client_close(&client);
}
