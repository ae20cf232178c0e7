/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <envoi/error.h>
#include <pthread.h>

/* Written only in a child of fork(), which has one thread at that time. */
static unsigned number;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int status;

static void process_is_child(void)
{
    number++;
}

static void process_register(void)
{
    status = pthread_atfork(NULL, NULL, process_is_child);
}

int process_watch(void)
{
    (void)pthread_once(&once, process_register);
    return status ? ENVOI_E_MEMORY : ENVOI_OK;
}

unsigned process_number(void)
{
    return number;
}
