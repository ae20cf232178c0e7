/* SPDX-License-Identifier: MIT */
/* Three letters over a pool of two connections. */
#include "scene.h"

#include <criterion/criterion.h>

TestSuite(torture_pool, .init = scene_open, .fini = scene_close, .timeout = 600);

static const struct scene pool = {.name = "pool",
                                  .sink = SINK_PIPELINING | SINK_CHUNKING,
                                  .letters = 3,
                                  .tls = ENVOI_TLS_OFF,
                                  .chunk = 65536,
                                  .face = FACE_POOL};

/* faults: 73, 74, 79 */
Test(torture_pool, calls)
{
    scene_torture(&pool);
}

/* faults: 75 */
Test(torture_pool, memory)
{
    scene_starve(&pool);
}
