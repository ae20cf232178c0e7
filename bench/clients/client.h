/* SPDX-License-Identifier: MIT */
/* What the clients of the benchmark share: their arguments, the message, and the line of JSON in which they say how it
 * went. */
#ifndef BENCH_CLIENTS_CLIENT_H
#define BENCH_CLIENTS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

/* What to send, and how. */
struct job {
    const char *host, *file;
    unsigned port, count, recipients;
    const char *ca;      /* PEM, or for envoi "system"; NULL: no TLS */
    const char *mode;    /* the client's own word, "" if none was given */
    const char *source;  /* where the content comes from: memory, file or callback */
    const char *plugins; /* envoi's build directory */
    const char *backend; /* openssl or gnutls */
    unsigned batch;      /* envoi: messages in one queue */
    bool canonical;      /* envoi: the content is declared canonical */
    bool data;           /* envoi: DATA even where CHUNKING is announced */
    /* filled by client_begin() */
    char *content; /* memory only */
    size_t len;
    FILE *stream; /* file and callback */
    struct timespec began;
    double user, system;
};

#define CLIENT_SENDER "bench@example.org"

/* Reads the arguments and opens or loads the message; ends the program when they are wrong. */
void client_init(struct job *job, int argc, char **argv);
/* Recipient number `index`. */
const char *client_recipient(unsigned index);
/* The next octets of the content, from memory or file: for callbacks. */
size_t client_pull(struct job *job, void *buf, size_t cap);
void client_rewind(struct job *job);
/* The connection is open: from now on it counts. */
void client_begin(struct job *job);
/* All is sent: says so, and how many octets of memory are allocated. Returns the program's exit status: 0 when as many were sent as were to be. */
int client_end(struct job *job, unsigned sent);

#endif
