/* SPDX-License-Identifier: MIT */
/* The target engine: what its files share. The application's side is in letter.c, the checks and the wire in play.c,
 * the meaning of an input in engine.c. */
#ifndef FUZZ_PLAY_H
#define FUZZ_PLAY_H

#include "engine/engine.h"
#include "message/message.h"
#include "server.h"

#include <envoi/envoi.h>

#define LETTERS_MAX     4
#define RECIPIENTS_MOST 6
#define CONTENT_MOST    ((size_t)300000)

/* Who logs in. Inputs that have one of the secrets in them are not looked at. */
#define PLAY_USER     "fuzz@example.org"
#define PLAY_PASSWORD "Zq7-Horse-Staple"
#define PLAY_TOKEN    "Tk9.Bearer.Wxyz"

/* A message of the application, and how its content is given. */
struct letter {
    struct envoi_message *message; /* NULL: it could not be made */
    struct fuzz_bytes content;
    bool canonical, callback, rewinds, unknown, lies, fails;
    int body;
    size_t step, at;
    unsigned again, calls;
    unsigned sends, dones;
    size_t sent_to;                /* recipients that there were then */
    bool claimed[RECIPIENTS_MOST]; /* its verdict of this send was looked at */
};

struct play {
    struct fuzz_input in;
    struct engine *engine;
    struct registry *registry;
    struct settings settings;
    struct envoi_errctx fault;
    struct engine_env env;
    struct engine_peer peer;
    const struct envoi_transport *transport;
    void *tls_ctx;
    struct server server;
    int64_t now;
    int window;
    size_t down_step, up_step, up_most; /* octets of one piece, and most of them before the server speaks */
    struct bytes held;                  /* what the server says together with what it says next */
    unsigned credential_later;
    bool ip;

    /* the verb at work */
    int began;
    bool busy, by_verb, own_step, many;
    char *line; /* what it may say */
    struct fuzz_bytes data;
    unsigned auth_at;

    struct letter letters[LETTERS_MAX];
    size_t letter_count;
};

/* ---- play.c ---- */
/* The secrets, in clear and as base64 shows them, whatever is around; NULL ends the list. */
const char *const *play_secrets(void);
void play_begin(struct play *p);
void play_free(struct play *p);
bool play_is_busy(const struct play *p);
/* Makes the engine do and say what it can. */
void play_settle(struct play *p);
/* Octets of the server. */
void play_say(struct play *p, const void *data, size_t len);
/* The same, inside the layers that there are. */
void play_speak(struct play *p, const void *data, size_t len);
void play_record(struct play *p, char type, const void *data, size_t len);
void play_lose(struct play *p, int error_number);
/* A verb is about to be called, and was: line is what it may say (NULL: an engine's own command), copied. */
void play_verb(struct play *p, const char *line, bool by_verb, bool own_step);
void play_verb_began(struct play *p, int rc);
/* What must hold between two steps. */
void play_check(struct play *p);

/* ---- letter.c ---- */
bool letter_in_flight(const struct letter *l);
/* Gives the message its content. False: it cannot be sent. */
bool letter_prepare(struct letter *l);
void letter_sent(struct letter *l);
void letter_free(struct letter *l);
/* What the server must have got of it. */
void letter_should_be(const struct letter *l, bool chunked, struct fuzz_bytes *out);
/* The server took it: that was asked for, and not more often than asked. */
void letter_delivered(struct play *p, const struct delivery *d);
/* A verdict "accepted" has a delivery of its own, and a delivery that the engine lived to see is a verdict. */
void letter_check_claims(struct play *p);
void letter_check_verdicts(struct letter *l);
void letter_check_verb_content(struct play *p, const struct fuzz_bytes *content);

#endif
