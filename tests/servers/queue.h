/* SPDX-License-Identifier: MIT */
/* What queue.c has of its messages and settings; the verbs are there. */
#ifndef QUEUE_H
#define QUEUE_H

#include <envoi/envoi.h>
#include <stddef.h>

#define QUEUE_WORDS 64

/* One message of the script and what its content comes from. */
struct letter {
    unsigned long number; /* counted over the whole script */
    struct envoi_message *message;
    char *content; /* from memory */
    FILE *file;    /* from a stream or its descriptor */
};

/* What sessions are made with. */
struct settings {
    char *server;
    char *backend;
    char *user;
    char *password;
    char *mechanism;
    int tls;
    int lmtp;
    int trace;
    int blocking;      /* mechanisms that may block are allowed */
    long auth_timeout; /* 0: none of its own */
    long chunk;
    int chunk_waits;
};

void fail(const char *what, const char *which) __attribute__((noreturn));
/* Ends the program when a call has failed that has no right to. */
void need(int rc, const char *what);
char *copy_of(const char *text);
/* The first line of a file, without its end. */
char *first_line(const char *path);

/* message SENDER memory|stream|descriptor|callback FILE RECIPIENT... */
void letter_make(struct letter *letter, unsigned long number, char **words, size_t count);
void letter_free(struct letter *letter);
void letter_print(const struct letter *letter);

/* Takes user and password (both may be NULL) and the mechanism. */
void settings_login(struct settings *settings, const char *user, const char *password_file, const char *mechanism);
/* A session that is not connected. */
struct envoi_session *settings_apply(const struct settings *settings, struct envoi_library *library);
void settings_free(struct settings *settings);

#endif
