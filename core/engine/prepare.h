/* SPDX-License-Identifier: MIT */
/* The needs of a job (NEED_*), met before its first command goes out: hello, TLS, login, the proof of BDAT. */
#ifndef ENGINE_PREPARE_H
#define ENGINE_PREPARE_H

struct engine;
struct job;

/* ENVOI_OK: all needs are met; ENVOI_E_AGAIN: a job that meets one was put in front; another error: the job fails. */
int prepare_job(struct engine *e, struct job *job);

#endif
