/* SPDX-License-Identifier: MIT */
/* envoi-submit: takes mail from all users of this machine, for accounts whose secret none of them can read. */
#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/secret.h"
#include "activation.h"
#include "journal.h"
#include "listener.h"
#include "setup.h"
#include <envoi/envoi.h>
#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum { OPTION_HELP = 256, OPTION_VERSION, OPTION_FIRST };

/* An option with a value: a path, or a number from 1 to `most` that is multiplied by `unit`. */
static const struct submit_option {
    const char *name, *argument, *help;
    size_t offset;
    enum { OF_PATH, OF_NUMBER, OF_INT, OF_SIZE } type;
    uint64_t most, unit;
} submit_options[] = {
    {"accounts-file", "FILE", "read this instead of the system's accounts.conf", offsetof(struct setup, accounts_file),
     OF_PATH, 0, 0},
    {"plugins-d", "DIR", "read the vendor's descriptors here", offsetof(struct setup, plugins_d), OF_PATH, 0, 0},
    {"module-dir", "DIR", "load plugins from here", offsetof(struct setup, module_dir), OF_PATH, 0, 0},
    {"max-size", "MIB", "the largest message (50)", offsetof(struct setup, size_max), OF_SIZE, 65536, 1048576},
    {"max-clients", "N", "connections at the same time (64)", offsetof(struct setup, clients_max), OF_NUMBER, 4096, 1},
    {"max-per-user", "N", "of these for one user (16)", offsetof(struct setup, per_user_max), OF_NUMBER, 4096, 1},
    {"idle", "SECONDS", "close a connection on which nothing comes (300)", offsetof(struct setup, idle_ms), OF_INT,
     86400, 1000},
};

#define SUBMIT_OPTION_COUNT (sizeof submit_options / sizeof *submit_options)

static void submit_help(void)
{
    printf("Usage: envoi-submit [OPTION...]\n"
           "Takes mail from all users of this machine by LMTP, on a unix socket that systemd passes.\n\n");
    for (size_t i = 0; i < SUBMIT_OPTION_COUNT; i++)
        printf("  --%s %-*s %s\n", submit_options[i].name, (int)(24 - strlen(submit_options[i].name)),
               submit_options[i].argument, submit_options[i].help);
    printf("  --verbose                  write the log to standard error, too\n"
           "  --help, --version\n\nenvoi-submit(8) has more.\n");
}

static int submit_complain(const char *text)
{
    fprintf(stderr, "envoi-submit: %s\n", text);
    return EXIT_USAGE;
}

/* Stores the value of an option. Returns 0, or EXIT_USAGE after an error was printed. */
static int submit_take(struct setup *setup, const struct submit_option *option, const char *text)
{
    char *at = (char *)setup + option->offset, *end, line[200];
    unsigned long long number;

    if (option->type == OF_PATH) {
        (void)snprintf(line, sizeof line, "--%s takes a path that begins with /", option->name);
        if (*text != '/')
            return submit_complain(line);
        *(const char **)(void *)at = text;
        return 0;
    }
    number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number < 1 || number > option->most) {
        (void)snprintf(line, sizeof line, "--%s takes a number from 1 to %llu", option->name,
                       (unsigned long long)option->most);
        return submit_complain(line);
    }
    number *= option->unit;
    if (option->type == OF_SIZE)
        *(uint64_t *)(void *)at = number;
    else if (option->type == OF_INT)
        *(int *)(void *)at = (int)number;
    else
        *(unsigned *)(void *)at = (unsigned)number;
    return 0;
}

/* Returns -1 to go on, or the exit code. */
static int submit_parse(int argc, char **argv, struct setup *setup)
{
    struct option options[SUBMIT_OPTION_COUNT + 4] = {{0}};

    for (size_t i = 0; i < SUBMIT_OPTION_COUNT; i++)
        options[i] = (struct option){submit_options[i].name, required_argument, NULL, OPTION_FIRST + (int)i};
    options[SUBMIT_OPTION_COUNT] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    options[SUBMIT_OPTION_COUNT + 1] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    options[SUBMIT_OPTION_COUNT + 2] = (struct option){"verbose", no_argument, &setup->is_verbose, 1};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == '?')
            return EXIT_USAGE;
        if (c == OPTION_HELP) {
            submit_help();
            return 0;
        }
        if (c == OPTION_VERSION) {
            printf("envoi %s\n", envoi_version());
            return 0;
        }
        if (c >= OPTION_FIRST && submit_take(setup, &submit_options[c - OPTION_FIRST], optarg))
            return EXIT_USAGE;
    }
    return optind < argc ? submit_complain("it takes no operands") : -1;
}

int main(int argc, char **argv)
{
    struct setup setup = {.accounts_file = accounts_system_file(),
                          .size_max = UINT64_C(50) * 1024 * 1024,
                          .clients_max = 64,
                          .per_user_max = 16,
                          .idle_ms = 300000};
    struct fault fault = {0};
    int fd, rc = submit_parse(argc, argv, &setup);

    if (rc >= 0)
        return rc;
    secret_forbid_core_dump();
    /* The account is the sender's, and nobody else's choice. */
    unsetenv("ENVOI_ACCOUNT");
    journal_open(setup.is_verbose);
    rc = activation_take(&fd, &fault);
    if (!rc)
        rc = listener_run(&setup, fd, &fault);
    if (rc) {
        fprintf(stderr, "envoi-submit: %s\n", fault.text);
        journal_write(LOG_ERR, "%s", fault.text);
    }
    return rc;
}
