/* SPDX-License-Identifier: MIT */
/* Pools in several threads over one library object, to servers that have names and that fail at random: for
 * ThreadSanitizer, and for the ledger, which has to agree here as well.
 *
 *   load_threads [--threads N] [--messages N] [--seed N] */
#include "letters.h"
#include "library/library.h"

#include "../peers/dns.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 32u

static struct envoi_library *library;
static struct mta *servers[2];
static uint64_t seed = 1;
static size_t messages = 1000; /* of each thread */

struct worker {
    pthread_t thread;
    size_t number;
    struct letters letters;
};

static void must(int rc, const char *what)
{
    if (rc == ENVOI_OK)
        return;
    printf("%s: %s\n", what, envoi_error_name(rc));
    exit(2);
}

static void add_route(struct envoi_pool *pool, size_t first)
{
    struct envoi_session *prototype;
    char text[96];
    size_t route;

    must(envoi_session_new(library, &prototype), "session");
    must(envoi_session_set_tls(prototype, ENVOI_TLS_OFF), "no TLS");
    must(envoi_session_set_timeout(prototype, ENVOI_PHASE_NONE, 2000), "timeout");
    snprintf(text, sizeof text, "mx.example.test:%u other.example.test:%u", mta_port(servers[first]),
             mta_port(servers[1 - first]));
    must(envoi_pool_add_route(pool, prototype, text, &route), "route");
    envoi_session_free(prototype);
}

static void *work(void *ctx)
{
    struct worker *w = ctx;
    struct envoi_pool *pool;

    must(envoi_pool_new(library, &pool), "pool");
    must(envoi_pool_set_limit(pool, ENVOI_POOL_BACKOFF_MS, 1), "limit");
    must(envoi_pool_set_limit(pool, ENVOI_POOL_BACKOFF_MAX_MS, 8), "limit");
    must(envoi_pool_set_limit(pool, ENVOI_POOL_TRIES, 10), "limit");
    must(envoi_pool_set_limit(pool, ENVOI_POOL_MESSAGES, 50), "limit");
    must(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, 8), "limit");
    add_route(pool, 0);
    add_route(pool, 1);
    letters_open(&w->letters, pool, w->number * messages, messages, seed + w->number);
    w->letters.routes = 2;
    w->letters.queue = 200;
    letters_submit(&w->letters);
    must(envoi_pool_run(pool), "run");
    if (w->number % 2)
        must(envoi_pool_drain(pool), "drain");
    must(envoi_pool_run(pool), "the end");
    envoi_pool_free(pool);
    return NULL;
}

static bool stop_servers(void)
{
    bool good = true;

    for (size_t i = 0; i < 2; i++) {
        struct mta_report r = mta_stop(servers[i]);

        printf("server %zu: %zu connections, %zu messages, %zu faults, %zu restarts\n", i + 1, r.connections,
               r.messages, r.faults, r.restarts);
        if (r.wrong[0])
            printf("server %zu complains: %s\n", i + 1, r.wrong);
        good = good && !r.wrong[0];
    }
    return good;
}

static bool compare(struct worker *workers, size_t count, const struct ledger *ledger)
{
    size_t told[5] = {0};
    bool good = stop_servers();

    for (size_t i = 0; i < count; i++) {
        good = letters_agree(&workers[i].letters, ledger) && good;
        for (size_t v = 0; v < 5; v++)
            told[v] += workers[i].letters.told[v];
        letters_close(&workers[i].letters);
    }
    printf("%zu accepted, %zu deferred, %zu refused, %zu not attempted, %zu unknown\n", told[ENVOI_VERDICT_ACCEPTED],
           told[ENVOI_VERDICT_DEFERRED], told[ENVOI_VERDICT_REFUSED], told[ENVOI_VERDICT_NOT_ATTEMPTED],
           told[ENVOI_VERDICT_UNKNOWN]);
    return good && told[ENVOI_VERDICT_ACCEPTED] > count * messages / 2;
}

static bool run(size_t count)
{
    static const struct dns_row rows[] = {{.name = "mx.example.test", .a = {"127.0.0.2", "127.0.0.1"}},
                                          {.name = "other.example.test", .a = {"127.0.0.1"}},
                                          {.name = NULL}};
    struct worker workers[THREADS_MAX] = {0};
    struct mta_config config = {.faults = 6, .restarts = 1000, .sleep_ms = 10, .random_extensions = true};
    struct ledger *ledger = config.ledger = ledger_new(count * messages, RECIPIENTS_MAX);
    bool good;

    must(envoi_library_new(&library), "library");
    must(library_set_dns_servers(library, dns_start(rows)), "name server");
    for (size_t i = 0; i < 2; i++) {
        config.seed = seed * 7919 + i;
        servers[i] = mta_start(&config);
    }
    for (size_t i = 0; i < count; i++) {
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            exit(2);
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    envoi_library_free(library);
    good = compare(workers, count, ledger);
    printf("%d questions for names\n", dns_questions());
    dns_stop();
    ledger_free(ledger);
    return good;
}

int main(int argc, char **argv)
{
    size_t count = 4;
    bool good;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--threads") == 0)
            count = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--messages") == 0)
            messages = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
    }
    if (!count || count > THREADS_MAX || !messages || argc % 2 == 0) {
        fprintf(stderr, "usage: load_threads [--threads N] [--messages N] [--seed N]\n");
        return 2;
    }
    printf("--threads %zu --messages %zu --seed %llu\n", count, messages, (unsigned long long)seed);
    good = run(count);
    puts(good ? "the verdicts and the ledger agree" : "FAILED");
    return good ? 0 : 1;
}
