/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "accounts/exit_code.h"
#include "fault.h"
#include "portable/memory.h"
#include "text.h"
#include <envoi/envoi.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum option_kind { OPTION_COUNT, OPTION_TEXT, OPTION_LIST, OPTION_KEY, OPTION_REFUSED };

#define SEND       COMMAND_SEND
#define PROBE      COMMAND_PROBE
#define PLUGINS    COMMAND_PLUGINS
#define ACCOUNTS   COMMAND_ACCOUNTS
#define NET        (COMMAND_SEND | COMMAND_PROBE)
#define ALL        (COMMAND_SEND | COMMAND_PROBE | COMMAND_PLUGINS | COMMAND_ACCOUNTS)
/* Common options may stand before the command too. */
#define COMMON     ALL, 1
#define AT(member) offsetof(struct options, member)

#define SECRET_IN_ARGV "everyone on this machine can read it there"

/* One option. `argument` NULL: it takes none. `help` NULL: it is not shown. */
struct option_row {
    const char *name;
    int letter;
    enum option_kind kind;
    size_t where; /* the offset of the member of struct options; of OPTION_KEY the key */
    unsigned commands;
    int common;
    const char *argument;
    const char *help;
};

/* The options that are no keys of an account. */
static const struct option_row own[] = {
    {"account", 0, OPTION_TEXT, AT(account), NET | ACCOUNTS, 0, "NAME", "use this account of accounts.conf"},
    {"accounts-file", 'C', OPTION_TEXT, AT(accounts_file), NET | ACCOUNTS, 0, "FILE",
     "read the accounts from FILE alone"},
    {"to", 0, OPTION_LIST, AT(to), NET, 0, "ADDRESS", "a recipient, or some with commas between; may be repeated"},
    {"read-recipients", 't', OPTION_COUNT, AT(read_recipients), SEND, 0, NULL,
     "take recipients from To, Cc and Bcc too; Bcc is not sent"},
    {"drop-bcc", 0, OPTION_COUNT, AT(drop_bcc), SEND, 0, NULL, "remove Bcc from the message; -t does so anyway"},
    {"keep-bcc", 0, OPTION_COUNT, AT(keep_bcc), SEND, 0, NULL, "send Bcc with the message, without a warning"},
    {"subject", 0, OPTION_TEXT, AT(subject), SEND, 0, "TEXT",
     "FILE is a text: make a message of it, with this subject"},
    {"body", 0, OPTION_TEXT, AT(body), SEND, 0, "TEXT", "make a message of this text"},
    {"attach", 0, OPTION_LIST, AT(attach), SEND, 0, "FILE", "make a message, and attach FILE; may be repeated"},
    {"add-missing", 0, OPTION_COUNT, AT(add_missing), SEND, 0, NULL,
     "add Date, Message-ID and From to a message without them"},
    {"downgrade", 0, OPTION_COUNT, AT(downgrade), SEND, 0, NULL, "encode 8-bit parts if the server does not take them"},
    {"long-lines", 0, OPTION_TEXT, AT(long_lines), SEND, 0, "WORD",
     "lines over 998 octets: pass them, refuse to send, or warn"},
    {"deliver-by", 0, OPTION_TEXT, AT(deliver_by), SEND, 0, "SECONDS",
     "tell me if it takes longer (DELIVERBY); SECONDS:return: then return it"},
    {"hold-for", 0, OPTION_TEXT, AT(hold_for), SEND, 0, "SECONDS", "the server keeps it for so long (FUTURERELEASE)"},
    {"hold-until", 0, OPTION_TEXT, AT(hold_until), SEND, 0, "TIME",
     "the server keeps it until then, such as 2026-12-01T08:00:00Z"},
    {"mt-priority", 0, OPTION_TEXT, AT(mt_priority), SEND, 0, "NUMBER", "how urgent it is, -9 to 9 (MT-PRIORITY)"},
    {"submitter", 0, OPTION_TEXT, AT(submitter), SEND, 0, "ADDRESS", "who has submitted it (AUTH= of MAIL)"},
    {"valid-since", 0, OPTION_TEXT, AT(valid_since), SEND, 0, "TIME",
     "only to recipients who own their address since then (RRVS)"},
    {"trace", 0, OPTION_COUNT, AT(trace), NET, 0, NULL, "show the dialogue on standard error; twice: the content too"},
    {"quiet", 'q', OPTION_COUNT, AT(quiet), SEND, 0, NULL, "print nothing if all recipients were accepted"},
    {"json", 0, OPTION_COUNT, AT(json), ALL, 0, NULL, "print one JSON object instead of a table"},
    {"why", 0, OPTION_COUNT, AT(why), PLUGINS | ACCOUNTS, 0, NULL, "show where every value comes from"},
    {"dump", 0, OPTION_COUNT, AT(dump), PLUGINS, 0, NULL, "print a line ID.KEY=VALUE for each value, for scripts"},
    {"check", 0, OPTION_COUNT, AT(check), PLUGINS, 0, NULL, "load each plugin, to see whether it can be used"},
    {"pem", 0, OPTION_COUNT, AT(pem), PROBE, 0, NULL, "also print the server's certificates in PEM"},
    {"stop-after", 0, OPTION_TEXT, AT(stop_after), PROBE, 0, "STEP",
     "end with QUIT after greeting, ehlo, starttls, auth, mail or rcpt"},
    {"drop-after", 0, OPTION_TEXT, AT(drop_after), PROBE, 0, "STEP",
     "close without QUIT after one of these, or after data or content"},
    {"plugins-d", 0, OPTION_TEXT, AT(plugins_d), COMMON, "DIR",
     "read plugin descriptors from DIR, and the administrator's"},
    {"module-dir", 0, OPTION_TEXT, AT(module_dir), COMMON, "DIR", "load plugins from DIR"},
    {"help", 'h', OPTION_COUNT, AT(help), COMMON, NULL, "show this"},
    {"version", 'V', OPTION_COUNT, AT(version), COMMON, NULL, "show the version"},
    /* Listed for their error text: getopt would take them for abbreviations otherwise. */
    {"password", 0, OPTION_REFUSED, 0, SEND, 0, "", NULL},
    {"passphrase", 0, OPTION_REFUSED, 0, NET, 0, "", NULL},
    {"token", 0, OPTION_REFUSED, 0, SEND, 0, "", NULL},
};

/* The keys come first. */
#define ROWS      (KEY_COUNT + sizeof own / sizeof *own)
/* Above every letter, so a result of getopt is either a letter or a row. */
#define FIRST_ROW 256

/* The commands that take the keys of a group as options; a group that is missing has none. */
static const struct {
    enum key_group group;
    unsigned commands;
} takers[] = {
    {GROUP_CONNECTION, NET},
    {GROUP_LOGIN, NET},
    {GROUP_ENVELOPE, SEND},
};

/* Row `index` of both tables. A key without commands is no option. */
static struct option_row row_at(size_t index)
{
    const struct word *word;
    struct option_row row;

    if (index >= KEY_COUNT)
        return own[index - KEY_COUNT];
    word = vocabulary_word((enum key)index);
    row = (struct option_row){
        .name = word->name, .kind = OPTION_KEY, .where = index, .argument = word->argument, .help = word->help};
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
        if (takers[i].group == word->group)
            row.commands = takers[i].commands;
    /* A probe has no sender, but it finds the account. */
    if (index == KEY_FROM)
        row.commands |= PROBE | ACCOUNTS;
    return row;
}

static void *member_of(struct options *options, const struct option_row *row)
{
    return (char *)options + row->where;
}

static int usage(const char *name, const char *value, const char *text)
{
    char shown[TEXT_QUOTED];

    complain("--%s %s: %s", name, text_quote(value, shown), text);
    return EXIT_USAGE;
}

static int set_count(struct options *options, const struct option_row *row, const char *value)
{
    int *count = member_of(options, row);

    (void)value;
    (*count)++;
    return 0;
}

static int set_text(struct options *options, const struct option_row *row, const char *value)
{
    const char **text = member_of(options, row);

    *text = value;
    return 0;
}

static int set_list(struct options *options, const struct option_row *row, const char *value)
{
    struct list *list = member_of(options, row);
    const char **items = memory_resize(list->items, list->count + 1, sizeof *items);

    if (!items)
        return usage(row->name, value, "out of memory");
    items[list->count++] = value;
    list->items = items;
    return 0;
}

/* An option counts over those before it, unless it may be repeated. */
static int set_key(struct options *options, const struct option_row *row, const char *value)
{
    enum key key = (enum key)row->where;
    const char *text = value ? value : "yes";
    const char *wrong = vocabulary_fault(key, text);
    int list = vocabulary_word(key)->kind == KIND_LIST;

    if (wrong)
        return usage(row->name, text, wrong);
    if ((list ? values_add : values_set)(&options->values, key, text, VALUES_COMMAND_LINE))
        return usage(row->name, text, "out of memory");
    return 0;
}

/* Returns the sources of a secret other than a file, for the error text. */
static const char *other_sources(const char *name)
{
    if (!strcmp(name, "password"))
        return " or --password-command, or type it when asked";
    if (!strcmp(name, "token"))
        return " or --token-command";
    return "";
}

static int set_refused(struct options *options, const struct option_row *row, const char *value)
{
    (void)options, (void)value;
    complain("--%s: no secret on the command line, " SECRET_IN_ARGV "; give --%s-file%s", row->name, row->name,
             other_sources(row->name));
    return EXIT_USAGE;
}

typedef int setter_fn(struct options *, const struct option_row *, const char *);
static setter_fn *const setters[] = {
    [OPTION_COUNT] = set_count, [OPTION_TEXT] = set_text,       [OPTION_LIST] = set_list,
    [OPTION_KEY] = set_key,     [OPTION_REFUSED] = set_refused,
};

static int applies(const struct option_row *row, enum command command)
{
    return command == COMMAND_NONE ? row->common : (row->commands & (unsigned)command) != 0;
}

static int has_argument(const struct option_row *row)
{
    if (!row->argument)
        return no_argument;
    /* A refused option is recognised with and without a value. */
    return *row->argument ? required_argument : optional_argument;
}

/* Fills getopt_long's table with the options of the command, and `letters` with its short ones. */
static void make_tables(enum command command, struct option *table, char *letters)
{
    /* "+": parsing ends at the command, whose options follow it. ":": a missing argument has its own result. */
    if (command == COMMAND_NONE)
        *letters++ = '+';
    *letters++ = ':';
    for (size_t i = 0; i < ROWS; i++) {
        const struct option_row row = row_at(i);

        if (!applies(&row, command))
            continue;
        table->name = row.name;
        table->has_arg = has_argument(&row);
        table->val = FIRST_ROW + (int)i;
        table++;
        if (!row.letter)
            continue;
        *letters++ = (char)row.letter;
        if (row.argument)
            *letters++ = ':';
    }
    *letters = '\0';
}

/* Fills *row with that of an answer of getopt_long; returns 0 if there is none. */
static int row_of(int answer, struct option_row *row)
{
    for (size_t i = 0; i < ROWS; i++) {
        *row = row_at(i);
        if (answer == FIRST_ROW + (int)i || (row->letter && row->letter == answer))
            return 1;
    }
    return 0;
}

/* Reports why getopt_long failed. The text after "=" is left out, as it may be a secret. */
static int refuse(int answer, char **argv)
{
    struct option_row row;
    int known = optopt ? row_of(optopt, &row) : 0;

    if (answer == ':')
        complain("--%s needs an argument; see --help", known ? row.name : "?");
    else if (known)
        complain("--%s takes no argument; see --help", row.name);
    else if (optopt)
        complain("unknown option -%c; see --help", optopt);
    else
        complain("unknown or ambiguous option %.*s; see --help", (int)strcspn(argv[optind - 1], "="), argv[optind - 1]);
    return EXIT_USAGE;
}

int options_parse(struct options *options, enum command command, int argc, char **argv)
{
    struct option table[ROWS + 1] = {0};
    char letters[2 * ROWS + 3];
    int answer;

    make_tables(command, table, letters);
    optind = 0; /* glibc: reinitialise */
    opterr = 0;
    while ((answer = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        struct option_row row;
        int known = answer == '?' || answer == ':' ? 0 : row_of(answer, &row);
        int rc = known ? setters[row.kind](options, &row, optarg) : refuse(answer, argv);

        if (rc)
            return rc;
    }
    options->operands = argv + optind;
    options->operand_count = argc - optind;
    return 0;
}

void options_free(struct options *options)
{
    free(options->to.items);
    free(options->attach.items);
    values_free(&options->values);
}

void options_print(enum command command, FILE *file)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct option_row row = row_at(i);
        char left[40];

        if (!row.help || !applies(&row, command))
            continue;
        snprintf(left, sizeof left, "%s%s%s", row.name, row.argument ? " " : "", row.argument ? row.argument : "");
        if (row.letter)
            fprintf(file, "  -%c, --%-24s %s\n", row.letter, left, row.help);
        else
            fprintf(file, "      --%-24s %s\n", left, row.help);
    }
}

static void print_keys_of(unsigned groups, int width, FILE *file)
{
    for (enum key key = 0; key < KEY_COUNT; key++) {
        const struct word *word = vocabulary_word(key);
        char left[48];

        if (!(word->group & groups) || !word->help)
            continue;
        snprintf(left, sizeof left, "%s = %s", word->name, word->argument);
        fprintf(file, "      %-*s %s\n", width, left, word->help);
    }
}

void options_print_keys(FILE *file)
{
    fputs("\nKeys of accounts.conf(5), besides the long options of 'envoi send':\n", file);
    print_keys_of(GROUP_FILE | GROUP_FACE, 26, file);
    fputs("\nKeys of an account for envoi-worker(1):\n", file);
    print_keys_of(GROUP_POOL, 26, file);
    fputs("\nKeys of its section [worker], for envoi-worker(1):\n", file);
    print_keys_of(GROUP_WORKER, 33, file);
}
