/* SPDX-License-Identifier: MIT */
/* The secret of an account. It is fetched when a login needs it, in a thread: a password command may take seconds, and
 * the loop goes on meanwhile. A new login fetches it anew, so that a changed password or a renewed token is found. */
#ifndef WORKER_LOGIN_H
#define WORKER_LOGIN_H

struct envoi_session;
struct fault;
struct login;
struct values;

/* How long a secret serves further logins. */
#define LOGIN_FRESH_MS  60000
/* How long a failure to get it does. */
#define LOGIN_FAILED_MS 5000

/* `server` is the account's first one, as apply_server() joins it; `account` is its name. All that is passed must
 * outlive it. `bell` is rung by wakeup_ring() when there is an answer. Returns 0, or an exit code with *fault filled;
 * *out is NULL if the account has no source of a secret. */
int login_new(const struct values *values, const char *server, const char *account, int bell, struct login **out,
              struct fault *fault);
/* NULL is a no-op. A command that is still running is left to its end. */
void login_free(struct login *login);
/* Sets the user, the mechanisms that take this kind of secret, and the callback. Returns as login_new(). */
int login_apply(struct login *login, struct envoi_session *session, struct fault *fault);
/* Has an answer come, for which the pool may be waiting? */
int login_has_answer(struct login *login);
/* The next login fetches the secret anew. */
void login_forget(struct login *login);

#endif
