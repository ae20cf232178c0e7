/* SPDX-License-Identifier: MIT */
#include "sender.h"

#include "accounts/accounts.h"
#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "setup.h"
#include <envoi/error.h>
#include <stdio.h>

static int sender_refuse(struct fault *fault, const char *sender, const char *why, const char *name)
{
    char shown[TEXT_QUOTED];

    return fault_set(fault, EXIT_REFUSED, ENVOI_E_SENDER_REFUSED, "%s may not send here: %s%s",
                     text_quote(sender, shown), why, name);
}

static int sender_choose(const struct accounts *accounts, const char *sender, struct sender_account *account,
                         struct fault *fault)
{
    struct choice choice;
    int rc = accounts_choose(accounts, NULL, sender, &choice, fault);

    if (rc)
        return rc;
    if (!choice.account)
        return sender_refuse(fault, sender, "no account with lock = yes has it in 'from', and the default is none", "");
    (void)snprintf(account->name, sizeof account->name, "%s", choice.account->name);
    if ((rc = accounts_values(accounts, choice.account, &account->values, fault)))
        return rc;
    if (*sender && !accounts_allows(&account->values, sender))
        return sender_refuse(fault, sender, "'from' does not have it in the account ", account->name);
    if (!values_find(&account->values, KEY_HOST))
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "the account [%s] has no host", account->name);
    return apply_check(&account->values, fault);
}

int sender_account_choose(const struct setup *setup, const char *sender, struct sender_account *account,
                          struct fault *fault)
{
    const struct accounts_files files = {.system = setup->accounts_file};
    struct accounts *accounts;
    int rc;

    *account = (struct sender_account){0};
    if ((rc = accounts_read(&files, &accounts, fault)))
        return rc;
    accounts_keep_locked(accounts);
    rc = sender_choose(accounts, sender, account, fault);
    accounts_free(accounts);
    return rc;
}

void sender_account_free(struct sender_account *account)
{
    values_free(&account->values);
    *account = (struct sender_account){0};
}
