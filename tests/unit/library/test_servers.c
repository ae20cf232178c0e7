/* SPDX-License-Identifier: MIT */
/* What is remembered of servers from one connection to the next. */
#include "engine/engine.h"
#include "library/servers.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdio.h>

TestSuite(servers, .timeout = 10);

Test(servers, window_of_many)
{
    struct servers s;
    char name[32];

    cr_assert_eq(servers_init(&s), ENVOI_OK);
    for (int i = 0; i <= SERVERS_MAX; i++) {
        (void)snprintf(name, sizeof name, "mx%d.example:25", i);
        servers_set_window(&s, name, ENGINE_WINDOW_OPEN);
    }
    cr_expect_eq(servers_window(&s, "mx0.example:25"), ENGINE_WINDOW_UNPROVED, "the first gave way to the last");
    cr_expect_eq(servers_window(&s, "mx1.example:25"), ENGINE_WINDOW_OPEN);
    cr_expect_eq(servers_window(&s, name), ENGINE_WINDOW_OPEN);
    servers_free(&s);
}

Test(servers, proof_for_a_day)
{
    const int64_t day = 24 * 3600 * 1000, now = 1000;
    struct servers s;

    cr_assert_eq(servers_init(&s), ENVOI_OK);
    cr_expect_eq(servers_proof(&s, "mx.example:25", "this", now), ENGINE_PROOF_NONE);
    servers_set_window(&s, "mx.example:25", ENGINE_WINDOW_OPEN);
    cr_expect_eq(servers_proof(&s, "mx.example:25", "this", now), ENGINE_PROOF_NONE);
    servers_set_proof(&s, "mx.example:25", "this", ENGINE_PROOF_PASSED, now);
    servers_set_proof(&s, "mx.example:587", "this", ENGINE_PROOF_FAILED, now);
    cr_expect_eq(servers_proof(&s, "mx.example:25", "this", now + day - 1), ENGINE_PROOF_PASSED);
    cr_expect_eq(servers_proof(&s, "mx.example:25", "this", now + day), ENGINE_PROOF_NONE);
    cr_expect_eq(servers_proof(&s, "mx.example:25", "that", now), ENGINE_PROOF_NONE);
    cr_expect_eq(servers_proof(&s, "mx.example:587", "this", now), ENGINE_PROOF_FAILED);
    cr_expect_eq(servers_window(&s, "mx.example:25"), ENGINE_WINDOW_OPEN, "the window is known apart from it");
    servers_set_proof(&s, "mx.example:25", "this", ENGINE_PROOF_NONE, now);
    cr_expect_eq(servers_proof(&s, "mx.example:25", "this", now), ENGINE_PROOF_NONE);
    servers_free(&s);
}

Test(servers, proof_of_many)
{
    struct servers s;
    char name[32];

    cr_assert_eq(servers_init(&s), ENVOI_OK);
    for (int i = 0; i <= SERVERS_MAX; i++) {
        (void)snprintf(name, sizeof name, "mx%d.example:25", i);
        servers_set_proof(&s, name, "this", ENGINE_PROOF_PASSED, 0);
    }
    servers_set_window(&s, "mx0.example:25", ENGINE_WINDOW_OPEN);
    cr_expect_eq(servers_proof(&s, "mx0.example:25", "this", 0), ENGINE_PROOF_NONE, "a new entry in an old place");
    cr_expect_eq(servers_proof(&s, name, "this", 0), ENGINE_PROOF_PASSED);
    servers_free(&s);
}
