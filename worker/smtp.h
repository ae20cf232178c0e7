/* SPDX-License-Identifier: MIT */
/* An account, as jobs are sent by it: a library object, a pool with one route, and the secret. It is made when its
 * first job comes. */
#ifndef WORKER_SMTP_H
#define WORKER_SMTP_H

#include "accounts/apply.h"
#include "accounts/values.h"
#include "worker/breaker.h"
#include <stddef.h>
#include <stdint.h>

struct account;
struct accounts;
struct config;
struct envoi_library;
struct envoi_pool;
struct fault;
struct hand;
struct login;
struct loop;
struct metrics;

/* What all accounts share. It outlives them. */
struct smtp_setup {
    const struct accounts *accounts;
    const struct config *config;
    const char *plugins_d, *module_dir; /* NULL: those of the library */
    struct metrics *metrics;
    struct loop *loop;
    int bell; /* rung when the secret of an account is there */
    /* The pool is done with a job. It is called from within the pool, so it only takes notes. */
    void (*done)(void *ctx, struct hand *hand, int result, const char *error);
    void *ctx;
};

struct smtp {
    struct smtp *next;
    const struct smtp_setup *setup;
    const struct account *account;
    struct values values;
    char server[APPLY_SERVER_MAX]; /* the first one */
    struct login *login;
    struct envoi_library *library;
    struct envoi_pool *pool; /* NULL: it could not be made */
    size_t route;
    struct breaker breaker;
    uint64_t completed;      /* messages to which the server has answered */
    uint64_t failed_before;  /* connections, as far as they were noticed */
    uint64_t completed_then; /* ... what was completed then */
    int64_t make_at;         /* while there is no pool: when it is tried again */
    int64_t forget_at;       /* when a refused secret may be presented again; -1: none was refused */
    int has_work;            /* envoi_pool_process() is due */
};

/* NULL: out of memory. */
struct smtp *smtp_new(const struct smtp_setup *setup, const struct account *account);
/* Its jobs are with their owner by then: see smtp_stop(). */
void smtp_free(struct smtp *smtp);
/* Makes the pool if there is none, and the time for that has come. Returns 0, or an exit code with *fault filled, whose
 * text is "" if it was told before. */
int smtp_make(struct smtp *smtp, struct fault *fault);
/* Gives a job with its message to the pool. Returns 0, or ENVOI_E_*. */
int smtp_submit(struct smtp *smtp, struct hand *hand);
/* Takes it back. Returns 0, or -1: it is on a connection. */
int smtp_cancel(struct smtp *smtp, struct hand *hand);
/* Jobs in the pool. */
size_t smtp_pending(const struct smtp *smtp);
/* Works on what is due, and looks whether connections fail. */
void smtp_step(struct smtp *smtp);
/* When smtp_step() is due; -1: never. */
int64_t smtp_deadline(const struct smtp *smtp);
/* Secrets are read anew and refused ones presented again: by SIGHUP, or because the time has come. */
void smtp_forget_secret(struct smtp *smtp);
/* A login was refused. */
void smtp_note_refusal(struct smtp *smtp);
/* Closes the connections in good order when they have finished their work. */
void smtp_drain(struct smtp *smtp);
/* Ends all at once: the messages are done by `done`, and those whose content was gone are unknown. */
void smtp_stop(struct smtp *smtp);
/* Connections that are open or being made. */
size_t smtp_connections(const struct smtp *smtp);

#endif
