/* SPDX-License-Identifier: MIT */
/* Many messages through a pool to two servers that refuse, delay, drop and restart at random: whatever happens, what is
 * told of each message is what the servers have in their ledger. Only what is said to be unknown may be either.
 *
 *   load_pool [--messages N] [--seed N] [--faults PER_MILLE] [--extensions all|none|random]
 *
 * The seed decides what is drawn; when a draw happens depends on the time as well, so a run can be like another one and
 * not the same. */
#include "letters.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define QUEUE       1000
#define CONNECTIONS 12
/* What the pool may have on the heap at once, however many messages it is given: those in the queue, with what they
 * said when they failed, and the connections. */
#define OCTETS_MAX  ((size_t)QUEUE * 2560 + (size_t)CONNECTIONS * 2 * 65536)

/* ---- memory ---- */

static size_t alive, peak;

static void *count_octets(void *ctx, void *ptr, size_t size)
{
    void *more;

    (void)ctx;
    alive -= ptr ? malloc_usable_size(ptr) : 0;
    if (!size) {
        free(ptr);
        return NULL;
    }
    more = realloc(ptr, size);
    alive += malloc_usable_size(more ? more : ptr);
    if (alive > peak)
        peak = alive;
    return more;
}

/* ---- what is asked for ---- */

struct wishes {
    size_t messages;
    uint64_t seed;
    unsigned faults;
    const char *extensions;
};

static int usage(void)
{
    fprintf(stderr, "usage: load_pool [--messages N] [--seed N] [--faults PER_MILLE] [--extensions all|none|random]\n");
    return 2;
}

static bool take_wishes(struct wishes *w, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1];

        if (!value)
            return false;
        if (strcmp(argv[i], "--messages") == 0)
            w->messages = strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            w->seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--faults") == 0)
            w->faults = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--extensions") == 0)
            w->extensions = value;
        else
            return false;
    }
    return w->messages && (strcmp(w->extensions, "all") == 0 || strcmp(w->extensions, "none") == 0 ||
                           strcmp(w->extensions, "random") == 0);
}

/* ---- the run ---- */

struct storm {
    struct wishes wishes;
    struct ledger *ledger;
    struct mta *servers[2];
    struct envoi_library *library;
    struct envoi_session *prototype;
    struct envoi_pool *pool;
    struct letters letters;
};

static void must(int rc, const char *what)
{
    if (rc == ENVOI_OK)
        return;
    printf("%s: %s\n", what, envoi_error_name(rc));
    exit(2);
}

static void start_servers(struct storm *s)
{
    bool none = strcmp(s->wishes.extensions, "none") == 0;
    struct mta_config config = {
        .ledger = s->ledger,
        .faults = s->wishes.faults,
        .sleep_ms = 20,
        .long_sleep_ms = 400,
        .restarts = 500,
        .no_pipelining = none,
        .no_chunking = none,
        .random_extensions = strcmp(s->wishes.extensions, "random") == 0,
        .seed = s->wishes.seed,
    };

    s->ledger = config.ledger = ledger_new(s->wishes.messages, RECIPIENTS_MAX);
    s->servers[0] = mta_start(&config);
    config.seed = s->wishes.seed * 7919 + 1;
    config.limits = "RCPTMAX=2 MAILMAX=50";
    s->servers[1] = mta_start(&config);
}

static void add_route(struct storm *s, const struct mta *first, const struct mta *second)
{
    char servers[80];
    size_t route;

    snprintf(servers, sizeof servers, "%s %s", mta_where(first), mta_where(second));
    must(envoi_pool_add_route(s->pool, s->prototype, servers, &route), "route");
}

static void start_pool(struct storm *s)
{
    static const struct {
        int limit;
        int64_t value;
    } limits[] = {{ENVOI_POOL_CONNECTIONS, CONNECTIONS},
                  {ENVOI_POOL_QUEUE, QUEUE},
                  {ENVOI_POOL_IN_FLIGHT, 8},
                  {ENVOI_POOL_MESSAGES, 200},
                  {ENVOI_POOL_TRIES, 10},
                  {ENVOI_POOL_BACKOFF_MS, 1},
                  {ENVOI_POOL_BACKOFF_MAX_MS, 8},
                  {ENVOI_POOL_AGE_MS, 2000}};

    must(envoi_library_new(&s->library), "library");
    must(envoi_session_new(s->library, &s->prototype), "session");
    must(envoi_session_set_tls(s->prototype, ENVOI_TLS_OFF), "no TLS");
    must(envoi_session_set_timeout(s->prototype, ENVOI_PHASE_NONE, 250), "timeout");
    must(envoi_session_set_chunking(s->prototype, 4096, 0), "chunks");
    must(envoi_pool_new(s->library, &s->pool), "pool");
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        must(envoi_pool_set_limit(s->pool, limits[i].limit, limits[i].value), "limit");
    add_route(s, s->servers[0], s->servers[1]);
    add_route(s, s->servers[1], s->servers[0]);
    letters_open(&s->letters, s->pool, 0, s->wishes.messages, s->wishes.seed);
    s->letters.routes = 2;
    s->letters.queue = QUEUE + 1; /* the pool itself says when there are too many */
}

/* False: the client did something that the server did not like. */
static bool stop_servers(struct storm *s)
{
    bool good = true;

    for (size_t i = 0; i < 2; i++) {
        struct mta_report r = mta_stop(s->servers[i]);

        printf("server %zu: %zu connections, %zu messages, %zu faults, %zu restarts\n", i + 1, r.connections,
               r.messages, r.faults, r.restarts);
        if (r.wrong[0])
            printf("server %zu complains: %s\n", i + 1, r.wrong);
        good = good && !r.wrong[0];
    }
    return good;
}

/* A load that nothing happens to proves nothing. */
static bool is_a_load(const struct storm *s, size_t delivered)
{
    const struct letters *l = &s->letters;
    size_t all = 0;

    for (size_t i = 0; i < 5; i++)
        all += l->told[i];
    printf("%zu messages to %zu recipients: %zu accepted, %zu deferred, %zu refused, %zu not attempted, "
           "%zu unknown (of which %zu were delivered)\n",
           l->done, all, l->told[ENVOI_VERDICT_ACCEPTED], l->told[ENVOI_VERDICT_DEFERRED],
           l->told[ENVOI_VERDICT_REFUSED], l->told[ENVOI_VERDICT_NOT_ATTEMPTED], l->told[ENVOI_VERDICT_UNKNOWN],
           delivered - l->told[ENVOI_VERDICT_ACCEPTED]);
    if (l->told[ENVOI_VERDICT_ACCEPTED] < all / 2) {
        printf("fewer than half were accepted\n");
        return false;
    }
    if (s->wishes.faults && l->count >= 1000 && (!l->told[ENVOI_VERDICT_UNKNOWN] || !l->told[ENVOI_VERDICT_REFUSED])) {
        printf("nothing became unknown, or nothing was refused\n");
        return false;
    }
    return true;
}

static size_t count_delivered(const struct storm *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->letters.count; i++)
        for (size_t k = 0; k < RECIPIENTS_MAX; k++)
            n += ledger_count(s->ledger, i, k);
    return n;
}

static bool compare(struct storm *s)
{
    bool good = stop_servers(s);

    good = letters_agree(&s->letters, s->ledger) && good;
    good = is_a_load(s, count_delivered(s)) && good;
    printf("%zu that disagree, %zu delivered twice; the queue was full %zu times; at most %zu KiB on the heap\n",
           s->letters.wrong, s->letters.doubled, s->letters.full, peak / 1024);
    if (peak > OCTETS_MAX) {
        printf("that is more than %zu KiB\n", OCTETS_MAX / 1024);
        good = false;
    }
    return good;
}

static void print_time(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    printf("%ld.%02ld s of CPU, servers included\n", (long)(u.ru_utime.tv_sec + u.ru_stime.tv_sec),
           (long)((u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 10000 % 100));
}

int main(int argc, char **argv)
{
    struct storm s = {.wishes = {.messages = 100000, .seed = 1, .faults = 4, .extensions = "random"}};
    bool good;

    if (!take_wishes(&s.wishes, argc, argv))
        return usage();
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("--messages %zu --seed %llu --faults %u --extensions %s\n", s.wishes.messages,
           (unsigned long long)s.wishes.seed, s.wishes.faults, s.wishes.extensions);
    envoi_set_allocator(count_octets, NULL);
    start_servers(&s);
    start_pool(&s);
    letters_submit(&s.letters);
    must(envoi_pool_run(s.pool), "run");
    must(envoi_pool_drain(s.pool), "drain");
    must(envoi_pool_run(s.pool), "the end");
    good = compare(&s);
    envoi_pool_free(s.pool);
    envoi_session_free(s.prototype);
    envoi_library_free(s.library);
    letters_close(&s.letters);
    ledger_free(s.ledger);
    if (alive) {
        printf("%zu octets were not given back\n", alive);
        good = false;
    }
    print_time();
    puts(good ? "the verdicts and the ledger agree" : "FAILED");
    return good ? 0 : 1;
}
