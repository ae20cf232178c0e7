/* SPDX-License-Identifier: MIT */
/* envoi-worker submit: makes a job of the message on standard input. */
#include "worker/submit.h"

#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/header.h"
#include "portable/random.h"
#include "worker/clock.h"
#include "worker/commands.h"
#include "worker/config.h"
#include "worker/publish.h"
#include "worker/topology.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUBMIT_MAX     ((size_t)128 * 1024 * 1024) /* no broker takes more */
#define SUBMIT_FIRST   ((size_t)64 * 1024)
#define SUBMIT_TIMEOUT 30000
#define SUBMIT_RANDOM  16 /* octets of an id */

/* ---- the message ---- */

static int submit_read(struct submit *s, struct fault *fault)
{
    size_t room = 0;
    ssize_t n = 1;

    while (n) {
        if (s->len == room) {
            char *text = realloc(s->text, room = room ? 2 * room : SUBMIT_FIRST);

            if (!text)
                return fault_memory(fault);
            s->text = text;
        }
        n = read(STDIN_FILENO, s->text + s->len, room - s->len);
        if (n < 0 && errno != EINTR)
            return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "cannot read the message from standard input: %s",
                             strerror(errno));
        s->len += n > 0 ? (size_t)n : 0;
        if (s->len > SUBMIT_MAX)
            return fault_set(fault, EXIT_DATA, ENVOI_E_TOO_LARGE, "the message has more than %zu octets", SUBMIT_MAX);
    }
    return 0;
}

/* Takes the recipients of the header, and takes out Bcc. */
static int submit_read_header(struct submit *s, struct fault *fault)
{
    size_t end = header_end(s->text, s->len, 1), kept = end;

    if (header_check(s->text, s->len, 0, fault) || header_read(s->text, end, &kept, submit_add_recipient, s, fault))
        return fault->exit;
    memmove(s->text + kept, s->text + end, s->len - end);
    s->len -= end - kept;
    return 0;
}

/* ---- the job ---- */

/* The first plain address in `from` of the account. */
static int submit_find_sender(struct submit *s, const struct command_line *line, struct fault *fault)
{
    struct accounts *accounts = NULL;
    struct choice choice = {0};
    struct values values = {0};
    const char *sender = NULL;
    int rc = accounts_open(line->accounts_file, &accounts, fault);

    if (!rc)
        rc = accounts_choose(accounts, s->job.account, NULL, &choice, fault);
    if (!rc && choice.account)
        rc = accounts_values(accounts, choice.account, &values, fault);
    if (!rc && (sender = accounts_sender(&values)))
        rc = (s->sender = strdup(sender)) ? 0 : fault_memory(fault);
    else if (!rc)
        rc = fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "--from is missing, and no account names the sender");
    s->job.from = s->sender;
    values_free(&values);
    accounts_free(accounts);
    return rc;
}

static int submit_make_id(struct submit *s, struct fault *fault)
{
    unsigned char octets[SUBMIT_RANDOM];

    if (!random_draw(octets, sizeof octets))
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "the system has no random numbers; --id names the job");
    for (size_t i = 0; i < sizeof octets; i++)
        (void)snprintf(s->job.id + 2 * i, 3, "%02x", octets[i]);
    return 0;
}

/* Would a worker take the job? */
static int submit_check(const struct job_publication *publication, struct fault *fault)
{
    struct envoi_message *message = NULL;
    struct job *job;
    int rc = job_read(&publication->message, -1, &job, fault);

    if (!rc)
        rc = job_make_message(job, &message, fault);
    envoi_message_free(message);
    job_free(job);
    return rc;
}

static int submit_make(struct submit *s, const struct command_line *line, struct job_publication *publication,
                       struct fault *fault)
{
    int rc = submit_read(s, fault);

    if (!rc && s->reads_header)
        rc = submit_read_header(s, fault);
    if (!rc && !s->job.to_count)
        rc = fault_set(fault, s->reads_header ? EXIT_DATA : EXIT_USAGE, ENVOI_E_USAGE,
                       s->reads_header ? "the message names no recipient in To, Cc or Bcc"
                                       : "no recipient was given; -t takes those of the header");
    if (!rc && !s->job.from)
        rc = submit_find_sender(s, line, fault);
    if (!rc && !*s->job.id)
        rc = submit_make_id(s, fault);
    if (!rc)
        rc = job_make_mail(&s->job, s->text, s->len, publication, fault);
    publication->message.timestamp = clock_seconds();
    return rc ? rc : submit_check(publication, fault);
}

/* ---- the broker ---- */

static int submit_publish(const struct submit *s, const struct config *config, const struct broker_message *message,
                          struct fault *fault)
{
    struct broker *broker = broker_amqp_new(config);
    struct topology_address address;
    int rc = broker ? broker->functions->open(broker, fault) : fault_memory(fault);

    topology_address(config, TOPOLOGY_JOBS, 0, &address);
    if (!rc)
        rc = publish_confirmed(broker, &address, message, s->timeout, fault);
    if (broker)
        broker->functions->free(broker);
    return rc;
}

static int submit_all(struct submit *s, const struct command_line *line, struct fault *fault)
{
    struct job_publication publication = {0};
    struct config *config = NULL;
    int rc = command_config(line, &config, fault);

    if (!rc)
        rc = submit_make(s, line, &publication, fault);
    if (!rc)
        rc = submit_publish(s, config, &publication.message, fault);
    if (!rc && (puts(s->job.id) < 0 || fflush(stdout)))
        rc = fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "the job %s is in the queue, but standard output: %s",
                       s->job.id, strerror(errno));
    job_publication_free(&publication);
    config_free(config);
    return rc;
}

int command_submit(const struct command_line *line, struct fault *fault)
{
    struct submit s = {.timeout = SUBMIT_TIMEOUT};
    int rc = submit_parse(&s, line, fault);

    if (!rc && s.shows_help)
        submit_print_help();
    else if (!rc)
        rc = submit_all(&s, line, fault);
    for (size_t i = 0; i < s.job.to_count; i++)
        free(s.addresses[i]);
    free(s.addresses);
    free(s.job.to);
    address_set_free(s.seen);
    free(s.sender);
    free(s.text);
    return rc;
}
