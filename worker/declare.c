/* SPDX-License-Identifier: MIT */
/* envoi-worker declare: makes the exchanges and queues. It can be repeated. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/broker_setup.h"
#include "worker/commands.h"
#include "worker/config.h"
#include "worker/topology.h"

#include <envoi/envoi.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- --print ---- */

static void declare_print(const struct config *config)
{
    struct topology_exchange exchange;
    struct topology_queue queue;

    for (size_t i = 0; topology_exchange(config, i, &exchange); i++)
        printf("exchange %s: %s\n", exchange.name, exchange.type);
    for (size_t i = 0; topology_queue(config, i, &queue); i++) {
        printf("queue %s: %s\n  from the exchange %s, with the key %s\n", queue.address.queue, queue.purpose,
               queue.address.exchange, queue.address.routing_key);
        for (size_t j = 0; j < queue.argument_count; j++) {
            const struct topology_argument *argument = &queue.arguments[j];

            if (*argument->text)
                printf("  %s = %s\n", argument->name, argument->text);
            else
                printf("  %s = %" PRId64 "\n", argument->name, argument->number);
        }
    }
}

/* ---- to declare ---- */

static const char *const declare_words[] = {
    [SETUP_THERE] = "is there", [SETUP_MISSING] = "made", [SETUP_DIFFERENT] = "is another one"};

/* The first that is there, but is another one, and how many are. */
struct declare_difference {
    char name[TOPOLOGY_NAME], text[512];
    int is_queue;
    size_t count;
};

static void declare_report(int is_queue, const char *name, const struct setup_result *before,
                           const struct setup_result *result, struct declare_difference *first)
{
    enum setup_state state = result->state == SETUP_THERE ? before->state : SETUP_DIFFERENT;

    printf("%s %s: %s\n", is_queue ? "queue" : "exchange", name, declare_words[state]);
    if (state == SETUP_DIFFERENT && !first->count++) {
        first->is_queue = is_queue;
        snprintf(first->name, sizeof first->name, "%s", name);
        snprintf(first->text, sizeof first->text, "%s", *result->text ? result->text : before->text);
    }
}

static int declare_all(struct broker_link *link, const struct config *config, struct declare_difference *first,
                       struct fault *fault)
{
    struct topology_exchange exchange;
    struct topology_queue queue;
    struct setup_result before, result;
    int rc = 0;

    /* Only a look before tells whether it was made. */
    for (size_t i = 0; !rc && topology_exchange(config, i, &exchange); i++) {
        rc = broker_setup_look_exchange(link, &exchange, &before, fault);
        if (!rc)
            rc = broker_setup_make_exchange(link, &exchange, &result, fault);
        if (!rc)
            declare_report(0, exchange.name, &before, &result, first);
    }
    for (size_t i = 0; !rc && topology_queue(config, i, &queue); i++) {
        rc = broker_setup_look_queue(link, &queue, &before, fault);
        if (!rc)
            rc = broker_setup_make_queue(link, &queue, &result, fault);
        if (!rc)
            declare_report(1, queue.address.queue, &before, &result, first);
    }
    return rc;
}

static int declare_differs(const struct declare_difference *first, struct fault *fault)
{
    char more[48] = "";

    if (first->count > 1)
        snprintf(more, sizeof more, " (and %zu more)", first->count - 1);
    if (first->is_queue)
        return fault_set(
            fault, EXIT_CONFIG, ENVOI_E_USAGE,
            "the queue %s%s is on the broker as another one: %s; give [worker] the values that it was made "
            "with, or let it run empty, delete it (rabbitmqctl delete_queue %s) and declare again",
            first->name, more, first->text, first->name);
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                     "the exchange %s%s is on the broker as another one: %s; choose another prefix, or delete it and "
                     "declare again",
                     first->name, more, first->text);
}

int command_declare(const struct command_line *line, struct fault *fault)
{
    struct config *config = NULL;
    struct broker_link *link = NULL;
    struct declare_difference first = {.count = 0};
    int is_print, rc = command_flag(line, "--print", &is_print, fault);

    if (!rc)
        rc = command_config(line, &config, fault);
    if (!rc && is_print)
        declare_print(config);
    if (!rc && !is_print) {
        rc = broker_setup_open(config, &link, fault);
        if (!rc)
            rc = declare_all(link, config, &first, fault);
        broker_setup_close(link);
    }
    config_free(config);
    return first.count && !rc ? declare_differs(&first, fault) : rc;
}
