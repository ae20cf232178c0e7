/* SPDX-License-Identifier: MIT */
/* Files of accounts. Input: a line with the sender, the user's file, and behind an octet 0x1e the system's. */
#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/file.h"

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BETWEEN 0x1e

static void check_fault(int rc, const struct fault *fault)
{
    FUZZ_CHECK(rc == EXIT_CONFIG && fault->exit == rc, "the result %d", rc);
    FUZZ_CHECK(*fault->text && fuzz_is_printable(fault->text), "the fault \"%s\"", fault->text);
}

/* A value that comes out of a file, whoever wrote it. */
static void check_value(const struct value *value, unsigned where)
{
    const struct word *word = vocabulary_word(value->key);

    FUZZ_CHECK(vocabulary_is_known(value->key), "the key %s", word->name);
    FUZZ_CHECK(word->place & where, "%s stands here", word->name);
    FUZZ_CHECK(*value->text && fuzz_is_utf8(value->text, strlen(value->text)), "the value \"%s\"", value->text);
    FUZZ_CHECK(!strpbrk(value->text, "\r\n") && fuzz_is_printable(value->text), "the value \"%s\"", value->text);
    if (value->from_variable)
        FUZZ_CHECK(!strpbrk(value->text, " \t=$-") && word->group != GROUP_FILE, "the variable \"%s\"", value->text);
    else
        FUZZ_CHECK(!vocabulary_fault(value->key, value->text), "%s = %s", word->name, value->text);
    if (!value->from_variable && word->kind != KIND_COMMAND)
        FUZZ_CHECK(!strstr(value->text, " #"), "%s = %s", word->name, value->text);
}

static void check_sections(const struct sections *sections)
{
    for (size_t i = 0; i < sections->count; i++) {
        const struct section *section = &sections->items[i];
        unsigned where = strcmp(section->name, FILE_WORKER) != 0 ? PLACE_ACCOUNT : PLACE_WORKER;
        size_t secrets = 0;

        FUZZ_CHECK(!*section->name == !i, "the section [%s] is number %zu", section->name, i);
        FUZZ_CHECK(file_section(sections, section->name) == section, "there are two sections [%s]", section->name);
        for (size_t k = 0; k < section->values.count; k++) {
            enum key slot = vocabulary_word(section->values.items[k].key)->slot;

            check_value(&section->values.items[k], i ? where : PLACE_TOP);
            secrets += slot == KEY_PASSWORD_FILE || slot == KEY_BROKER_PASSWORD_FILE;
        }
        FUZZ_CHECK(secrets <= 1, "%zu sources of a secret", secrets);
    }
}

/* Writes sections as a file. No blank before a value, which may begin with a semicolon. */
static void write_sections(const struct sections *sections, struct fuzz_bytes *out)
{
    char line[FILE_LINE_MAX * 2];

    for (size_t i = 0; i < sections->count; i++) {
        const struct values *values = &sections->items[i].values;
        enum key last = KEY_COUNT;

        if (i)
            fuzz_add(out, line, (size_t)snprintf(line, sizeof line, "\n[%s]\n", sections->items[i].name));
        for (size_t k = 0; k < values->count; k++) {
            const struct value *value = &values->items[k];
            int part = value->key == last && value->key != KEY_INCLUDE;

            if (!part)
                fuzz_add(out, line,
                         (size_t)snprintf(line, sizeof line, "\n%s%s=", vocabulary_word(value->key)->name,
                                          value->from_variable ? "-env" : ""));
            fuzz_add(out, line, (size_t)snprintf(line, sizeof line, "%s%s", part ? "," : "", value->text));
            last = value->key;
        }
        fuzz_add(out, "\n", 1);
    }
}

/* A file that was written from the sections has the same. */
static void check_again(const struct sections *was)
{
    struct fuzz_bytes text = {0}, text_again = {0};
    struct sections again = {0};
    struct fault fault = {0};
    char *copy;

    write_sections(was, &text);
    copy = fuzz_copy(text.data, text.len);
    FUZZ_CHECK(!file_parse("/d/again", copy, text.len, &again, &fault), "%s", fault.text);
    write_sections(&again, &text_again);
    FUZZ_CHECK(fuzz_same(&text, &text_again), "it is another file: %.*s", (int)text.len, text.data);
    fuzz_free(copy);
    fuzz_bytes_free(&text);
    fuzz_bytes_free(&text_again);
    file_free(&again);
}

/* Returns whether the file can be used. */
static int read_one(const char *path, const uint8_t *data, size_t len, struct sections *sections)
{
    struct fault fault = {0};
    char *text = fuzz_copy(data, len);
    int rc = file_parse(path, text, len, sections, &fault);

    fuzz_free(text);
    if (rc) {
        check_fault(rc, &fault);
        FUZZ_CHECK(!strncmp(fault.text, path, strlen(path)), "the fault \"%s\"", fault.text);
        return 0;
    }
    check_sections(sections);
    /* Parts of long lines are put together with their commas, so the line may become too long. */
    if (len < FILE_LINE_MAX / 2)
        check_again(sections);
    return 1;
}

static void check_account(const struct accounts *accounts, const struct account *account)
{
    struct values values = {0};
    struct fault fault = {0};
    int rc = accounts_values(accounts, account, &values, &fault);

    if (rc)
        check_fault(rc, &fault);
    for (size_t i = 0; !rc && i < values.count; i++) {
        const struct value *value = &values.items[i];
        int like = values_find(&account->section->values, KEY_LIKE) != NULL;

        FUZZ_CHECK(!value->from_variable, "a variable that was not read");
        FUZZ_CHECK(!account->is_users || like || !strncmp(value->place, "/u/", 3), "%s is from %s",
                   vocabulary_word(value->key)->name, value->place);
        FUZZ_CHECK(account->is_users || !strncmp(value->place, "/s/", 3), "%s is from %s",
                   vocabulary_word(value->key)->name, value->place);
        if (value->key == KEY_ALLOW_CLEARTEXT_AUTH)
            FUZZ_CHECK(values_find(&account->section->values, value->key), "clear text, and [%s] does not say so",
                       account->name);
    }
    values_free(&values);
}

static void check_worker(const struct accounts *accounts)
{
    struct values values = {0};
    struct fault fault = {0};
    int rc = accounts_worker(accounts, &values, &fault);

    if (rc)
        check_fault(rc, &fault);
    for (size_t i = 0; !rc && i < values.count; i++)
        FUZZ_CHECK(vocabulary_word(values.items[i].key)->place & PLACE_WORKER, "[worker] has %s",
                   vocabulary_word(values.items[i].key)->name);
    FUZZ_CHECK(!accounts_find(accounts, FILE_WORKER), "[worker] is an account");
    values_free(&values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    char *sender = fuzz_line(&in);
    const uint8_t *between = in.len ? memchr(in.data, BETWEEN, in.len) : NULL;
    size_t users_len = between ? (size_t)(between - in.data) : in.len;
    struct sections users = {0}, systems = {0};
    struct accounts *accounts = NULL;
    struct fault fault = {0};
    struct choice choice;
    int good, rc;

    setenv("HOME", "/u/home", 1);
    unsetenv("ENVOI_ACCOUNT");
    good = read_one("/u/user.conf", in.data, users_len, &users);
    if (between)
        good &= read_one("/s/system.conf", between + 1, in.len - users_len - 1, &systems);
    if (good) {
        rc = accounts_make(&(struct accounts_files){.user = "/u", .system = "/s"}, &users, &systems, &accounts, &fault);
        if (rc)
            check_fault(rc, &fault);
    }
    for (size_t i = 0; accounts && i < accounts_count(accounts); i++)
        check_account(accounts, accounts_at(accounts, i));
    if (accounts) {
        fault = (struct fault){0};
        check_worker(accounts);
        rc = accounts_choose(accounts, NULL, sender, &choice, &fault);
        if (rc && !fuzz_has_control(sender))
            check_fault(rc, &fault);
        FUZZ_CHECK(rc || choice.account || !accounts_count(accounts), "no account was chosen");
    }
    accounts_free(accounts);
    file_free(&users);
    file_free(&systems);
    fuzz_free(sender);
    return 0;
}
