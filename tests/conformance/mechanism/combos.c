/* SPDX-License-Identifier: MIT */
#include "combos.h"

#include "harness.h"

#include <stdio.h>
#include <string.h>

#define COMBOS_MAX 64

static const char *const modules[] = {"plain", "login", "cram_md5", "oauth", "sasl"};

static size_t combos_of(const char *module, const char *prefix, struct combo *out, size_t cap)
{
    static struct client client;
    struct envoi_mech_info row = {.struct_size = sizeof row};
    size_t n = 0;

    client_open(&client, module);
    for (size_t i = 0; n < cap && client.mechanism->mech_at(client.state, i, &row) == ENVOI_OK; i++) {
        /* Other digests in the same code as their neighbours; and what has to have a ticket: test_kerberos.c. */
        if ((row.flags & ENVOI_MECH_MAY_BLOCK) || strncmp(row.name, prefix, strlen(prefix)) != 0 ||
            strcmp(row.name, "SCRAM-SHA-224") == 0 || strcmp(row.name, "SCRAM-SHA-384") == 0)
            continue;
        snprintf(out[n].plugin, sizeof out[n].plugin, "%s", module);
        snprintf(out[n].mech, sizeof out[n].mech, "%s", row.name);
        out[n].flags = row.flags;
        out[n].needs = row.needs;
        n++;
    }
    client_close(&client);
    return n;
}

static void combos_free(struct criterion_test_params *params)
{
    cr_free(params->params);
}

struct criterion_test_params combos_named(const char *prefix)
{
    struct combo *combos = cr_calloc(COMBOS_MAX, sizeof *combos);
    size_t n = 0;

    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        n += combos_of(modules[i], prefix, combos + n, COMBOS_MAX - n);
    return cr_make_param_array(struct combo, combos, n, combos_free);
}

struct criterion_test_params combos_all(void)
{
    return combos_named("");
}

int combo_explains(const struct combo *combo)
{
    return (combo->needs & ENVOI_CRED_TOKEN) != 0;
}

int combo_has_password(const struct combo *combo)
{
    return (combo->needs & ENVOI_CRED_PASSWORD) != 0;
}
