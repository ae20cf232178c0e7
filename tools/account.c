/* SPDX-License-Identifier: MIT */
#include "account.h"

#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "accounts/secret_source.h"
#include "fault.h"
#include <envoi/envoi.h>
#include <string.h>

static int copy_options(const struct options *options, struct values *values)
{
    for (size_t i = 0; i < options->values.count; i++)
        if (values_add_copy(values, &options->values.items[i]))
            return -1;
    return 0;
}

int account_use(const struct options *options, const char *host, struct used *used, struct fault *fault)
{
    int named = options->account || options->accounts_file;
    int rc;

    *used = (struct used){0};
    if (copy_options(options, &used->values) ||
        (host && values_add(&used->values, KEY_HOST, host, VALUES_COMMAND_LINE)))
        return fault_memory(fault);
    if (!named && values_find(&used->values, KEY_HOST))
        return 0;
    rc = accounts_open(options->accounts_file, &used->accounts, fault);
    if (!rc)
        rc = accounts_choose(used->accounts, options->account, values_text(&options->values, KEY_FROM), &used->choice,
                             fault);
    if (!rc && used->choice.account)
        rc = accounts_values(used->accounts, used->choice.account, &used->values, fault);
    return rc;
}

/* One of the hosts that the account's writer named? */
static int is_host_of(const struct values *own, const char *host)
{
    for (const struct value *v = values_find(own, KEY_HOST); v; v = values_next(own, v))
        if (apply_is_same_host(v->text, host))
            return 1;
    return 0;
}

int account_check_secret(const struct used *used, struct fault *fault)
{
    const struct value *host = values_find(&used->values, KEY_HOST), *secret;
    const struct secret_source *source = secret_source_of_login(&used->values, &secret);
    struct values own = {0};
    char shown[TEXT_QUOTED];
    int rc;

    if (!used->choice.account || !source || !host || strcmp(host->place, VALUES_COMMAND_LINE) != 0 ||
        !strcmp(secret->place, VALUES_COMMAND_LINE))
        return 0;
    rc = accounts_values(used->accounts, used->choice.account, &own, fault);
    if (!rc && !is_host_of(&own, host->text))
        rc = fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE,
                       "--host: the secret of the account [%s] is not for %s; give another one, as by --password-file, "
                       "or leave out --host",
                       used->choice.account->name, text_quote(host->text, shown));
    values_free(&own);
    return rc;
}

void account_warn(const struct used *used)
{
    const struct value *allowed = values_find(&used->values, KEY_ALLOW_CLEARTEXT_AUTH);
    char label[VALUES_LABEL];

    if (allowed && vocabulary_flag(allowed->text))
        complain("warning: %s: the password may travel where everyone on the way can read it",
                 values_label(allowed, label));
}

void account_free(struct used *used)
{
    values_free(&used->values);
    accounts_free(used->accounts);
    *used = (struct used){0};
}
