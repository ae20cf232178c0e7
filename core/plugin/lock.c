/* SPDX-License-Identifier: MIT */
#include "plugin/lock.h"

#include <pthread.h>

static pthread_mutex_t locks[LOCKS];
static pthread_once_t locks_once = PTHREAD_ONCE_INIT;

static void lock_make_all(void)
{
    pthread_mutexattr_t recursive;

    (void)pthread_mutexattr_init(&recursive); /* without memory of its own, none of these fails */
    (void)pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    for (int i = 0; i < LOCKS; i++)
        (void)pthread_mutex_init(&locks[i], &recursive);
    (void)pthread_mutexattr_destroy(&recursive);
}

void lock_take(enum lock lock)
{
    (void)pthread_once(&locks_once, lock_make_all);
    (void)pthread_mutex_lock(&locks[lock]);
}

void lock_give(enum lock lock)
{
    (void)pthread_mutex_unlock(&locks[lock]);
}
