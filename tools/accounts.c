/* SPDX-License-Identifier: MIT */
#include "account.h"
#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "accounts/secret_source.h"
#include "commands.h"
#include "fault.h"
#include "json.h"
#include "report.h"
#include "text.h"
#include <envoi/envoi.h>
#include <string.h>

/* ---- one account ---- */

/* {"key", "value", "source"} */
static json_t *value_json(const struct value *value)
{
    json_t *object = json_object();

    json_object_set_new(object, "key", text_json(vocabulary_word(value->key)->name));
    json_object_set_new(object, "value", text_json(value->text));
    json_object_set_new(object, "source", text_json(value->place));
    return object;
}

/* Can the secret be had? As far as that shows without fetching it. `room` takes the reason if it cannot. */
static const char *secret_outlook(const struct values *values, struct fault *room)
{
    const struct value *value, *host = values_find(values, KEY_HOST);
    const struct secret_source *source = secret_source_of_login(values, &value);
    struct secret_request request;
    char server[APPLY_SERVER_MAX] = "", label[VALUES_LABEL];

    if (!values_find(values, KEY_USER))
        return "none is needed: there is no user";
    if (!source)
        return "it is asked for on the terminal";
    if (host && apply_server(values, host->text, server, room))
        return room->text;
    secret_source_ask(&request, values, value, server, label);
    return source->check(&request, room) ? room->text : source->outlook;
}

static json_t *account_json(const struct accounts *accounts, const struct account *account, const struct choice *choice)
{
    struct values values = {0};
    struct fault fault = {0};
    int rc = accounts_values(accounts, account, &values, &fault);
    const struct value *cleartext;
    json_t *object = json_object(), *list = json_array();

    for (size_t i = 0; i < values.count; i++)
        json_array_append_new(list, value_json(&values.items[i]));
    json_object_set_new(object, "name", text_json(account->name));
    json_object_set_new(object, "source", text_json(account->place));
    json_object_set_new(object, "chosen", json_boolean(choice->account == account));
    json_object_set_new(object, "values", list);
    if (!rc)
        rc = apply_check(&values, &fault);
    if (rc)
        json_object_set_new(object, "error", text_json(fault.text));
    else
        json_object_set_new(object, "secret", text_json(secret_outlook(&values, &fault)));
    cleartext = values_find(&values, KEY_ALLOW_CLEARTEXT_AUTH);
    json_object_set_new(object, "cleartext_auth", json_boolean(cleartext && vocabulary_flag(cleartext->text)));
    values_free(&values);
    return object;
}

/* ---- all of them ---- */

static int is_shown(const struct options *options, const struct choice *choice, const struct account *account)
{
    return !options->account && !options->operand_count ? 1 : choice->account == account;
}

static json_t *accounts_json(const struct options *options, const struct accounts *accounts,
                             const struct choice *choice)
{
    json_t *all = json_object(), *list = json_array();

    for (size_t i = 0; i < accounts_count(accounts); i++)
        if (is_shown(options, choice, accounts_at(accounts, i)))
            json_array_append_new(list, account_json(accounts, accounts_at(accounts, i), choice));
    json_object_set_new(all, "accounts", list);
    json_object_set_new(all, "chosen", choice->account ? text_json(choice->account->name) : json_null());
    json_object_set_new(all, "why", text_json(choice->why));
    return all;
}

/* The values of a key with commas between them, as they stand in the file. */
static void join_values(const json_t *account, const char *key, char *room, size_t cap)
{
    const json_t *values = json_object_get(account, "values");
    size_t len = 0;

    *room = '\0';
    for (size_t i = 0; i < json_array_size(values) && len < cap; i++) {
        const json_t *value = json_array_get(values, i);
        int n;

        if (strcmp(report_text(value, "key"), key) != 0)
            continue;
        n = snprintf(room + len, cap - len, "%s%s", len ? ", " : "", report_text(value, "value"));
        len += n > 0 ? (size_t)n : 0;
    }
    text_mark_cut(room, cap, (int)len);
}

static int print_overview(const json_t *list)
{
    const char *const head[TABLE_COLUMNS] = {"", "ACCOUNT", "HOST", "USER", "FROM"};
    struct table table = {.columns = 5};
    int rc = json_array_size(list) ? table_add(&table, head) : 0;

    for (size_t i = 0; !rc && i < json_array_size(list); i++) {
        const json_t *account = json_array_get(list, i);
        char host[256], user[256], from[256];
        const char *const cells[TABLE_COLUMNS] = {json_is_true(json_object_get(account, "chosen")) ? "*" : "",
                                                  report_text(account, "name"), host, user, from};

        join_values(account, "host", host, sizeof host);
        join_values(account, "user", user, sizeof user);
        join_values(account, "from", from, sizeof from);
        rc = table_add(&table, cells);
    }
    if (!rc)
        table_print(&table, 0, stdout);
    table_free(&table);
    return rc;
}

/* Prints each account with all its values and their places. */
static int print_values(const json_t *list)
{
    int rc = 0;

    for (size_t i = 0; !rc && i < json_array_size(list); i++) {
        const json_t *account = json_array_get(list, i), *values = json_object_get(account, "values");
        const char *const secret[TABLE_COLUMNS] = {"secret", report_text(account, "secret"), ""};
        struct table table = {.columns = 3};

        for (size_t k = 0; !rc && k < json_array_size(values); k++) {
            const json_t *value = json_array_get(values, k);
            const char *const cells[TABLE_COLUMNS] = {report_text(value, "key"), report_text(value, "value"),
                                                      report_text(value, "source")};

            rc = table_add(&table, cells);
        }
        if (!rc && *secret[1])
            rc = table_add(&table, secret);
        printf("%s%s\n", i ? "\n" : "", report_text(account, "name"));
        table_print(&table, 2, stdout);
        table_free(&table);
    }
    return rc;
}

/* Prints what is wrong with an account, or dangerous. Returns 0 or EXIT_CONFIG. */
static int print_troubles(const json_t *list)
{
    int rc = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *account = json_array_get(list, i);
        const char *error = report_text(account, "error");

        if (json_is_true(json_object_get(account, "cleartext_auth")))
            complain(
                "warning: %s: the account [%s] allows the login without verified TLS (allow-cleartext-auth): everyone "
                "on the way can read the password",
                report_text(account, "source"), report_text(account, "name"));
        if (!*error)
            continue;
        complain("the account [%s] cannot be used: %s", report_text(account, "name"), error);
        rc = EXIT_CONFIG;
    }
    return rc;
}

static int accounts_print(const struct options *options, const struct accounts *accounts, const struct choice *choice)
{
    json_t *all = accounts_json(options, accounts, choice);
    const json_t *list = json_object_get(all, "accounts");
    int rc = 0;

    if (options->json) {
        rc = print_troubles(list);
        report_dump(all, stdout);
        return rc;
    }
    if (!all || (options->why ? print_values(list) : print_overview(list)) < 0) {
        complain("out of memory");
        rc = EXIT_LOCAL;
    }
    fflush(stdout);
    if (choice->account && (options->why || options->operand_count))
        printf("%s%s is used: %s\n", options->why ? "\n" : "", choice->account->name, choice->why);
    fflush(stdout);
    if (!accounts_count(accounts))
        complain("there are no accounts: neither in %s nor in the user's accounts.conf", accounts_system_file());
    rc = print_troubles(list) ? EXIT_CONFIG : rc;
    json_decref(all);
    return rc;
}

int accounts_command(const struct options *options)
{
    const char *sender = values_text(&options->values, KEY_FROM);
    struct accounts *accounts = NULL;
    struct choice choice = {0};
    struct fault fault = {0};
    int undecided, rc;

    if (options->operand_count > 1) {
        complain("one address at a time; see 'envoi accounts --help'");
        return EXIT_USAGE;
    }
    if (options->operand_count)
        sender = options->operands[0];
    rc = accounts_open(options->accounts_file, &accounts, &fault);
    if (rc) {
        fault_print(&fault, NULL);
        return rc;
    }
    undecided = accounts_choose(accounts, options->account, sender, &choice, &fault);
    if (undecided)
        choice.account = NULL;
    rc = accounts_print(options, accounts, &choice);
    /* Without an address the question was not which account. */
    if (undecided && (sender || options->account)) {
        fault_print(&fault, NULL);
        rc = undecided;
    }
    accounts_free(accounts);
    return rc;
}
