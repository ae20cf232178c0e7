/* SPDX-License-Identifier: MIT */
/* The mechanisms of Kerberos, where the modules and a KDC are installed: tests/servers/krb5.sh starts one for each
 * test. */
#include "combos.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS 512

static struct client client;
static struct server server;
static char folder[] = "/tmp/envoi-kdc-XXXXXX";

static int kdc(const char *word)
{
    char command[WORDS];

    snprintf(command, sizeof command, "LD_PRELOAD= %s %s %s >%s/said 2>&1", check_options.kdc, word, folder, folder);
    return system(command);
}

static void kdc_stop(void)
{
    char command[WORDS];

    (void)kdc("stop");
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "%s stays behind\n", folder);
}

static void set_path(const char *name, const char *kind, const char *file)
{
    char value[128];

    snprintf(value, sizeof value, "%s%s/%s", kind, folder, file);
    setenv(name, value, 1);
}

/* Skips the test where there is no KDC, or no module for Kerberos. */
static void kdc_start(const char *mech)
{
    struct envoi_mech_info row;

    client_open(&client);
    if (access("/usr/sbin/krb5kdc", X_OK) || access("/usr/sbin/kadmin.local", X_OK) || access("/usr/bin/kinit", X_OK) ||
        !client_row(&client, mech, &row))
        check_skip("no KDC, or no module for %s", mech);
    check(mkdtemp(folder));
    check_cleanup = kdc_stop;
    check_eq(kdc("start"), 0, "see %s/said", folder);
    set_path("KRB5_CONFIG", "", "krb5.conf");
    set_path("KRB5_KTNAME", "FILE:", "keytab");
    set_path("KRB5CCNAME", "FILE:", "tickets");
    client.params.host = "localhost";
}

static struct outcome log_in(const char *mech, uint32_t max_ssf)
{
    client.params.max_ssf = max_ssf;
    server_open_at(&server, "localhost", max_ssf);
    check(server_offers(&server, mech));
    client_begin(&client, mech);
    return dialogue(&client, &server, mech);
}

static void log_out(void)
{
    server_close(&server);
    client_end(&client);
}

static void exchange(const struct envoi_sasl_layer *layer, const char *text, size_t size)
{
    const char *clear = NULL, *sealed = NULL;
    unsigned clear_len = 0, sealed_len = 0;

    client.out_len = 0;
    check_eq(layer->encode(client.ctx, text, size, &client.sink), ENVOI_OK, "%s", host_record.text);
    check_gt(client.out_len, size);
    check_eq(sasl_decode(server.conn, client.out, (unsigned)client.out_len, &clear, &clear_len), SASL_OK);
    check_eq(clear_len, size);
    check_eq(memcmp(clear, text, size), 0);

    check_eq(sasl_encode(server.conn, text, (unsigned)size, &sealed, &sealed_len), SASL_OK);
    client.out_len = 0;
    for (unsigned at = 0; at < sealed_len; at++)
        check_eq(layer->decode(client.ctx, sealed + at, 1, &client.sink), ENVOI_OK);
    check_eq(client.out_len, size);
    check_eq(memcmp(client.out, text, size), 0);
}

OF_PLUGIN("sasl", mech_kerberos, layers_of_gssapi, "a layer of the asked strength works both ways", .needs = CHECK_KDC)
{
    static const struct {
        uint32_t asked, least; /* bits */
    } rows[] = {{0, 0}, {1, 1}, {256, 56}};
    static const char forged[4 + 64] = {0, 0, 0, 64, 'f'};
    static char text[3000];

    kdc_start("GSSAPI");
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31 + i / 256);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct envoi_sasl_layer layer = {.struct_size = sizeof layer};
        struct outcome outcome = log_in("GSSAPI", rows[i].asked);

        check_eq(outcome.client, ENVOI_OK, "%s", host_record.text);
        check_eq(outcome.server, SERVER_YES);
        check_str_eq(server.user, "alice");
        check_eq(client.mechanism->layer(client.ctx, &layer), ENVOI_OK, "%s", host_record.text);
        check(layer.ssf >= rows[i].least && layer.ssf <= rows[i].asked, "%u bits", layer.ssf);
        if (layer.ssf) {
            exchange(&layer, "x", 1);
            exchange(&layer, text, sizeof text);
            check_eq(layer.decode(client.ctx, forged, sizeof forged, &client.sink), ENVOI_E_PROTOCOL);
        }
        log_out();
    }
    client_close(&client);
}

OF_PLUGIN("sasl", mech_kerberos, what_is_wrong_is_told, "Kerberos's reason is told", .needs = CHECK_KDC)
{
    kdc_start("GSSAPI");
    client.params.host = "127.0.0.1";
    client_begin(&client, "GSSAPI");
    client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_NOT_SUPPORTED,
                  "GSSAPI Error: Server smtp/127.0.0.1@ENVOI.TEST not found in Kerberos database");
    client_end(&client);
    set_path("KRB5CCNAME", "FILE:", "none");
    client.params.host = "localhost";
    client_begin(&client, "GSSAPI");
    client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_NOT_SUPPORTED,
                  "GSSAPI Error: No Kerberos credentials available (default cache: FILE:/tmp/envoi-kdc-");
    client_end(&client);
    client_begin(&client, "GS2-KRB5");
    client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_NOT_SUPPORTED,
                  "there is no Kerberos ticket of that user");
    client_close(&client);
}
