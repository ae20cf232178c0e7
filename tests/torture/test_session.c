/* SPDX-License-Identifier: MIT */
/* Sessions in clear: delivery by DATA and by BDAT, to LMTP, many letters, from files, from a loop, by name. */
#include "scene.h"

#include <criterion/criterion.h>

TestSuite(torture_session, .init = scene_open, .fini = scene_close, .timeout = 600);

static const struct scene plain = {.name = "plain", .sink = SINK_PIPELINING, .letters = 1, .tls = ENVOI_TLS_OFF};

/* faults: 73, 74, 79 */
Test(torture_session, plain)
{
    scene_torture(&plain);
}

/* faults: 75 */
Test(torture_session, plain_without_memory)
{
    scene_starve(&plain);
}

/* And the same of all the others. */
#define SCENE(id, ...)                                                                                                 \
    static const struct scene id = {.name = #id, .tls = ENVOI_TLS_OFF, __VA_ARGS__};                                   \
    Test(torture_session, id)                                                                                          \
    {                                                                                                                  \
        scene_torture(&id);                                                                                            \
    }                                                                                                                  \
    Test(torture_session, id##_without_memory)                                                                         \
    {                                                                                                                  \
        scene_starve(&id);                                                                                             \
    }

SCENE(step_by_step, .sink = 0, .letters = 1)
SCENE(bdat, .sink = SINK_PIPELINING | SINK_CHUNKING, .letters = 1, .chunk = 512)
SCENE(sendmail, .sink = SINK_PIPELINING, .letters = 1, .face = FACE_SENDMAIL)
SCENE(lmtp, .sink = SINK_PIPELINING | SINK_LMTP | SINK_UNIX, .letters = 1)
SCENE(queue, .sink = SINK_PIPELINING, .letters = 4)
SCENE(queue_bdat, .sink = SINK_PIPELINING | SINK_CHUNKING, .letters = 4, .chunk = 65536)
SCENE(stream, .sink = SINK_PIPELINING, .letters = 1, .source = SOURCE_STREAM)
SCENE(file, .sink = SINK_PIPELINING, .letters = 1, .source = SOURCE_FILE)
SCENE(pipe, .sink = SINK_PIPELINING | SINK_CHUNKING, .letters = 1, .chunk = 512, .source = SOURCE_PIPE)
SCENE(loop, .sink = SINK_PIPELINING, .letters = 2, .face = FACE_LOOP)
SCENE(by_name, .sink = SINK_PIPELINING, .letters = 1, .by_name = true)
