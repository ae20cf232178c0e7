/* SPDX-License-Identifier: MIT */
/* A scene: envoi with a server, from the first call to the last. It is played once as it should go, and then with each
 * fault at each place: see scene_torture(). */
#ifndef TORTURE_SCENE_H
#define TORTURE_SCENE_H

#include "sink.h"

#include <envoi/envoi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SCENE_LETTERS    ((size_t)4)
#define SCENE_RECIPIENTS ((size_t)2)

/* Where the content comes from. */
enum source {
    SOURCE_MEMORY,
    SOURCE_STREAM, /* a FILE, which reads by a call that is counted */
    SOURCE_FILE,   /* the descriptor of a regular file */
    SOURCE_PIPE,
};

/* Which of envoi's faces. */
enum face {
    FACE_BLOCKING,
    FACE_LOOP,
    FACE_SENDMAIL,
    FACE_POOL,
};

struct scene {
    const char *name;
    unsigned sink;  /* SINK_* */
    size_t letters; /* with three or more the sender of the second and a recipient of the third are refused */
    int tls;        /* ENVOI_TLS_* */
    const char *backend;
    const char *mechanisms; /* NULL: nobody logs in */
    const char *vendor;     /* a directory of descriptors in the tree; NULL: those that were built */
    const char *admin;      /* NULL: none */
    size_t chunk;           /* 0: DATA */
    bool certificate;       /* of the client */
    bool library;           /* the library object is made within, too */
    bool by_name;           /* the server's name is asked for */
    bool network;           /* looking for plugins goes well, or is another scene's matter */
    enum source source;
    enum face face;
};

/* One play. */
struct act {
    const struct scene *scene;
    const char *where; /* the server */
    struct envoi_library *library;
    int64_t timeout; /* of each phase */
    size_t first;    /* number of the first letter */
    struct envoi_message *messages[SCENE_LETTERS];
    char content[SCENE_LETTERS][SINK_LETTER_MAX];
    size_t len[SCENE_LETTERS];
    int fds[SCENE_LETTERS];
    FILE *streams[SCENE_LETTERS];
    size_t submitted, done; /* of a pool */
    int rc;
    char error[512];
};

/* All of it, but for what is to be freed when the verdicts were looked at. */
void act_play(struct act *a);
/* Notes a failure, if it is the first; true: it is none. text NULL: there is none but that of the code. */
bool act_good(struct act *a, const char *text, int rc);
int act_library(struct act *a);
void act_pool(struct act *a);
/* Makes a session with all that the scene wants. False: not. */
bool act_session(struct act *a, struct envoi_session **out);
bool act_message(struct act *a, size_t i);

/* Each system call of each kind goes wrong in each way, once and for ever, for the nth, for every n. */
void scene_torture(const struct scene *s);
/* Each allocation fails, once and for ever. */
void scene_starve(const struct scene *s);

/* Milliseconds of a clock that does not jump. */
int64_t scene_now(void);
/* A name server that knows SCENE_HOST; it is started with the first call. */
#define SCENE_HOST "sink.example"
const char *scene_dns(void);

/* For .init and .fini: a directory with what the scenes name. */
void scene_open(void);
void scene_close(void);

#endif
