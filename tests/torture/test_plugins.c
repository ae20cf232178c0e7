/* SPDX-License-Identifier: MIT */
/* A library object from its making to its end: descriptors of two layers, modules, and what the admin has forbidden. */
#include "scene.h"

#include <criterion/criterion.h>

TestSuite(torture_plugins, .init = scene_open, .fini = scene_close, .timeout = 600);

/* The admin's word is kept, whatever cannot be read. */
static const struct scene login = {.name = "login",
                                   .sink = SINK_PIPELINING | SINK_AUTH | SINK_NO_PLAIN,
                                   .letters = 1,
                                   .tls = ENVOI_TLS_OFF,
                                   .mechanisms = "PLAIN LOGIN CRAM-MD5",
                                   .admin = "admin",
                                   .library = true};

/* faults: 74, 79 */
Test(torture_plugins, calls)
{
    scene_torture(&login);
}

/* faults: 75 */
Test(torture_plugins, memory)
{
    scene_starve(&login);
}

/* The same library object when it is over: what the machine could not do then, it does now. */
static const struct scene kept = {.name = "kept",
                                  .sink = SINK_PIPELINING | SINK_AUTH | SINK_NO_PLAIN,
                                  .letters = 1,
                                  .tls = ENVOI_TLS_OFF,
                                  .mechanisms = "PLAIN LOGIN CRAM-MD5",
                                  .admin = "admin"};

Test(torture_plugins, calls_of_a_library_object_that_is_kept)
{
    scene_torture(&kept);
}

static const struct scene everything = {.name = "everything",
                                        .sink = SINK_PIPELINING | SINK_STARTTLS | SINK_AUTH,
                                        .letters = 1,
                                        .tls = ENVOI_TLS_REQUIRED,
                                        .mechanisms = "LOGIN",
                                        .admin = "admin",
                                        .library = true};

Test(torture_plugins, everything)
{
    scene_torture(&everything);
}

Test(torture_plugins, everything_without_memory)
{
    scene_starve(&everything);
}
