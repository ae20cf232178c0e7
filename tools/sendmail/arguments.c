/* SPDX-License-Identifier: MIT */
#include "sendmail/arguments.h"

#include "accounts/exit_code.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>

typedef int option_fn(struct arguments *a, const char *value, struct fault *fault);

static int option_refuse(struct fault *fault, const char *option, const char *value, const char *why)
{
    char shown[TEXT_QUOTED];

    return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "%s %s: %s; nothing was sent", option, text_quote(value, shown),
                     why);
}

/* ---- what the options do ---- */

static int option_sender(struct arguments *a, const char *value, struct fault *fault)
{
    (void)fault;
    a->sender = value;
    return 0;
}

static int option_full_name(struct arguments *a, const char *value, struct fault *fault)
{
    (void)fault;
    a->full_name = value;
    return 0;
}

static int option_account(struct arguments *a, const char *value, struct fault *fault)
{
    (void)fault;
    a->account = value;
    return 0;
}

static int option_file(struct arguments *a, const char *value, struct fault *fault)
{
    (void)fault;
    a->accounts_file = value;
    return 0;
}

static int option_ignore_dots(struct arguments *a, const char *value, struct fault *fault)
{
    (void)value;
    (void)fault;
    a->ignore_dots = 1;
    return 0;
}

static int option_read_recipients(struct arguments *a, const char *value, struct fault *fault)
{
    (void)value;
    (void)fault;
    a->read_recipients = 1;
    return 0;
}

static int option_trace(struct arguments *a, const char *value, struct fault *fault)
{
    (void)value;
    (void)fault;
    a->trace++;
    return 0;
}

/* -o and a letter. But for -oi, they tune a queue or say how errors are told. */
static int option_set(struct arguments *a, const char *value, struct fault *fault)
{
    (void)fault;
    a->ignore_dots |= *value == 'i';
    return 0;
}

static int option_queue(struct arguments *a, const char *value, struct fault *fault)
{
    (void)value;
    (void)fault;
    a->mode = MODE_NOTHING;
    return 0;
}

static int option_mode(struct arguments *a, const char *value, struct fault *fault)
{
    static const struct {
        const char *word;
        enum mode mode;
    } modes[] = {{"m", MODE_SEND}, {"s", MODE_DIALOGUE}, {"p", MODE_LIST}, {"i", MODE_NOTHING}};

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(value, modes[i].word)) {
            a->mode = modes[i].mode;
            return 0;
        }
    return option_refuse(fault, "-b", value, "this program has no such mode; it submits mail, and keeps no queue");
}

static int option_notify(struct arguments *a, const char *value, struct fault *fault)
{
    static const struct {
        const char *word;
        unsigned notify;
    } words[] = {{"never", ENVOI_NOTIFY_NEVER},
                 {"success", ENVOI_NOTIFY_SUCCESS},
                 {"failure", ENVOI_NOTIFY_FAILURE},
                 {"delay", ENVOI_NOTIFY_DELAY}};
    unsigned notify = 0;

    for (const char *at = value; *at;) {
        size_t len = strcspn(at, ","), i = 0;

        while (i < 4 && (strlen(words[i].word) != len || strncasecmp(at, words[i].word, len) != 0))
            i++;
        if (i == 4)
            break;
        notify |= words[i].notify;
        at += len + (at[len] == ',');
        if (!*at && (notify == ENVOI_NOTIFY_NEVER || !(notify & ENVOI_NOTIFY_NEVER))) {
            a->notify = notify;
            return 0;
        }
    }
    return option_refuse(fault, "-N", value, "it takes never, or a list of success, failure and delay");
}

static int option_return(struct arguments *a, const char *value, struct fault *fault)
{
    if (!strcasecmp(value, "full"))
        a->ret = ENVOI_RET_FULL;
    else if (!strcasecmp(value, "hdrs"))
        a->ret = ENVOI_RET_HEADERS;
    else
        return option_refuse(fault, "-R", value, "it takes full or hdrs");
    return 0;
}

static int option_envid(struct arguments *a, const char *value, struct fault *fault)
{
    (void)fault;
    a->envid = value;
    return 0;
}

static int option_body(struct arguments *a, const char *value, struct fault *fault)
{
    if (!strcasecmp(value, "8BITMIME"))
        a->body = ENVOI_BODY_8BIT;
    else if (!strcasecmp(value, "7BIT"))
        a->body = ENVOI_BODY_7BIT;
    else
        return option_refuse(fault, "-B", value, "it takes 7BIT or 8BITMIME");
    return 0;
}

static int option_log(struct arguments *a, const char *value, struct fault *fault)
{
    (void)a;
    return option_refuse(fault, "-X", value, "there is no such log; -v shows the dialogue, and syslog has the result");
}

static int option_help(struct arguments *a, const char *value, struct fault *fault)
{
    (void)value;
    (void)fault;
    a->mode = MODE_HELP;
    return 0;
}

static int option_version(struct arguments *a, const char *value, struct fault *fault)
{
    (void)value;
    (void)fault;
    a->mode = MODE_VERSION;
    return 0;
}

static int option_header_sender(struct arguments *a, const char *value, struct fault *fault)
{
    (void)value;
    (void)fault;
    a->sender_of_header = 1;
    return 0;
}

/* ---- the tables ---- */

enum takes {
    TAKES_NOTHING,
    TAKES_VALUE, /* the rest of the word, or the next word */
    TAKES_REST,  /* the rest of the word, which may be empty */
};

/* `take` NULL: callers pass it, and it means nothing here. `help` NULL: not shown. */
static const struct letter {
    char letter;
    enum takes takes;
    option_fn *take;
    const char *help;
} letters[] = {
    {'t', TAKES_NOTHING, option_read_recipients, "-t          the recipients are those of To, Cc and Bcc, too"},
    {'f', TAKES_VALUE, option_sender, "-f ADDRESS  the sender; '<>' is the null one. -r is the same"},
    {'r', TAKES_VALUE, option_sender, NULL},
    {'F', TAKES_VALUE, option_full_name, "-F NAME     the name in a From that is added"},
    {'i', TAKES_NOTHING, option_ignore_dots, "-i, -oi     a lone dot is no end, on a terminal either"},
    {'N', TAKES_VALUE, option_notify, "-N LIST     when to report: never, or success, failure, delay"},
    {'R', TAKES_VALUE, option_return, "-R WORD     what reports have of the message: full or hdrs"},
    {'V', TAKES_VALUE, option_envid, "-V ID       the envelope identifier, which reports repeat"},
    {'B', TAKES_VALUE, option_body, "-B WORD     7BIT or 8BITMIME"},
    {'b', TAKES_VALUE, option_mode,
     "-bs         speak SMTP on standard input and output. -bp, -bi: what mailq and newaliases do: nothing"},
    {'I', TAKES_NOTHING, option_queue, NULL},
    {'q', TAKES_REST, option_queue, "-q          flush the queue: nothing"},
    {'C', TAKES_VALUE, option_file, "-C FILE     read this file of accounts alone"},
    {'a', TAKES_VALUE, option_account, "-a NAME     use this account"},
    {'v', TAKES_NOTHING, option_trace, "-v          show the dialogue"},
    {'X', TAKES_VALUE, option_log, NULL},
    {'o', TAKES_VALUE, option_set, "-o, -O, -e, -d, -L, -h, -p, -A, -G, -U, -m, -n, -c, -x: taken, and without effect"},
    {'O', TAKES_VALUE, NULL, NULL},
    {'e', TAKES_VALUE, NULL, NULL},
    {'d', TAKES_REST, NULL, NULL},
    {'L', TAKES_VALUE, NULL, NULL},
    {'h', TAKES_VALUE, NULL, NULL},
    {'p', TAKES_VALUE, NULL, NULL},
    {'A', TAKES_VALUE, NULL, NULL},
    {'G', TAKES_NOTHING, NULL, NULL},
    {'U', TAKES_NOTHING, NULL, NULL},
    {'m', TAKES_NOTHING, NULL, NULL},
    {'n', TAKES_NOTHING, NULL, NULL},
    {'c', TAKES_NOTHING, NULL, NULL},
    {'x', TAKES_NOTHING, NULL, NULL},
};

/* Those of msmtp that its callers pass, and the two that every program has. */
static const struct {
    const char *word;
    int takes_value; /* the next word, or what follows '=' */
    option_fn *take;
} words[] = {
    {"--account", 1, option_account},
    {"--file", 1, option_file},
    {"--read-envelope-from", 0, option_header_sender},
    {"--read-recipients", 0, option_read_recipients},
    {"--from", 1, option_sender},
    {"--help", 0, option_help},
    {"--version", 0, option_version},
};

/* ---- parsing ---- */

struct parser {
    struct arguments *arguments;
    int argc, at;
    char **argv;
    struct fault *fault;
};

static int parser_refuse(struct parser *p, const char *what, const char *word)
{
    char shown[TEXT_QUOTED];

    return fault_set(p->fault, EXIT_USAGE, ENVOI_E_USAGE, "%s: %s; nothing was sent; see --help",
                     text_quote(word, shown), what);
}

/* Takes a word such as "--account=work". */
static int parser_take_long(struct parser *p)
{
    const char *word = p->argv[p->at++];
    size_t len = strcspn(word, "=");

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *value = word[len] ? word + len + 1 : NULL;

        if (strlen(words[i].word) != len || strncmp(word, words[i].word, len) != 0)
            continue;
        if (!words[i].takes_value && value)
            return parser_refuse(p, "this option takes no value", word);
        if (words[i].takes_value && !value && p->at < p->argc)
            value = p->argv[p->at++];
        if (words[i].takes_value && !value)
            return parser_refuse(p, "this option needs a value", word);
        return words[i].take(p->arguments, value, p->fault);
    }
    return parser_refuse(p, "there is no such option", word);
}

/* Takes a word of letters, such as "-oi", "-ti" or "-fme@example.org". */
static int parser_take_letters(struct parser *p)
{
    const char *word = p->argv[p->at++];
    int rc = 0;

    for (const char *c = word + 1; *c && !rc; c++) {
        const struct letter *row = letters;
        const char *value = NULL;

        while (row < letters + sizeof letters / sizeof *letters && row->letter != *c)
            row++;
        if (row == letters + sizeof letters / sizeof *letters)
            return parser_refuse(p, "there is no such option", word);
        if (row->takes == TAKES_REST || (row->takes == TAKES_VALUE && c[1]))
            value = c + 1;
        else if (row->takes == TAKES_VALUE && p->at < p->argc)
            value = p->argv[p->at++];
        if (row->takes == TAKES_VALUE && !value)
            return parser_refuse(p, "this option needs a value", word);
        if (row->take)
            rc = row->take(p->arguments, value, p->fault);
        if (row->takes != TAKES_NOTHING)
            break;
    }
    return rc;
}

static enum mode mode_of_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *name = slash ? slash + 1 : path;

    if (name && !strcmp(name, "mailq"))
        return MODE_LIST;
    return name && !strcmp(name, "newaliases") ? MODE_NOTHING : MODE_SEND;
}

/* Modes in which a recipient is a mistake. */
static int is_without_mail(enum mode mode)
{
    return mode == MODE_LIST || mode == MODE_NOTHING || mode == MODE_DIALOGUE;
}

int arguments_parse(struct arguments *arguments, int argc, char **argv, struct fault *fault)
{
    struct parser p = {.arguments = arguments, .argc = argc, .at = 1, .argv = argv, .fault = fault};
    enum mode named = mode_of_name(argc ? argv[0] : NULL);
    int options = 1, rc = 0;

    *arguments = (struct arguments){.recipients = argv};
    while (!rc && p.at < argc) {
        char *word = argv[p.at];

        if (options && !strcmp(word, "--")) {
            options = 0;
            p.at++;
        } else if (options && word[0] == '-' && word[1] == '-') {
            rc = parser_take_long(&p);
        } else if (options && word[0] == '-' && word[1]) {
            rc = parser_take_letters(&p);
        } else {
            arguments->recipients[arguments->recipient_count++] = argv[p.at++];
        }
    }
    if (!rc && named != MODE_SEND)
        arguments->mode = named;
    if (!rc && arguments->recipient_count && is_without_mail(arguments->mode))
        rc = parser_refuse(&p, "there is no use for this recipient", arguments->recipients[0]);
    return rc;
}

void arguments_print_help(void)
{
    puts("Usage: " SENDMAIL " [OPTION...] [--] [ADDRESS...] <MESSAGE\n"
         "Submits a mail, as programs that call sendmail expect it.\n");
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].help)
            printf("  %s\n", letters[i].help);
    puts("\nThe account is that of accounts.conf(5); " SENDMAIL "(1) is the manual.");
}
