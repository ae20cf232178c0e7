/* SPDX-License-Identifier: MIT */
/* TLS by one backend, in both versions, a client's certificate, and logins by each of the mechanism plugins. */
#include "scene.h"

#include <criterion/criterion.h>

TestSuite(torture_tls, .init = scene_open, .fini = scene_close, .timeout = 600);

static const struct scene starttls = {.name = BACKEND " starttls",
                                      .sink = SINK_PIPELINING | SINK_STARTTLS | SINK_AUTH,
                                      .letters = 1,
                                      .tls = ENVOI_TLS_REQUIRED,
                                      .backend = BACKEND,
                                      .mechanisms = MECHANISM,
                                      .network = true};

/* faults: 73, 74, 79 */
Test(torture_tls, starttls)
{
    scene_torture(&starttls);
}

/* faults: 75 */
Test(torture_tls, starttls_without_memory)
{
    scene_starve(&starttls);
}

static const struct scene implicit = {.name = BACKEND " implicit",
                                      .sink = SINK_PIPELINING | SINK_CHUNKING | SINK_TLS | SINK_TLS12 | SINK_CLIENT |
                                              SINK_AUTH,
                                      .letters = 1,
                                      .tls = ENVOI_TLS_IMPLICIT,
                                      .backend = BACKEND,
                                      .mechanisms = "PLAIN",
                                      .vendor = "sasl",
                                      .certificate = true,
                                      .chunk = 512,
                                      .face = FACE_LOOP,
                                      .network = true};

/* faults: 73, 74, 79 */
Test(torture_tls, implicit)
{
    scene_torture(&implicit);
}

/* faults: 75 */
Test(torture_tls, implicit_without_memory)
{
    scene_starve(&implicit);
}
