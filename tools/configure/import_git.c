/* SPDX-License-Identifier: MIT */
/* git send-email: the settings sendemail.KEY, and sendemail.IDENTITY.KEY over them. git itself reads its files: the
 * text is what `git config --null --get-regexp` prints, "NAME\nVALUE\0" for each. */
#include "accounts/child.h"
#include "accounts/exit_code.h"
#include "configure/import.h"

#include <envoi/envoi.h>
#include <string.h>
#include <strings.h>

static const struct import_rule rules[] = {
    {"smtpserver", IMPORT_HOST, NULL},
    {"smtpserverport", IMPORT_PORT, NULL},
    {"smtpencryption", IMPORT_TLS, NULL},
    {"smtpuser", IMPORT_USER, NULL},
    {"smtppass", IMPORT_PASSWORD, NULL},
    {"smtpauth", IMPORT_AUTH, NULL},
    {"smtpdomain", IMPORT_HELO, NULL},
    {"smtpsslcertpath", IMPORT_CA, NULL},
    {"smtpsslclientcert", IMPORT_CERT, NULL},
    {"smtpsslclientkey", IMPORT_KEY, NULL},
    {"from", IMPORT_FROM, NULL},
    {"envelopesender", IMPORT_NONE, "`from` names the sender"},
    {"smtpserveroption", IMPORT_NONE, "it is for a program instead of a server"},
    {"sendmailcmd", IMPORT_NONE, "it is a program instead of a server"},
    {"smtpbatchsize", IMPORT_NONE, "there is no limit to set"},
    {"smtprelogindelay", IMPORT_NONE, "there is no delay to set"},
    {"identity", IMPORT_NONE, NULL},
    {.name = NULL},
};

/* Of these git send-email is the one that needs them: they stay where they are. */
static int git_is_for_sending(const char *name)
{
    return !strncasecmp(name, "smtp", 4) || !strcasecmp(name, "from") || !strcasecmp(name, "envelopesender") ||
           !strcasecmp(name, "sendmailcmd");
}

/* "Name <address>" becomes the address. */
static char *git_address_of(char *value)
{
    char *open = strrchr(value, '<'), *close = open ? strchr(open, '>') : NULL;

    if (!close)
        return value;
    *close = '\0';
    return open + 1;
}

static void git_set(struct imported *i, struct import_old *old, int number, const char *name, char *value)
{
    if (!strcasecmp(name, "smtpserver") && *value == '/') {
        import_note(i, number, name, "is a program and no server; it is not carried over");
        return;
    }
    if (!strcasecmp(name, "smtpssl")) {
        old->text[IMPORT_TLS] = import_yes(value) ? "ssl" : "";
        return;
    }
    if (!strcasecmp(name, "from"))
        value = git_address_of(value);
    import_set(i, &import_git, old, number, name, value);
}

/* The account of an identity, which is begun with what all have. NULL: too many. */
static struct import_old *git_account_of(struct imported *i, int number, const char *identity)
{
    struct import_old *old = import_find(i, identity);

    return old ? old : import_begin(i, number, identity, &i->old[0]);
}

struct pair {
    char *name; /* without "sendemail." */
    char *value;
};

#define PAIRS_MAX 500

/* Splits the text, in place. A setting without a value means yes. */
static size_t git_split(struct imported *i, struct pair *pairs)
{
    size_t count = 0;

    for (size_t at = 0; at < i->len && count < PAIRS_MAX;) {
        char *name = i->text + at, *value = strchr(name, '\n');

        at += strlen(name) + 1;
        if (strncasecmp(name, "sendemail.", 10) != 0)
            continue;
        if (value)
            *value++ = '\0';
        pairs[count++] = (struct pair){name + 10, value ? value : strchr(name, '\0')};
    }
    return count;
}

static int git_read(struct imported *i)
{
    struct pair pairs[PAIRS_MAX];
    size_t count = git_split(i, pairs);

    (void)import_begin(i, 1, "git", &i->defaults);
    for (size_t n = 0; n < count; n++)
        if (!strchr(pairs[n].name, '.') && git_is_for_sending(pairs[n].name))
            git_set(i, &i->old[0], (int)n + 1, pairs[n].name, pairs[n].value);
        else if (!strcasecmp(pairs[n].name, "identity"))
            snprintf(i->chosen, sizeof i->chosen, "%s", pairs[n].value);
    for (size_t n = 0; n < count; n++) {
        char *dot = strrchr(pairs[n].name, '.');
        struct import_old *old;

        if (!dot || !git_is_for_sending(dot + 1))
            continue;
        *dot = '\0';
        if (!(old = git_account_of(i, (int)n + 1, pairs[n].name)))
            return -1;
        git_set(i, old, (int)n + 1, dot + 1, pairs[n].value);
    }
    return 0;
}

static const char *git_tls_of(const struct import_old *old)
{
    const char *tls = old->text[IMPORT_TLS];

    if (tls && !strcasecmp(tls, "ssl"))
        return "implicit";
    return tls && !strcasecmp(tls, "tls") ? "required" : "off";
}

static int git_logs_in(const struct import_old *old)
{
    return old->text[IMPORT_USER] && !(old->text[IMPORT_AUTH] && !strcasecmp(old->text[IMPORT_AUTH], "none"));
}

const struct import_dialect import_git = {
    .name = "git",
    .port = "25",
    .ignores_case = 1,
    .read = git_read,
    .tls = git_tls_of,
    .logs_in = git_logs_in,
    .keyless = "password-git",
    .rules = rules,
};

/* ---- git ---- */

int import_git_read(const char *path, struct secret *output, struct fault *fault)
{
    const struct secret_request request = {.where = "--import"};
    /* Those of a repository in the present folder are left out: whoever made it does not say where mail goes. */
    const char *const own[] = {"git", "-C", "/", "config", "--null", "--get-regexp", "^sendemail\\.", NULL};
    const char *const named[] = {"git",    "config",       "--file",        path, "--includes",
                                 "--null", "--get-regexp", "^sendemail\\.", NULL};
    int code = 0, rc = child_run(path ? named : own, NULL, &request, output, &code, fault);

    if (rc || !code)
        return rc;
    if (code == 1)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "git has no settings sendemail.*");
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "git config failed with exit code %d", code);
}
