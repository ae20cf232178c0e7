/* SPDX-License-Identifier: MIT */
/* Why a login has failed, for people. Each sets the fault and returns its code. */
#ifndef LOGIN_EXPLAIN_H
#define LOGIN_EXPLAIN_H

struct login;

/* A step has failed. Its text is the plugin's, if that reported one. */
int explain_step(struct login *l, int rc);
/* The server's refusal, which is in the fault already, is the last one: no other mechanism follows. */
int explain_refusal(struct login *l);
/* No mechanism is left: none suits, or all were refused. */
int explain_no_mechanism(struct login *l);

#endif
