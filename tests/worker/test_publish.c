/* SPDX-License-Identifier: MIT */
/* One publication, and a broker that answers as a script says. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/publish.h"
#include "worker/topology.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

TestSuite(publish, .timeout = 30);

#define NUMBER 7

/* The events of a call of take(), and then NOTHING, up to the one with `kind` BROKER_NOTHING. */
static struct {
    struct broker broker;
    const struct broker_event *events;
    size_t count, at;
    int refuses; /* the exit code of publish() */
    size_t waits;
    char exchange[64], key[64];
} script;

static size_t script_fds(struct broker *broker, struct pollfd fds[BROKER_FDS], int64_t *deadline)
{
    cr_assert_eq(broker, &script.broker);
    fds[0] = (struct pollfd){.fd = -1};
    /* It has to be asked again at once. */
    *deadline = script.at < script.count ? 0 : -1;
    script.waits++;
    return 1;
}

static void script_take(struct broker *broker, struct broker_event *event)
{
    cr_assert_eq(broker, &script.broker);
    *event = (struct broker_event){.kind = BROKER_NOTHING};
    if (script.at < script.count)
        *event = script.events[script.at++];
}

static int script_publish(struct broker *broker, const char *exchange, const char *routing_key,
                          const struct broker_message *message, uint64_t *number, struct fault *fault)
{
    cr_assert_eq(broker, &script.broker);
    cr_assert_str_eq(message->id, "x-1");
    strncpy(script.exchange, exchange, sizeof script.exchange - 1);
    strncpy(script.key, routing_key, sizeof script.key - 1);
    *number = NUMBER;
    return script.refuses ? fault_set(fault, script.refuses, ENVOI_E_USAGE, "refused") : 0;
}

static const struct broker_functions functions = {.fds = script_fds, .take = script_take, .publish = script_publish};

static int play(const struct broker_event *events, size_t count, int64_t milliseconds, struct fault *fault)
{
    const struct broker_message message = {.id = "x-1"};
    const struct topology_address to = {.exchange = "mail", .routing_key = "jobs", .queue = "mail.jobs"};

    script.broker.functions = &functions;
    script.events = events;
    script.count = count;
    return publish_confirmed(&script.broker, &to, &message, milliseconds, fault);
}

Test(publish, confirmed)
{
    static const struct broker_event events[] = {
        {.kind = BROKER_NOTHING},
        {.kind = BROKER_CONFIRMED, .number = NUMBER - 1},
        {.kind = BROKER_BLOCKED, .text = "low on memory"},
        {.kind = BROKER_NOTHING},
        {.kind = BROKER_UNBLOCKED},
        {.kind = BROKER_RETURNED, .number = NUMBER + 1},
        {.kind = BROKER_CONFIRMED, .number = NUMBER},
    };
    struct fault fault = {0};

    cr_assert_eq(play(events, sizeof events / sizeof *events, 20000, &fault), 0, "%s", fault.text);
    cr_assert_eq(script.at, script.count);
    cr_assert_eq(script.waits, 2);
    cr_assert_str_eq(script.exchange, "mail");
    cr_assert_str_eq(script.key, "jobs");
}

Test(publish, failures)
{
    static const struct {
        struct broker_event event;
        int rc;
        const char *text;
    } cases[] = {
        {{.kind = BROKER_RETURNED, .number = NUMBER},
         EXIT_CONFIG,
         "the broker has no queue mail.jobs for the exchange mail; 'envoi-worker declare' makes them"},
        {{.kind = BROKER_REFUSED, .number = NUMBER},
         EXIT_DEFERRED,
         "the broker has refused the job: the queue mail.jobs is full, or cannot be written to"},
        {{.kind = BROKER_LOST, .text = "closed by an administrator"},
         EXIT_DEFERRED,
         "the broker was lost before it confirmed the job: closed by an administrator; it may be in the queue all the "
         "same: if you submit it again, do so with --id x-1"},
        {{.kind = BROKER_BLOCKED, .text = "low on memory"},
         EXIT_DEFERRED,
         "the broker takes no jobs now: low on memory; it was waited for 1 s; it may be in the queue all the same: if "
         "you submit it again, do so with --id x-1"},
        {{.kind = BROKER_CONFIRMED, .number = NUMBER + 1},
         EXIT_DEFERRED,
         "the broker has not confirmed the job within 1 s; it may be in the queue all the same: if you submit it "
         "again, do so with --id x-1"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault fault = {0};

        memset(&script, 0, sizeof script);
        cr_expect_eq(play(&cases[i].event, 1, 1000, &fault), cases[i].rc);
        cr_expect_eq(fault.exit, cases[i].rc);
        cr_expect_str_eq(fault.text, cases[i].text);
    }
}

Test(publish, not_even_begun)
{
    struct fault fault = {0};

    script.refuses = EXIT_DATA;
    cr_assert_eq(play(NULL, 0, 1000, &fault), EXIT_DATA);
    cr_assert_eq(script.waits, 0);
}
