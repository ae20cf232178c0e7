/* SPDX-License-Identifier: MIT */
/* The exchanges and queues: their names, and the arguments on which it hangs that no job is lost. */
#include "worker/config.h"
#include "worker/topology.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct config topology_config = {
    .prefix = "mail", .delays = {60000, 21600000}, .delay_names = {"1m", "6h"}, .delay_count = 2, .delivery_limit = 7};

static const struct topology_argument *find(const struct topology_queue *queue, const char *name)
{
    for (size_t i = 0; i < queue->argument_count; i++)
        if (!strcmp(queue->arguments[i].name, name))
            return &queue->arguments[i];
    cr_assert(0, "%s has no %s", queue->address.queue, name);
    return NULL;
}

Test(topology, exchanges)
{
    struct topology_exchange exchange;

    cr_assert(topology_exchange(&topology_config, 0, &exchange));
    cr_assert_str_eq(exchange.name, "mail");
    cr_assert_str_eq(exchange.type, "direct");
    cr_assert(topology_exchange(&topology_config, 1, &exchange));
    cr_assert_str_eq(exchange.name, "mail.dead");
    cr_assert_str_eq(exchange.type, "fanout");
    cr_assert_not(topology_exchange(&topology_config, 2, &exchange));
}

Test(topology, queues)
{
    static const struct {
        enum topology_role role;
        const char *queue, *exchange, *key;
    } rows[] = {
        {TOPOLOGY_JOBS, "mail.jobs", "mail", "jobs"},          {TOPOLOGY_WAIT, "mail.wait.1m", "mail", "wait.1m"},
        {TOPOLOGY_WAIT, "mail.wait.6h", "mail", "wait.6h"},    {TOPOLOGY_DEAD, "mail.dead", "mail.dead", "dead"},
        {TOPOLOGY_UNKNOWN, "mail.unknown", "mail", "unknown"}, {TOPOLOGY_RESULTS, "mail.results", "mail", "results"}};
    struct topology_queue queue;
    size_t i;

    for (i = 0; topology_queue(&topology_config, i, &queue); i++) {
        cr_assert_lt(i, sizeof rows / sizeof *rows);
        cr_assert_eq(queue.role, rows[i].role);
        cr_assert_str_eq(queue.address.queue, rows[i].queue);
        cr_assert_str_eq(queue.address.exchange, rows[i].exchange);
        cr_assert_str_eq(queue.address.routing_key, rows[i].key);
        cr_assert_str_eq(find(&queue, "x-queue-type")->text, "quorum");
    }
    cr_assert_eq(i, sizeof rows / sizeof *rows);
}

/* Dead letters get to the next queue at least once, or stay where they are. */
Test(topology, dead_letters)
{
    struct topology_queue queue;

    for (size_t i = 0; topology_queue(&topology_config, i, &queue); i++) {
        if (queue.role != TOPOLOGY_JOBS && queue.role != TOPOLOGY_WAIT) {
            cr_assert_eq(find(&queue, "x-delivery-limit")->number, INT32_MAX);
            continue;
        }
        cr_assert_str_eq(find(&queue, "x-dead-letter-strategy")->text, "at-least-once");
        cr_assert_str_eq(find(&queue, "x-overflow")->text, "reject-publish");
        if (queue.role == TOPOLOGY_JOBS) {
            cr_assert_str_eq(find(&queue, "x-dead-letter-exchange")->text, "mail.dead");
            cr_assert_eq(find(&queue, "x-delivery-limit")->number, 7);
        } else {
            cr_assert_str_eq(find(&queue, "x-dead-letter-exchange")->text, "mail");
            cr_assert_str_eq(find(&queue, "x-dead-letter-routing-key")->text, "jobs");
            cr_assert_eq(find(&queue, "x-message-ttl")->number, topology_config.delays[i - 1]);
        }
    }
}

/* A message is published to the address under which its queue is declared. */
Test(topology, addresses)
{
    struct topology_queue queue;
    struct topology_address address;

    for (size_t i = 0; topology_queue(&topology_config, i, &queue); i++) {
        topology_address(&topology_config, queue.role, queue.role == TOPOLOGY_WAIT ? i - 1 : 0, &address);
        cr_assert_str_eq(address.queue, queue.address.queue);
        cr_assert_str_eq(address.exchange, queue.address.exchange);
        cr_assert_str_eq(address.routing_key, queue.address.routing_key);
    }
}
