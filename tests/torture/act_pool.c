/* SPDX-License-Identifier: MIT */
/* The same with a pool. */
#include "scene.h"

static void done(void *ctx, struct envoi_message *message, int result, const char *error)
{
    struct act *a = ctx;

    (void)message;
    a->done++;
    (void)act_good(a, error, result);
}

static bool submit(struct act *a, struct envoi_pool *pool, size_t route)
{
    for (size_t i = 0; i < a->scene->letters; i++) {
        if (!act_message(a, i) || !act_good(a, NULL, envoi_pool_submit(pool, route, a->messages[i], done, a)))
            return false;
        a->submitted++;
    }
    return true;
}

void act_pool(struct act *a)
{
    struct envoi_session *prototype = NULL;
    struct envoi_pool *pool = NULL;
    size_t route;

    if (act_session(a, &prototype) && act_good(a, NULL, envoi_pool_new(a->library, &pool))) {
        (void)envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, 2);
        (void)envoi_pool_set_limit(pool, ENVOI_POOL_BACKOFF_MS, 1);
        (void)envoi_pool_set_limit(pool, ENVOI_POOL_BACKOFF_MAX_MS, 2);
        if (act_good(a, NULL, envoi_pool_add_route(pool, prototype, a->where, &route))) {
            (void)submit(a, pool, route);
            (void)act_good(a, NULL, envoi_pool_run(pool));
        }
    }
    envoi_session_free(prototype);
    envoi_pool_free(pool);
}
