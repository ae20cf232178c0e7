/* SPDX-License-Identifier: MIT */
#include "accounts/exit_code.h"
#include "compose/compose.h"
#include "fault.h"
#include "portable/memory.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <gmime/gmime.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 65536

enum kind { KIND_FLAG, KIND_TEXT, KIND_LIST };

static const struct {
    const char *name;
    enum kind kind;
    size_t where;
    const char *argument, *help;
} options[] = {
    {"from", KIND_TEXT, offsetof(struct arguments, from), "ADDRESS", "who writes: an address, or 'Name <address>'"},
    {"to", KIND_LIST, offsetof(struct arguments, to), "ADDRESS",
     "a recipient, or some with commas between; may be repeated"},
    {"cc", KIND_LIST, offsetof(struct arguments, cc), "ADDRESS", "one who gets a copy; may be repeated"},
    {"subject", KIND_TEXT, offsetof(struct arguments, subject), "TEXT", "the subject"},
    {"body", KIND_TEXT, offsetof(struct arguments, body), "TEXT", "the text, instead of FILE"},
    {"attach", KIND_LIST, offsetof(struct arguments, attach), "FILE", "attach this file; may be repeated"},
    {"downgrade", KIND_FLAG, offsetof(struct arguments, downgrade), NULL,
     "FILE is a message: encode its 8-bit parts, and make none"},
    {"help", KIND_FLAG, offsetof(struct arguments, help), NULL, "show this"},
    {"version", KIND_FLAG, offsetof(struct arguments, version), NULL, "show the version"},
};
#define OPTIONS (sizeof options / sizeof *options)

static int list_add(struct list *list, const char *value)
{
    const char **items = memory_resize(list->items, list->count + 1, sizeof *items);

    if (!items) {
        complain("out of memory");
        return EXIT_LOCAL;
    }
    items[list->count++] = value;
    list->items = items;
    return 0;
}

static int take(struct arguments *a, size_t index, const char *value)
{
    char *where = (char *)a + options[index].where;

    if (options[index].kind == KIND_LIST)
        return list_add((struct list *)(void *)where, value);
    if (options[index].kind == KIND_TEXT)
        *(const char **)(void *)where = value;
    else
        ++*(int *)(void *)where;
    return 0;
}

static int parse(struct arguments *a, int argc, char **argv)
{
    struct option table[OPTIONS + 1] = {0};
    int answer, rc = 0;

    for (size_t i = 0; i < OPTIONS; i++)
        table[i] = (struct option){options[i].name, options[i].kind == KIND_FLAG ? no_argument : required_argument,
                                   NULL, (int)i + 1};
    opterr = 0;
    while (!rc && (answer = getopt_long(argc, argv, ":", table, NULL)) != -1)
        if (answer == ':' || answer == '?') {
            complain("%.*s: %s; see 'envoi compose --help'", (int)strcspn(argv[optind - 1], "="), argv[optind - 1],
                     answer == ':' ? "it needs an argument" : "there is no such option, or it takes no argument");
            rc = EXIT_USAGE;
        } else {
            rc = take(a, (size_t)answer - 1, optarg);
        }
    if (!rc && argc - optind > 1) {
        complain("one file at a time; --attach adds more; see 'envoi compose --help'");
        rc = EXIT_USAGE;
    }
    a->operand = optind < argc ? argv[optind] : NULL;
    return rc;
}

static int check(const struct arguments *a)
{
    const struct {
        int wrong;
        const char *text;
    } checks[] = {
        {!a->downgrade && !a->from, "--from is missing: who writes?"},
        {a->downgrade && (a->from || a->subject || a->body || a->to.count || a->cc.count || a->attach.count),
         "--downgrade reads a message, and makes none of other options"},
        {a->body && a->operand, "--body and a file with the text exclude one another"},
    };

    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].wrong) {
            complain("%s; see 'envoi compose --help'", checks[i].text);
            return EXIT_USAGE;
        }
    return 0;
}

static void arguments_help(void)
{
    fputs("Usage: envoi compose [OPTION...] [FILE]\n\n"
          "Makes a message of a text, which is in FILE or comes from standard input, and prints it.\n\nOptions:\n",
          stdout);
    for (size_t i = 0; i < OPTIONS; i++) {
        char left[40];

        snprintf(left, sizeof left, "%s%s%s", options[i].name, options[i].argument ? " " : "",
                 options[i].argument ? options[i].argument : "");
        printf("      --%-24s %s\n", left, options[i].help);
    }
}

char *compose_read(const char *path, size_t *len)
{
    int input = !path || !strcmp(path, "-"), fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t room = 0;
    char *text = NULL;
    ssize_t n = fd < 0 ? -1 : 1;

    *len = 0;
    while (n > 0) {
        if (*len == room) {
            char *more = realloc(text, room += BLOCK + room / 2);

            if (!more) {
                errno = ENOMEM;
                n = -1;
                break;
            }
            text = more;
        }
        do
            n = read(fd, text + *len, room - *len);
        while (n < 0 && errno == EINTR);
        *len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0) {
        complain("cannot read %s: %s", input ? "standard input" : path, strerror(errno));
        free(text);
        text = NULL;
    }
    if (fd > STDIN_FILENO)
        close(fd);
    return text;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    int rc;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    complain_as("envoi compose");
    rc = parse(&arguments, argc, argv);
    if (!rc && arguments.version) {
        printf("envoi %s\n", envoi_version());
    } else if (!rc && arguments.help) {
        arguments_help();
    } else if (!rc && !(rc = check(&arguments))) {
        g_mime_init();
        rc = arguments.downgrade ? compose_downgrade(&arguments) : compose_message(&arguments);
        g_mime_shutdown();
    }
    free(arguments.to.items);
    free(arguments.cc.items);
    free(arguments.attach.items);
    if (fflush(stdout) && !rc) {
        complain("cannot write to standard output");
        rc = EXIT_LOCAL;
    }
    return rc;
}
