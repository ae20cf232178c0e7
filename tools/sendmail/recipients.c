/* SPDX-License-Identifier: MIT */
#include "sendmail/recipients.h"

#include "accounts/exit_code.h"
#include "accounts/values.h"
#include "fault.h"
#include "portable/memory.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIASES_FILE "/etc/aliases"
#define DEPTH_MAX    10
#define VALUE_MAX    1024

static int recipients_resolve(struct recipients *r, const char *address, int depth, struct fault *fault);

static const char *aliases_file(const struct recipients *r)
{
    const char *file = values_text(r->values, KEY_ALIASES);

    return file ? file : ALIASES_FILE;
}

static int recipients_take(struct recipients *r, const char *address, struct fault *fault)
{
    int added = address_set_add(&r->seen, address);
    const char *options = r->options ? r->options : values_text(r->values, KEY_RCPT_OPTIONS);
    size_t count = envoi_message_recipients(r->message);
    const char **all = added > 0 ? memory_resize(r->all_options, count + 1, sizeof *all) : NULL;
    int error = ENVOI_E_MEMORY;

    if (!added)
        return 0;
    if (all) {
        r->all_options = all;
        all[count] = options;
        error = envoi_message_add_recipient_with(r->message, address, options);
    }
    if (!error)
        return 0;
    return fault_from_message(fault, error == ENVOI_E_ADDRESS ? "recipient" : "rcpt-options", r->message, error);
}

/* Takes a local name that has no alias. */
static int recipients_take_local(struct recipients *r, const char *address, size_t name, struct fault *fault)
{
    const char *local = values_text(r->values, KEY_LOCAL), *domain = values_text(r->values, KEY_DOMAIN);
    char qualified[2 * VALUE_MAX], shown[TEXT_QUOTED];

    if (local)
        return recipients_take(r, local, fault);
    if (domain) {
        (void)snprintf(qualified, sizeof qualified, "%.*s@%s", (int)name, address, domain);
        return recipients_take(r, qualified, fault);
    }
    /* A mail domain that has the name of this host may well be served elsewhere. */
    if (address[name] && strcasecmp(address + name + 1, "localhost") != 0)
        return recipients_take(r, address, fault);
    return fault_set(
        fault, EXIT_DATA, ENVOI_E_ADDRESS,
        "%s is a local user: where to? An alias in %s would say it, or local = ADDRESS or domain = NAME in "
        "accounts.conf",
        text_quote(address, shown), aliases_file(r));
}

/* Names what an alias has besides addresses: nothing here delivers to files and commands. */
static const char *unsent_kind(const char *value)
{
    if (*value == '|')
        return "a command";
    if (*value == '/')
        return "a file";
    return !strncasecmp(value, ":include:", strlen(":include:")) ? "a list in a file" : NULL;
}

/* Takes one value of an alias. Returns 0 or the exit code; *sent counts those that were taken. */
static int recipients_take_value(struct recipients *r, const struct alias *alias, const char *value, int depth,
                                 int *sent, struct fault *fault)
{
    const char *kind = unsent_kind(value);

    if (kind) {
        complain("warning: %s:%d: '%s' goes to %s, which is left out", aliases_file(r), alias->line, alias->name, kind);
        return 0;
    }
    ++*sent;
    /* A backslash, or the name itself, ends the search. */
    if (*value == '\\' && !strchr(value, '@'))
        return recipients_take_local(r, value + 1, strlen(value + 1), fault);
    if (!strcasecmp(value, alias->name))
        return recipients_take_local(r, value, strlen(value), fault);
    return recipients_resolve(r, value, depth + 1, fault);
}

static int recipients_take_alias(struct recipients *r, const struct alias *alias, int depth, struct fault *fault)
{
    const char *at = alias->values;
    char value[VALUE_MAX];
    int sent = 0, rc = 0;

    if (depth == DEPTH_MAX)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                         "%s:%d: '%s' is an alias of more than %d others, or of itself", aliases_file(r), alias->line,
                         alias->name, DEPTH_MAX);
    while (!rc && alias_next(&at, value, sizeof value))
        rc = recipients_take_value(r, alias, value, depth, &sent, fault);
    if (!rc && !sent)
        rc = fault_set(fault, EXIT_DATA, ENVOI_E_ADDRESS, "%s:%d: the alias '%s' names nobody to whom mail can be sent",
                       aliases_file(r), alias->line, alias->name);
    return rc;
}

static int recipients_resolve(struct recipients *r, const char *address, int depth, struct fault *fault)
{
    const char *at = strrchr(address, '@');
    size_t name = at ? (size_t)(at - address) : strlen(address);
    const struct alias *alias;
    char *local;
    int rc = 0;

    if (!identity_is_local(r->identity, address))
        return recipients_take(r, address, fault);
    if (!r->has_aliases)
        rc = aliases_read(&r->aliases, aliases_file(r), !values_text(r->values, KEY_ALIASES), fault);
    r->has_aliases = 1;
    if (rc)
        return rc;
    if (!(local = strndup(address, name)))
        return fault_memory(fault);
    alias = aliases_find(&r->aliases, local);
    free(local);
    return alias ? recipients_take_alias(r, alias, depth, fault) : recipients_take_local(r, address, name, fault);
}

int recipients_add(void *ctx, const char *address, struct fault *fault)
{
    return recipients_resolve(ctx, address, 0, fault);
}

void recipients_free(struct recipients *recipients)
{
    address_set_free(recipients->seen);
    aliases_free(&recipients->aliases);
    free(recipients->all_options);
    recipients->seen = NULL;
    recipients->all_options = NULL;
}
