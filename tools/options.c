/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "accounts/exit_code.h"
#include "fault.h"
#include "text.h"
#include <envoi/envoi.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_COUNT, KIND_TEXT, KIND_LIST, KIND_TLS, KIND_PORT, KIND_SECONDS, KIND_REFUSED };

#define SEND       COMMAND_SEND
#define PROBE      COMMAND_PROBE
#define PLUGINS    COMMAND_PLUGINS
#define NET        (COMMAND_SEND | COMMAND_PROBE)
#define ALL        (COMMAND_SEND | COMMAND_PROBE | COMMAND_PLUGINS)
/* Common options may stand before the command too. */
#define COMMON     ALL, 1
#define AT(member) offsetof(struct options, member)

#define SECRET_IN_ARGV "everyone on this machine can read it there"

/* One row per option. `argument` NULL: it takes none. `help` NULL: it is not shown. */
static const struct option_row {
    const char *name;
    int letter;
    enum kind kind;
    size_t where;
    unsigned commands;
    int common;
    const char *argument;
    const char *help;
} rows[] = {
    {"host", 0, KIND_TEXT, AT(host), SEND, 0, "HOST", "the server: a name, an address, or /path of a unix socket"},
    {"port", 0, KIND_PORT, AT(port), NET, 0, "PORT", "default 587; 465 with --tls implicit; 24 with --lmtp"},
    {"from", 0, KIND_TEXT, AT(from), SEND, 0, "ADDRESS", "the sender; '<>' is the null one"},
    {"to", 0, KIND_LIST, AT(to), SEND, 0, "ADDRESS", "a recipient, or some with commas between; may be repeated"},
    {"read-recipients", 't', KIND_COUNT, AT(read_recipients), SEND, 0, NULL,
     "take recipients from To, Cc and Bcc too; Bcc is not sent"},
    {"drop-bcc", 0, KIND_COUNT, AT(drop_bcc), SEND, 0, NULL, "remove Bcc from the message; -t does so anyway"},
    {"keep-bcc", 0, KIND_COUNT, AT(keep_bcc), SEND, 0, NULL, "send Bcc with the message, without a warning"},
    {"lmtp", 0, KIND_COUNT, AT(lmtp), NET, 0, NULL, "speak LMTP"},
    {"helo", 0, KIND_TEXT, AT(helo), NET, 0, "NAME", "the name of this host after EHLO"},
    {"source", 0, KIND_TEXT, AT(source), NET, 0, "ADDRESS", "connect from this address of the machine"},
    {"tls", 0, KIND_TLS, AT(tls), NET, 0, "WORD", "off, opportunistic, required or implicit"},
    {"tls-backend", 0, KIND_TEXT, AT(tls_backend), NET, 0, "ID", "the TLS plugin: openssl, gnutls ..."},
    {"tls-name", 0, KIND_TEXT, AT(tls_name), NET, 0, "NAME", "the name that the certificate must carry, not --host's"},
    {"ca", 0, KIND_TEXT, AT(ca), NET, 0, "FILE", "trust these certificates (PEM) instead of the system's"},
    {"pin", 0, KIND_LIST, AT(pins), NET, 0, "SHA256", "the server's key must have this SHA-256; may be repeated"},
    {"trust", 0, KIND_TEXT, AT(trust), NET, 0, "WORD", "pin: a --pin is enough, whatever CA, name and dates"},
    {"cert", 0, KIND_TEXT, AT(cert), NET, 0, "FILE", "the client's certificate chain (PEM)"},
    {"key", 0, KIND_TEXT, AT(key), NET, 0, "FILE", "its key (PEM), if it is not in the same file"},
    {"passphrase-file", 0, KIND_TEXT, AT(passphrase_file), NET, 0, "FILE", "holds the passphrase of the key"},
    {"user", 0, KIND_TEXT, AT(user), SEND, 0, "NAME", "log in as NAME, or send nothing"},
    {"password-file", 0, KIND_TEXT, AT(password_file), SEND, 0, "FILE", "holds the password"},
    {"password-command", 0, KIND_TEXT, AT(password_command), SEND, 0, "COMMAND", "prints the password; run by /bin/sh"},
    {"token-file", 0, KIND_TEXT, AT(token_file), SEND, 0, "FILE", "holds an OAuth 2.0 access token"},
    {"token-command", 0, KIND_TEXT, AT(token_command), SEND, 0, "COMMAND", "prints the token; run by /bin/sh"},
    {"mechanism", 0, KIND_TEXT, AT(mechanisms), SEND, 0, "LIST",
     "which login mechanisms, in which order; !NAME forbids"},
    {"allow-cleartext-auth", 0, KIND_COUNT, AT(allow_cleartext_auth), SEND, 0, NULL,
     "allow plaintext passwords without verified TLS"},
    {"mail-options", 0, KIND_TEXT, AT(mail_options), SEND, 0, "LIST", "parameters of MAIL, such as RET=HDRS"},
    {"rcpt-options", 0, KIND_TEXT, AT(rcpt_options), SEND, 0, "LIST",
     "parameters of each RCPT, such as NOTIFY=FAILURE"},
    {"drop-options", 0, KIND_COUNT, AT(drop_options), SEND, 0, NULL,
     "leave out parameters that the server does not announce"},
    {"require-all", 0, KIND_COUNT, AT(require_all), SEND, 0, NULL,
     "send to all recipients or to none: no content goes out if one is refused"},
    {"timeout", 0, KIND_SECONDS, AT(timeout), NET, 0, "SECONDS", "the deadline of each phase"},
    {"trace", 0, KIND_COUNT, AT(trace), NET, 0, NULL, "show the dialogue on standard error; twice: the content too"},
    {"quiet", 'q', KIND_COUNT, AT(quiet), SEND, 0, NULL, "print nothing if all recipients were accepted"},
    {"json", 0, KIND_COUNT, AT(json), ALL, 0, NULL, "print one JSON object instead of a table"},
    {"why", 0, KIND_COUNT, AT(why), PLUGINS, 0, NULL, "show where every value comes from"},
    {"check", 0, KIND_COUNT, AT(check), PLUGINS, 0, NULL, "load each plugin, to see whether it can be used"},
    {"pem", 0, KIND_COUNT, AT(pem), PROBE, 0, NULL, "also print the server's certificates in PEM"},
    {"plugins-d", 0, KIND_TEXT, AT(plugins_d), COMMON, "DIR",
     "read plugin descriptors from DIR, and the administrator's"},
    {"module-dir", 0, KIND_TEXT, AT(module_dir), COMMON, "DIR", "load plugins from DIR"},
    {"help", 'h', KIND_COUNT, AT(help), COMMON, NULL, "show this"},
    {"version", 'V', KIND_COUNT, AT(version), COMMON, NULL, "show the version"},
    /* Listed for their error text: getopt would take them for abbreviations otherwise. */
    {"password", 0, KIND_REFUSED, 0, SEND, 0, "", NULL},
    {"passphrase", 0, KIND_REFUSED, 0, NET, 0, "", NULL},
    {"token", 0, KIND_REFUSED, 0, SEND, 0, "", NULL},
};

#define ROWS      (sizeof rows / sizeof *rows)
/* Above every letter, so a result of getopt is either a letter or a row. */
#define FIRST_ROW 256

static const struct {
    const char *word;
    int tls;
} tls_words[] = {
    {"off", ENVOI_TLS_OFF},
    {"opportunistic", ENVOI_TLS_OPPORTUNISTIC},
    {"required", ENVOI_TLS_REQUIRED},
    {"implicit", ENVOI_TLS_IMPLICIT},
};

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

/* Parses a number from 1 to max. Returns 0 if it is not one. */
static long number_of(const char *text, long max)
{
    long number;

    if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
        return 0;
    number = strtol(text, NULL, 10);
    return number <= max ? number : 0;
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
    const char **items = reallocarray(list->items, list->count + 1, sizeof *items);

    if (!items)
        return usage(row->name, value, "out of memory");
    items[list->count++] = value;
    list->items = items;
    return 0;
}

static int set_tls(struct options *options, const struct option_row *row, const char *value)
{
    int *tls = member_of(options, row);

    for (size_t i = 0; i < sizeof tls_words / sizeof *tls_words; i++)
        if (!strcmp(value, tls_words[i].word)) {
            *tls = tls_words[i].tls;
            return 0;
        }
    return usage(row->name, value, "it is one of off, opportunistic, required, implicit");
}

static int set_port(struct options *options, const struct option_row *row, const char *value)
{
    if (!number_of(value, 65535))
        return usage(row->name, value, "it is a number from 1 to 65535");
    return set_text(options, row, value);
}

static int set_seconds(struct options *options, const struct option_row *row, const char *value)
{
    int64_t *milliseconds = member_of(options, row);
    long seconds = number_of(value, 1000000);

    if (!seconds)
        return usage(row->name, value, "it is a whole number of seconds, from 1 to 1000000");
    *milliseconds = (int64_t)seconds * 1000;
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
    [KIND_COUNT] = set_count, [KIND_TEXT] = set_text,       [KIND_LIST] = set_list,       [KIND_TLS] = set_tls,
    [KIND_PORT] = set_port,   [KIND_SECONDS] = set_seconds, [KIND_REFUSED] = set_refused,
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
        if (!applies(&rows[i], command))
            continue;
        table->name = rows[i].name;
        table->has_arg = has_argument(&rows[i]);
        table->val = FIRST_ROW + (int)i;
        table++;
        if (rows[i].letter)
            *letters++ = (char)rows[i].letter;
    }
    *letters = '\0';
}

static const struct option_row *row_of(int answer)
{
    if (answer >= FIRST_ROW)
        return answer - FIRST_ROW < (int)ROWS ? &rows[answer - FIRST_ROW] : NULL;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].letter && rows[i].letter == answer)
            return &rows[i];
    return NULL;
}

/* Reports why getopt_long failed. The text after "=" is left out, as it may be a secret. */
static int refuse(int answer, char **argv)
{
    const struct option_row *row = optopt ? row_of(optopt) : NULL;

    if (answer == ':')
        complain("--%s needs an argument; see --help", row ? row->name : "?");
    else if (row)
        complain("--%s takes no argument; see --help", row->name);
    else if (optopt)
        complain("unknown option -%c; see --help", optopt);
    else
        complain("unknown or ambiguous option %.*s; see --help", (int)strcspn(argv[optind - 1], "="), argv[optind - 1]);
    return EXIT_USAGE;
}

int options_parse(struct options *options, enum command command, int argc, char **argv)
{
    struct option table[ROWS + 1] = {0};
    char letters[ROWS + 3];
    int answer;

    make_tables(command, table, letters);
    optind = 0; /* glibc: reinitialise */
    opterr = 0;
    while ((answer = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        const struct option_row *row = answer == '?' || answer == ':' ? NULL : row_of(answer);
        int rc = row ? setters[row->kind](options, row, optarg) : refuse(answer, argv);

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
    free(options->pins.items);
}

void options_print(enum command command, FILE *file)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct option_row *row = &rows[i];
        char left[40];

        if (!row->help || !applies(row, command))
            continue;
        snprintf(left, sizeof left, "%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
        if (row->letter)
            fprintf(file, "  -%c, --%-24s %s\n", row->letter, left, row->help);
        else
            fprintf(file, "      --%-24s %s\n", left, row->help);
    }
}
