/* SPDX-License-Identifier: MIT */
#include "accounts/hand_over.h"

#include "accounts/fault.h"
#include "accounts/file.h"
#include "accounts/secret_source.h"

#include <string.h>
#include <unistd.h>

static int is_from_command_line(const struct value *value)
{
    return !strcmp(value->place, VALUES_COMMAND_LINE);
}

/* Does the service send by this account? *value: what names the secret. */
static const struct secret_source *hand_over_source(const struct account *account, const struct values *values,
                                                    const struct value **value)
{
    const struct value *lock = values_find(&account->section->values, KEY_LOCK);
    const struct value *host = values_find(values, KEY_HOST);
    const struct secret_source *source = secret_source_of_login(values, value);

    if (!lock || !vocabulary_flag(lock->text) || !source || is_from_command_line(*value))
        return NULL;
    return host && !is_from_command_line(host) ? source : NULL;
}

/* What belongs to the server of the account, and not to the one that takes its place. */
static int is_of_server(const struct value *value)
{
    return (vocabulary_word(value->key)->group & (GROUP_CONNECTION | GROUP_LOGIN)) && value->key != KEY_TIMEOUT &&
           !is_from_command_line(value);
}

static int hand_over_values(struct values *values, const char *socket)
{
    const char *place = values_find(values, KEY_HOST)->place;
    struct values kept = {0};
    int failed = values_add(&kept, KEY_HOST, socket, place) || values_add(&kept, KEY_LMTP, "yes", place);

    for (size_t i = 0; !failed && i < values->count; i++)
        if (!is_of_server(&values->items[i]))
            failed = values_add_copy(&kept, &values->items[i]);
    if (failed) {
        values_free(&kept);
        return -1;
    }
    values_free(values);
    *values = kept;
    return 0;
}

int hand_over(const struct account *account, const char *socket, struct values *values, struct fault *fault)
{
    const struct value *value;
    const struct secret_source *source = hand_over_source(account, values, &value);
    struct secret_request request;
    struct fault why = {0};
    char label[VALUES_LABEL];

    if (!source)
        return 0;
    secret_source_ask(&request, values, value, values_text(values, KEY_HOST), label);
    if (!source->check(&request, &why))
        return 0;
    if (access(socket, W_OK) < 0)
        return fault_set(fault, why.exit, why.error,
                         "%.1500s; without %s, the socket of envoi-submit(8), this account is for those who can read "
                         "its secret: root, or a group that root gives it to",
                         why.text, socket);
    return hand_over_values(values, socket) ? fault_memory(fault) : 0;
}
