/* SPDX-License-Identifier: MIT */
#include "configure/arguments.h"

#include "accounts/exit_code.h"
#include "fault.h"

#include <envoi/envoi.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Options of this command alone. `text` is set, or else `count` is. */
#define TEXT(member) offsetof(struct arguments, member), 1
#define FLAG(member) offsetof(struct arguments, member), 0

static const struct {
    const char *name;
    size_t where;
    int takes_text;
    const char *argument;
    const char *help;
} own[] = {
    {"name", TEXT(name), "NAME", "the name of the account; without it the domain"},
    {"system", FLAG(is_system), NULL, "write the file of the system, for all users"},
    {"import", TEXT(import), "PROGRAM", "take over the settings of msmtprc, ssmtp.conf, esmtprc or git"},
    {"autoconfig", TEXT(autoconfig), "FILE", "the servers are in this XML file; '-' is standard input"},
    {"store", TEXT(store), "PLACE", "where the password is kept: keyring, pass, git or file"},
    {"dry-run", FLAG(dry_run), NULL, "show it, and write nothing"},
    {"yes", FLAG(yes), NULL, "agree to a server of another domain, and write without asking"},
    {"test", FLAG(test), NULL, "send a mail from ADDRESS to itself"},
    {"plugins-d", TEXT(plugins_d), "DIR", "read plugin descriptors from DIR, and the administrator's"},
    {"module-dir", TEXT(module_dir), "DIR", "load plugins from DIR"},
    {"help", FLAG(help), NULL, "show this"},
    {"version", FLAG(version), NULL, "show the version"},
};
#define OWN (sizeof own / sizeof *own)

/* Keys that this command sets by itself, or does not use. */
static int arguments_is_option(enum key key)
{
    static const enum key others[] = {KEY_LMTP, KEY_ALLOW_CLEARTEXT_AUTH, KEY_CERT,
                                      KEY_KEY,  KEY_PASSPHRASE_FILE,      KEY_TRUST};
    const struct word *word = vocabulary_word(key);

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] == key)
            return 0;
    return (word->group == GROUP_CONNECTION || word->group == GROUP_LOGIN) && vocabulary_is_known(key);
}

static void arguments_make_table(struct option *table)
{
    for (size_t i = 0; i < OWN; i++)
        *table++ = (struct option){own[i].name, own[i].takes_text ? required_argument : no_argument, NULL, (int)i + 1};
    for (enum key key = 0; key < KEY_COUNT; key++)
        if (arguments_is_option(key))
            *table++ = (struct option){vocabulary_word(key)->name,
                                       vocabulary_word(key)->argument ? required_argument : no_argument, NULL,
                                       (int)(OWN + 1 + key)};
    *table = (struct option){0};
}

static int arguments_take(struct arguments *a, int answer, const char *value)
{
    size_t index = (size_t)answer - 1;
    enum key key = (enum key)(index - OWN);
    const char *wrong;

    if (index < OWN && own[index].takes_text)
        *(const char **)(void *)((char *)a + own[index].where) = value;
    else if (index < OWN)
        ++*(int *)(void *)((char *)a + own[index].where);
    if (index < OWN)
        return 0;
    if ((wrong = vocabulary_fault(key, value ? value : "yes"))) {
        complain("--%s: %s", vocabulary_word(key)->name, wrong);
        return EXIT_USAGE;
    }
    if (!values_add(&a->given, key, value ? value : "yes", VALUES_COMMAND_LINE))
        return 0;
    complain("out of memory");
    return EXIT_LOCAL;
}

int arguments_parse(struct arguments *arguments, int argc, char **argv)
{
    struct option table[OWN + KEY_COUNT + 1];
    int answer, rc = 0;

    *arguments = (struct arguments){0};
    arguments_make_table(table);
    opterr = 0;
    while (!rc && (answer = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        if (answer == 'h') {
            arguments->help = 1;
        } else if (answer == ':' || answer == '?') {
            complain("%.*s: %s; see 'envoi configure --help'", (int)strcspn(argv[optind - 1], "="), argv[optind - 1],
                     answer == ':' ? "it needs an argument" : "there is no such option, or it takes no argument");
            rc = EXIT_USAGE;
        } else {
            rc = arguments_take(arguments, answer, optarg);
        }
    }
    if (!rc && argc - optind > 1) {
        complain("one address at a time; see 'envoi configure --help'");
        rc = EXIT_USAGE;
    }
    arguments->operand = optind < argc ? argv[optind] : NULL;
    return rc;
}

static void arguments_print_option(const char *name, const char *argument, const char *help, FILE *out)
{
    char left[40];

    snprintf(left, sizeof left, "%s%s%s", name, argument ? " " : "", argument ? argument : "");
    fprintf(out, "      --%-24s %s\n", left, help);
}

void arguments_print_help(FILE *out)
{
    fputs("Usage: envoi configure [OPTION...] ADDRESS\n"
          "       envoi configure [OPTION...] --import PROGRAM [FILE]\n\n"
          "Finds the server for an address, tries the login, and adds the account to accounts.conf.\n\nOptions:\n",
          out);
    for (size_t i = 0; i < OWN; i++)
        arguments_print_option(own[i].name, own[i].argument, own[i].help, out);
    fputs("\nOptions that go into the account:\n", out);
    for (enum key key = 0; key < KEY_COUNT; key++)
        if (arguments_is_option(key))
            arguments_print_option(vocabulary_word(key)->name, vocabulary_word(key)->argument,
                                   vocabulary_word(key)->help, out);
}

void arguments_free(struct arguments *arguments)
{
    values_free(&arguments->given);
}
