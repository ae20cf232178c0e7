/* SPDX-License-Identifier: MIT */
/* A program that uses OpenSSL, GnuTLS and Cyrus SASL itself, before, while and after envoi uses them: neither disturbs
 * the other. Each test has a process of its own, so that it is known who was first. */
#include "check.h"
#include "client.h"
#include "host.h"
#include "mta.h"

#include <pthread.h>
#include <sasl/sasl.h>
#include <stdatomic.h>
#include <stdio.h>

static const struct host_library *const libraries[] = {&host_openssl, &host_gnutls, &host_sasl};
#define LIBRARIES (sizeof libraries / sizeof *libraries)

static struct mta *mta;

static void use_all(void)
{
    for (size_t i = 0; i < LIBRARIES; i++)
        libraries[i]->use();
}

static void all_settled(void)
{
    for (size_t i = 0; i < LIBRARIES; i++)
        libraries[i]->settled();
}

static void go_all_ways(struct envoi_library *library)
{
    for (size_t i = 0; i < client_way_count; i++)
        (void)client_visit(library, mta_where(mta), &client_ways[i], 2 * (unsigned)i, 2);
}

/* The program is first: what it set for the process stays, also when envoi is gone. */
/* faults: 76 */
static void the_program_is_first(void)
{
    struct envoi_library *library;

    for (size_t i = 0; i < LIBRARIES; i++)
        libraries[i]->open();
    use_all();
    mta = mta_start();
    for (int i = 0; i < 2; i++) {
        library = client_library();
        go_all_ways(library);
        all_settled();
        use_all();
        envoi_library_free(library);
        all_settled();
        use_all();
    }
    for (size_t i = 0; i < LIBRARIES; i++)
        libraries[i]->close();
    mta_stop(mta);
}

/* The program comes later and goes earlier: envoi goes on. (mta.h, which is the program too, uses OpenSSL all the
 * time.) */
/* faults: 76 */
static void envoi_is_first(void)
{
    struct envoi_library *library = client_library();

    mta = mta_start();
    go_all_ways(library);
    for (size_t i = 0; i < LIBRARIES; i++)
        libraries[i]->open();
    use_all();
    go_all_ways(library);
    for (size_t i = 0; i < LIBRARIES; i++)
        libraries[i]->close();
    go_all_ways(library);
    envoi_library_free(library);
    mta_stop(mta);
}

/* Whoever calls sasl_done(), which counts as one user's end, takes nothing from envoi either, nor envoi from it. */
static void each_ends_its_own_use_of_cyrus(void)
{
    struct envoi_library *library = client_library();

    mta = mta_start();
    host_sasl.open();
    go_all_ways(library);
    sasl_done();
    go_all_ways(library);
    host_sasl.open();
    envoi_library_free(library);
    host_sasl.use();
    host_sasl.close();
    mta_stop(mta);
}

/* ---- at the same time ---- */

static atomic_bool over;

static void *use_until_over(void *ctx)
{
    const struct host_library *l = ctx;

    do
        l->use();
    while (!over);
    return NULL;
}

static void *send_in_a_thread(void *library)
{
    go_all_ways(library);
    return NULL;
}

/* faults: 76 */
static void at_the_same_time(void)
{
    struct envoi_library *library = client_library();
    pthread_t hosts[LIBRARIES], senders[3];

    for (size_t i = 0; i < LIBRARIES; i++)
        libraries[i]->open();
    mta = mta_start();
    for (size_t i = 0; i < LIBRARIES; i++)
        CHECK(pthread_create(&hosts[i], NULL, use_until_over, (void *)(uintptr_t)libraries[i]) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&senders[i], NULL, send_in_a_thread, library) == 0);
    for (int i = 0; i < 3; i++)
        pthread_join(senders[i], NULL);
    over = true;
    for (size_t i = 0; i < LIBRARIES; i++)
        pthread_join(hosts[i], NULL);
    all_settled();
    CHECK(mta_count(mta, MTA_MESSAGES) == 3 * 2 * client_way_count);
    envoi_library_free(library);
    use_all();
    mta_stop(mta);
}

int main(void)
{
    RUN_IN_A_PROCESS(the_program_is_first);
    RUN_IN_A_PROCESS(envoi_is_first);
    RUN_IN_A_PROCESS(each_ends_its_own_use_of_cyrus);
    RUN_IN_A_PROCESS(at_the_same_time);
    return check_end();
}
