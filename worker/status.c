/* SPDX-License-Identifier: MIT */
/* envoi-worker status: counts the jobs in each queue, and the workers that take from it. The exit code is for programs:
 * EXIT_CONFIG, a queue is missing; EXIT_UNKNOWN, jobs may have been delivered; EXIT_PARTIAL, jobs are dead. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/broker_setup.h"
#include "worker/commands.h"
#include "worker/config.h"
#include "worker/topology.h"

#include <envoi/envoi.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static const struct status_role {
    const char *name;
    int exit; /* if there is one in it */
} status_roles[] = {
    [TOPOLOGY_JOBS] = {"jobs", EXIT_SENT},       [TOPOLOGY_WAIT] = {"wait", EXIT_SENT},
    [TOPOLOGY_DEAD] = {"dead", EXIT_PARTIAL},    [TOPOLOGY_UNKNOWN] = {"unknown", EXIT_UNKNOWN},
    [TOPOLOGY_RESULTS] = {"results", EXIT_SENT},
};

static void status_print(const struct topology_queue *queue, const struct setup_result *result)
{
    if (result->state == SETUP_THERE)
        printf("%-24s %9" PRIu32 " %9" PRIu32 "  %s\n", queue->address.queue, result->messages, result->consumers,
               queue->purpose);
    else
        printf("%-24s %9s %9s  it is not there\n", queue->address.queue, "-", "-");
}

static json_t *status_json(const struct topology_queue *queue, const struct setup_result *result)
{
    json_t *object = json_object();

    json_object_set_new(object, "queue", json_string(queue->address.queue));
    json_object_set_new(object, "role", json_string(status_roles[queue->role].name));
    json_object_set_new(object, "there", json_boolean(result->state == SETUP_THERE));
    json_object_set_new(object, "ready", json_integer(result->messages));
    json_object_set_new(object, "consumers", json_integer(result->consumers));
    return object;
}

/* Prints them, or appends them to the list. *exit: what the worst of them has for programs. */
static int status_all(struct broker_link *link, const struct config *config, json_t *list, int *exit,
                      struct fault *fault)
{
    struct topology_queue queue;
    struct setup_result result;
    int rc = 0;

    *exit = 0;
    for (size_t i = 0; !rc && topology_queue(config, i, &queue); i++) {
        int found;

        rc = broker_setup_look_queue(link, &queue, &result, fault);
        if (rc)
            break;
        if (list)
            json_array_append_new(list, status_json(&queue, &result));
        else
            status_print(&queue, &result);
        found = result.messages ? status_roles[queue.role].exit : 0;
        if (result.state != SETUP_THERE)
            found = EXIT_CONFIG;
        if (*exit != EXIT_CONFIG && (found == EXIT_CONFIG || found > *exit))
            *exit = found;
    }
    return rc;
}

static int status_dump(json_t *list, struct fault *fault)
{
    json_t *object = json_object();
    int rc = 0;

    if (json_object_set(object, "queues", list) || json_dumpf(object, stdout, JSON_INDENT(2)))
        rc = fault_memory(fault);
    printf("\n");
    json_decref(object);
    return rc;
}

int command_status(const struct command_line *line, struct fault *fault)
{
    struct config *config = NULL;
    struct broker_link *link = NULL;
    json_t *list = NULL;
    int is_json, exit = 0, rc = command_flag(line, "--json", &is_json, fault);

    if (!rc)
        rc = command_config(line, &config, fault);
    if (!rc) {
        list = is_json ? json_array() : NULL;
        rc = broker_setup_open(config, &link, fault);
    }
    if (!rc && !is_json)
        printf("%-24s %9s %9s\n", "queue", "ready", "consumers");
    if (!rc)
        rc = status_all(link, config, list, &exit, fault);
    if (!rc && is_json)
        rc = status_dump(list, fault);
    if (!rc && exit == EXIT_CONFIG)
        rc = fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "a queue is missing; 'envoi-worker declare' makes it");
    json_decref(list);
    broker_setup_close(link);
    config_free(config);
    return rc ? rc : exit;
}
