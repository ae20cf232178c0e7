/* SPDX-License-Identifier: MIT */
#include "worker/topology.h"

#include "accounts/fault.h"
#include "worker/config.h"
#include <stdio.h>

/* Where the value of an argument comes from. */
enum topology_value { VALUE_TEXT, VALUE_NUMBER, VALUE_EXCHANGE, VALUE_LIMIT, VALUE_DELAY };

struct topology_rule {
    const char *name;
    enum topology_value value;
    const char *text; /* VALUE_EXCHANGE: behind the prefix */
    int64_t number;
};

/* A quorum queue is on several machines. Dead letters are not lost only with at-least-once and reject-publish: without
 * the latter the broker falls back to at-most-once. */
#define TOPOLOGY_QUORUM                                                                                                \
    {                                                                                                                  \
        "x-queue-type", VALUE_TEXT, "quorum", 0                                                                        \
    }
#define TOPOLOGY_SAFE_LETTERS                                                                                          \
    {"x-dead-letter-strategy", VALUE_TEXT, "at-least-once", 0},                                                        \
    {                                                                                                                  \
        "x-overflow", VALUE_TEXT, "reject-publish", 0                                                                  \
    }
/* RabbitMQ 4 drops a message that came back 20 times if there are no dead letters for it, and each look of a person
 * who puts it back counts. It takes -1 for "no limit", but 3.10 refuses that. */
#define TOPOLOGY_KEPT                                                                                                  \
    {                                                                                                                  \
        "x-delivery-limit", VALUE_NUMBER, "", INT32_MAX                                                                \
    }

static const struct topology_exchange_row {
    const char *suffix, *type;
} topology_exchanges[] = {{"", "direct"}, {".dead", "fanout"}};

static const struct topology_row {
    enum topology_role role;
    const char *exchange; /* behind the prefix */
    const char *name;     /* behind the prefix and a dot; the routing key too */
    const char *purpose;
    struct topology_rule rules[TOPOLOGY_ARGUMENTS];
} topology_queues[] = {
    {TOPOLOGY_JOBS,
     "",
     "jobs",
     "jobs to send now",
     {TOPOLOGY_QUORUM,
      {"x-delivery-limit", VALUE_LIMIT, "", 0},
      {"x-dead-letter-exchange", VALUE_EXCHANGE, ".dead", 0},
      TOPOLOGY_SAFE_LETTERS}},
    {TOPOLOGY_WAIT,
     "",
     "wait",
     "jobs to send again later",
     {TOPOLOGY_QUORUM,
      {"x-message-ttl", VALUE_DELAY, "", 0},
      {"x-dead-letter-exchange", VALUE_EXCHANGE, "", 0},
      {"x-dead-letter-routing-key", VALUE_TEXT, "jobs", 0},
      TOPOLOGY_SAFE_LETTERS}},
    {TOPOLOGY_DEAD, ".dead", "dead", "jobs that will not be sent", {TOPOLOGY_QUORUM, TOPOLOGY_KEPT}},
    {TOPOLOGY_UNKNOWN, "", "unknown", "jobs that may have been delivered", {TOPOLOGY_QUORUM, TOPOLOGY_KEPT}},
    {TOPOLOGY_RESULTS, "", "results", "what became of jobs", {TOPOLOGY_QUORUM, TOPOLOGY_KEPT}},
};

#define TOPOLOGY_COUNT(table) (sizeof(table) / sizeof *(table))

static void topology_join(char room[TOPOLOGY_NAME], const char *first, const char *second, const char *third)
{
    /* [worker] bounds the prefix, so that nothing is cut. */
    text_mark_cut(room, TOPOLOGY_NAME, snprintf(room, TOPOLOGY_NAME, "%s%s%s", first, second, third));
}

static void topology_fill(const struct config *config, const struct topology_row *row, size_t delay,
                          struct topology_address *address)
{
    int is_wait = row->role == TOPOLOGY_WAIT && delay < config->delay_count;

    topology_join(address->exchange, config->prefix, row->exchange, "");
    topology_join(address->routing_key, row->name, is_wait ? "." : "", is_wait ? config->delay_names[delay] : "");
    topology_join(address->queue, config->prefix, ".", address->routing_key);
}

void topology_address(const struct config *config, enum topology_role role, size_t delay,
                      struct topology_address *address)
{
    for (size_t i = 0; i < TOPOLOGY_COUNT(topology_queues); i++)
        if (topology_queues[i].role == role)
            topology_fill(config, &topology_queues[i], delay, address);
}

int topology_exchange(const struct config *config, size_t index, struct topology_exchange *exchange)
{
    if (index >= TOPOLOGY_COUNT(topology_exchanges))
        return 0;
    topology_join(exchange->name, config->prefix, topology_exchanges[index].suffix, "");
    exchange->type = topology_exchanges[index].type;
    return 1;
}

static void topology_argue(const struct config *config, const struct topology_rule *rule, size_t delay,
                           struct topology_argument *argument)
{
    const int64_t numbers[] = {[VALUE_NUMBER] = rule->number,
                               [VALUE_LIMIT] = config->delivery_limit,
                               [VALUE_DELAY] = delay < config->delay_count ? config->delays[delay] : 0};

    *argument = (struct topology_argument){.name = rule->name};
    if (rule->value == VALUE_TEXT || rule->value == VALUE_EXCHANGE)
        topology_join(argument->text, rule->value == VALUE_EXCHANGE ? config->prefix : "", rule->text, "");
    else
        argument->number = numbers[rule->value];
}

int topology_queue(const struct config *config, size_t index, struct topology_queue *queue)
{
    for (size_t i = 0; i < TOPOLOGY_COUNT(topology_queues); i++) {
        const struct topology_row *row = &topology_queues[i];
        size_t count = row->role == TOPOLOGY_WAIT ? config->delay_count : 1;

        if (index >= count) {
            index -= count;
            continue;
        }
        *queue = (struct topology_queue){.role = row->role, .purpose = row->purpose};
        topology_fill(config, row, index, &queue->address);
        while (queue->argument_count < TOPOLOGY_ARGUMENTS && row->rules[queue->argument_count].name) {
            topology_argue(config, &row->rules[queue->argument_count], index, &queue->arguments[queue->argument_count]);
            queue->argument_count++;
        }
        return 1;
    }
    return 0;
}
