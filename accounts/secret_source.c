/* SPDX-License-Identifier: MIT */
#include "accounts/secret_source.h"

#include "accounts/child.h"
#include "accounts/git_credential.h"
#include "accounts/keyring.h"
#include "accounts/secret_file.h"

/* ---- the command ---- */

static int command_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault)
{
    const char *const argv[] = {"/bin/sh", "-c", request->value, NULL};
    int code, rc = child_run(argv, NULL, request, secret, &code, fault);

    if (rc)
        return rc;
    if (code)
        return secret_refuse(secret, request, fault, "the command failed with exit code %d", code);
    rc = secret_finish(secret, request, "; to take the first: 'pass show NAME | head -n 1'", fault);
    if (!rc && !secret->len)
        return secret_refuse(secret, request, fault, "the command printed nothing");
    return rc;
}

/* Only running it can tell more, and it may ask a person or cost a login somewhere. */
static int command_check(const struct secret_request *request, struct fault *fault)
{
    (void)request, (void)fault;
    return 0;
}

/* ---- the table ---- */

#define FILE_SEEN    "the file is there and can be read"
#define COMMAND_SEEN "the command is run for each login"

const struct secret_source secret_sources[] = {
    {KEY_PASSWORD_FILE, SECRET_PASSWORD, secret_file_fetch, secret_file_check, NULL, FILE_SEEN},
    {KEY_PASSWORD_COMMAND, SECRET_PASSWORD, command_fetch, command_check, NULL, COMMAND_SEEN},
    {KEY_PASSWORD_CREDENTIAL, SECRET_PASSWORD, secret_credential_fetch, secret_credential_check, NULL, FILE_SEEN},
    {KEY_PASSWORD_GIT, SECRET_PASSWORD, git_credential_fetch, git_credential_check, git_credential_tell,
     "git credential is asked for each login"},
    {KEY_PASSWORD_KEYRING, SECRET_PASSWORD, keyring_fetch, keyring_check, NULL, "the keyring is asked for each login"},
    {KEY_TOKEN_FILE, SECRET_TOKEN, secret_file_fetch, secret_file_check, NULL, FILE_SEEN},
    {KEY_TOKEN_COMMAND, SECRET_TOKEN, command_fetch, command_check, NULL, COMMAND_SEEN},
    {KEY_PASSPHRASE_FILE, SECRET_PASSPHRASE, secret_file_fetch, secret_file_check, NULL, FILE_SEEN},
    {KEY_BROKER_PASSWORD_FILE, SECRET_BROKER, secret_file_fetch, secret_file_check, NULL, FILE_SEEN},
    {KEY_BROKER_PASSWORD_COMMAND, SECRET_BROKER, command_fetch, command_check, NULL, COMMAND_SEEN},
    {KEY_BROKER_CREDENTIAL, SECRET_BROKER, secret_credential_fetch, secret_credential_check, NULL, FILE_SEEN},
};

const size_t secret_source_count = sizeof secret_sources / sizeof *secret_sources;

const struct secret_source *secret_source_of(enum key key)
{
    for (size_t i = 0; i < secret_source_count; i++)
        if (secret_sources[i].key == key)
            return &secret_sources[i];
    return NULL;
}

/* The first source of one of these kinds, as bits, that the values name. */
static const struct secret_source *source_named(unsigned kinds, const struct values *values, const struct value **value)
{
    for (size_t i = 0; i < secret_source_count; i++) {
        const struct secret_source *source = &secret_sources[i];

        *value = kinds & 1u << source->kind ? values_find(values, source->key) : NULL;
        if (*value && (vocabulary_word(source->key)->kind != KIND_FLAG || vocabulary_flag((*value)->text)))
            return source;
    }
    *value = NULL;
    return NULL;
}

const struct secret_source *secret_source_of_login(const struct values *values, const struct value **value)
{
    return source_named(1u << SECRET_PASSWORD | 1u << SECRET_TOKEN, values, value);
}

const struct secret_source *secret_source_of_broker(const struct values *values, const struct value **value)
{
    return source_named(1u << SECRET_BROKER, values, value);
}

void secret_source_ask(struct secret_request *request, const struct values *values, const struct value *value,
                       const char *server, char label[VALUES_LABEL])
{
    *request = (struct secret_request){
        .where = values_label(value, label),
        .value = value->text,
        .host = server,
        .user = values_text(values, KEY_USER),
        .timeout = vocabulary_milliseconds(values_text(values, KEY_TIMEOUT)),
    };
}
