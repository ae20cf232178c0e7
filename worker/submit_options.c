/* SPDX-License-Identifier: MIT */
#include "worker/submit.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "portable/memory.h"
#include "worker/commands.h"
#include "worker/job_form.h"

#include <envoi/envoi.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBMIT_LONGEST_S 86400

/* Each takes the value of an option. Returns 0, or an exit code with *fault filled. */
typedef int submit_fn(struct submit *s, const char *name, const char *value, struct fault *fault);

/* What is wrong with a job in the queue is wrong with the command line here. */
static int submit_usage(struct fault *fault, int rc)
{
    if (rc == EXIT_DATA)
        rc = fault->exit = EXIT_USAGE;
    return rc;
}

static int submit_text(struct submit *s, enum job_text text, const char *name, const char *value, struct fault *fault)
{
    return submit_usage(fault, job_text_set(&s->job, text, name, value, fault));
}

static int submit_account(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    return submit_text(s, JOB_ACCOUNT, name, value, fault);
}

static int submit_from(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    return submit_text(s, JOB_FROM, name, value, fault);
}

static int submit_mail_options(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    return submit_text(s, JOB_MAIL_OPTIONS, name, value, fault);
}

static int submit_not_after(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    return submit_text(s, JOB_NOT_AFTER, name, value, fault);
}

static int submit_results(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    return submit_text(s, JOB_RESULTS, name, value, fault);
}

static int submit_rcpt_options(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    (void)name;
    (void)fault;
    s->rcpt_options = *value ? value : NULL;
    return 0;
}

static int submit_drop_options(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    (void)name;
    (void)value;
    (void)fault;
    s->job.drop_options = 1;
    return 0;
}

static int submit_id(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    size_t len = strlen(value);

    if (!job_id_fits(value))
        return submit_usage(fault, job_refuse_value(fault, name, value, JOB_ID_WANTS));
    memcpy(s->job.id, value, len + 1);
    return 0;
}

static int submit_timeout(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    long seconds =
        *value && strlen(value) <= 5 && strspn(value, "0123456789") == strlen(value) ? strtol(value, NULL, 10) : 0;

    if (seconds < 1 || seconds > SUBMIT_LONGEST_S)
        return submit_usage(fault, job_refuse_value(fault, name, value, "a whole number of seconds, from 1 to 86400"));
    s->timeout = (int64_t)seconds * 1000;
    return 0;
}

static int submit_read_recipients(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    (void)name;
    (void)value;
    (void)fault;
    s->reads_header = 1;
    return 0;
}

static int submit_help(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    (void)name;
    (void)value;
    (void)fault;
    s->shows_help = 1;
    return 0;
}

int submit_add_recipient(void *ctx, const char *address, struct fault *fault)
{
    struct submit *s = ctx;
    int added = address_set_add(&s->seen, address);
    size_t count = s->job.to_count;
    struct job_recipient *to;
    char **addresses;

    if (!added)
        return 0;
    if (count == JOB_RECIPIENTS_MAX)
        return fault_set(fault, EXIT_DATA, ENVOI_E_USAGE,
                         "a job has %d recipients at most; submit the message several "
                         "times",
                         JOB_RECIPIENTS_MAX);
    if (!(to = memory_resize(s->job.to, count + 1, sizeof *to)))
        return fault_memory(fault);
    s->job.to = to;
    if (!(addresses = memory_resize(s->addresses, count + 1, sizeof *addresses)))
        return fault_memory(fault);
    s->addresses = addresses;
    if (added < 0 || !(addresses[count] = strdup(address)))
        return fault_memory(fault);
    to[count] = (struct job_recipient){addresses[count], s->rcpt_options};
    s->job.to_count++;
    return 0;
}

static int submit_to(struct submit *s, const char *name, const char *value, struct fault *fault)
{
    return addresses_read(name, value, strlen(value), submit_add_recipient, s, fault);
}

static const struct {
    const char *name;
    int letter;
    const char *argument; /* NULL: it takes none */
    submit_fn *take;
    const char *help;
} submit_options[] = {
    {"account", 0, "NAME", submit_account, "the account by which the worker sends it; default: as the sender says"},
    {"from", 0, "ADDRESS", submit_from, "the sender; default: the account's"},
    {"to", 0, "ADDRESS", submit_to, "a recipient, as an operand; may be repeated"},
    {"read-recipients", 't', NULL, submit_read_recipients, "take recipients from To, Cc and Bcc too; Bcc is not sent"},
    {"mail-options", 0, "LIST", submit_mail_options, "parameters of MAIL, such as RET=HDRS"},
    {"rcpt-options", 0, "LIST", submit_rcpt_options, "parameters of RCPT for the recipients that follow"},
    {"drop-options", 0, NULL, submit_drop_options, "leave out parameters that the server does not announce"},
    {"not-after", 0, "TIME", submit_not_after, "give up then, such as 2026-12-01T08:00:00Z"},
    {"results", 0, "WORD", submit_results, "which results are published: none, failures or all; default none"},
    {"id", 0, "ID", submit_id, "the id of the job; default: a random one"},
    {"timeout", 0, "SECONDS", submit_timeout, "how long the broker may take to confirm it; default 30"},
    {"help", 'h', NULL, submit_help, "show this"},
};

#define SUBMIT_OPTION_COUNT (sizeof submit_options / sizeof *submit_options)
#define SUBMIT_FIRST        256

void submit_print_help(void)
{
    printf("Usage: envoi-worker submit [OPTION...] [RECIPIENT...] <MESSAGE\n"
           "Makes a job of a message, prints its id, and ends when the broker has it safely.\n\n");
    for (size_t i = 0; i < SUBMIT_OPTION_COUNT; i++) {
        const char *argument = submit_options[i].argument ? submit_options[i].argument : "";
        char letter[] = "-x, ";

        letter[1] = (char)submit_options[i].letter;
        printf("  %s--%s %-*s %s\n", submit_options[i].letter ? letter : "", submit_options[i].name,
               (int)(26 - strlen(submit_options[i].name) - (submit_options[i].letter ? strlen(letter) : 0)), argument,
               submit_options[i].help);
    }
}

/* The row of what getopt_long() has returned. */
static size_t submit_row(int found)
{
    size_t i = 0;

    if (found >= SUBMIT_FIRST)
        return (size_t)(found - SUBMIT_FIRST);
    while (i < SUBMIT_OPTION_COUNT && submit_options[i].letter != found)
        i++;
    return i;
}

int submit_parse(struct submit *s, const struct command_line *line, struct fault *fault)
{
    struct option options[SUBMIT_OPTION_COUNT + 1] = {{0}};
    int rc = 0;

    for (size_t i = 0; i < SUBMIT_OPTION_COUNT; i++)
        options[i] =
            (struct option){submit_options[i].name, submit_options[i].argument ? required_argument : no_argument, NULL,
                            SUBMIT_FIRST + (int)i};
    optind = 0;
    /* "-": the recipients in their order among the options, as 1. */
    for (int found; !rc && (found = getopt_long(line->argc, line->argv, "-th", options, NULL)) != -1;) {
        char name[64];
        size_t row = submit_row(found);

        if (found == '?')
            return EXIT_USAGE; /* it was reported */
        if (found == 1) {
            rc = submit_to(s, "recipient", optarg, fault);
            continue;
        }
        (void)snprintf(name, sizeof name, "--%s", submit_options[row].name);
        rc = submit_options[row].take(s, name, optarg, fault);
    }
    for (int i = optind; !rc && i < line->argc; i++)
        rc = submit_to(s, "recipient", line->argv[i], fault);
    return rc;
}
