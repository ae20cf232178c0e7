/* SPDX-License-Identifier: MIT */
#include "accounts/exit_code.h"

#include <envoi/envoi.h>

struct row {
    int key;
    int exit;
};

/* Errors with an exit code other than that of their class. */
static const struct row by_error[] = {
    {ENVOI_E_ADDRESS, EXIT_DATA},
    {ENVOI_E_CONTENT, EXIT_DATA},
    {ENVOI_E_RESOLVE, EXIT_NO_HOST},
    {ENVOI_E_LOOKUP, EXIT_DEFERRED},
};

static const struct row by_class[] = {
    {ENVOI_CLASS_CONTROL, EXIT_LOGIN}, /* the one such error that reaches the program: a credential was not given */
    {ENVOI_CLASS_USAGE, EXIT_USAGE},     {ENVOI_CLASS_LOCAL, EXIT_LOCAL},       {ENVOI_CLASS_NETWORK, EXIT_CONNECTION},
    {ENVOI_CLASS_TLS, EXIT_PROTOCOL},    {ENVOI_CLASS_AUTH, EXIT_LOGIN},        {ENVOI_CLASS_REFUSED, EXIT_REFUSED},
    {ENVOI_CLASS_UNKNOWN, EXIT_UNKNOWN}, {ENVOI_CLASS_PROTOCOL, EXIT_PROTOCOL}, {ENVOI_CLASS_PLUGIN, EXIT_PROTOCOL},
};

/* ENVOI_E_NOT_SUPPORTED by phase: the server does not announce a login or TLS. In other phases it lacks an extension
 * that the message needs. */
static const struct row not_supported[] = {
    {ENVOI_PHASE_AUTH, EXIT_LOGIN},
    {ENVOI_PHASE_STARTTLS, EXIT_PROTOCOL},
    {ENVOI_PHASE_TLS, EXIT_PROTOCOL},
};

#define FIND(table, key, otherwise) find(table, sizeof table / sizeof *table, key, otherwise)

static int find(const struct row *table, size_t count, int key, int otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].key == key)
            return table[i].exit;
    return otherwise;
}

static int for_now(int reply)
{
    return reply >= 400 && reply <= 499;
}

/* Errors that a reply caused, which may say "not now". */
static int may_be_deferred(int error, int class)
{
    return class == ENVOI_CLASS_REFUSED || error == ENVOI_E_AUTH || error == ENVOI_E_STARTTLS;
}

int exit_code_of_error(int error, int phase, int reply)
{
    int class = envoi_error_class(error);
    int exit = FIND(by_error, error, 0);

    if (!error)
        return EXIT_SENT;
    if (exit)
        return exit;
    exit = FIND(by_class, class, EXIT_LOCAL);
    if (error == ENVOI_E_TIMEOUT && phase == ENVOI_PHASE_DNS)
        return EXIT_DEFERRED;
    if (error == ENVOI_E_NOT_SUPPORTED)
        return FIND(not_supported, phase, exit);
    return may_be_deferred(error, class) && for_now(reply) ? EXIT_DEFERRED : exit;
}

int exit_code_of_send(int error, int phase, int reply, const struct tally *tally)
{
    size_t others = tally->deferred + tally->refused + tally->not_attempted;

    if (tally->unknown)
        return EXIT_UNKNOWN;
    if (tally->accepted)
        return others ? EXIT_PARTIAL : EXIT_SENT;
    if (tally->deferred)
        return EXIT_DEFERRED;
    /* If some were refused and then, say, the connection was lost, the error counts: another try may reach the rest. */
    if (tally->refused && (!error || envoi_error_class(error) == ENVOI_CLASS_REFUSED))
        return EXIT_REFUSED;
    return error ? exit_code_of_error(error, phase, reply) : EXIT_REFUSED;
}

static const struct {
    int exit;
    const char *word;
} words[] = {
    {EXIT_SENT, "sent"},       {EXIT_PARTIAL, "partial"},  {EXIT_UNKNOWN, "unknown"},
    {EXIT_REFUSED, "refused"}, {EXIT_DEFERRED, "refused"},
};

const char *exit_code_word(int exit)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].exit == exit)
            return words[i].word;
    return "error";
}
