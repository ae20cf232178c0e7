/* SPDX-License-Identifier: MIT */
/* Sends a message by an account: the library object, the session and the login of one message. */
#ifndef SUBMIT_RELAY_H
#define SUBMIT_RELAY_H

struct envoi_message;
struct fault;
struct sender_account;
struct setup;

/* Sends it, and fills in *fault if that fails as a whole. The verdicts are in the message. */
void relay_send(const struct setup *setup, const struct sender_account *account, struct envoi_message *message,
                struct fault *fault);

#endif
