/* SPDX-License-Identifier: MIT */
/* The inside of a play, shared by the files that know the steps. */
#ifndef DIALOGUE_PLAYER_H
#define DIALOGUE_PLAYER_H

#include "engine/engine.h"
#include "play.h"

#include <envoi/envoi.h>

#define ARGUMENTS_MAX 12

/* The scripted server: the client's octets, below and above the layers. */
struct server {
    struct bytes wire; /* as they left the engine, not yet decrypted */
    struct bytes sasl; /* below the security layer */
    struct bytes in;   /* in clear, not yet compared with the script */
    struct bytes hello;
    struct bytes out; /* octets that the server is going to send */
    bool tls, layer;
    bool hello_seen;
    bool notified;    /* the client's closing alert came */
    uint64_t spoken;  /* octets for the engine */
    uint64_t carried; /* octets from the engine */
    int last_code;    /* of the last line that the server sent */
};

/* The answer of the application's callback to one question. */
struct answer {
    unsigned id; /* ENVOI_CRED_* */
    int result;
    struct bytes value;
};

struct auth_part {
    int result;
    bool silent; /* no response */
    bool more;   /* a 235 would be too soon */
    struct bytes response;
};

/* A content that comes from callbacks. */
struct feed {
    struct bytes data;
    size_t at;
    size_t step;    /* most octets of one call */
    unsigned again; /* every n-th call says AGAIN; 0: none */
    unsigned calls;
    int64_t fail_at; /* octets after which it fails; -1: never */
};

/* A message of the script. */
struct letter {
    struct envoi_message *message;
    int built; /* the first failure of a setter */
    struct feed feed;
};
#define LETTERS_MAX 8

struct player {
    const struct script *script;
    const struct play_mode *mode;
    struct play_report *report;
    const struct script_step *step; /* the current one */
    uint64_t random;
    bool stopped;
    int began; /* what the call of the last verb returned */

    struct envoi_errctx fault;
    struct settings settings;
    struct registry *registry;
    struct engine_env env;
    struct engine *engine;
    struct engine_peer peer;
    struct bytes host, plugins;
    const struct play_tls *tls;
    struct conversation *conversation; /* of a server with a library's TLS */
    bool hello_may_come;               /* its client may begin a handshake with a server in clear */
    const struct envoi_transport *transport;
    void *tls_ctx;
    bool bad_tls_ctx;
    int trace_level;
    struct bytes trace, log;
    int64_t now;

    struct server server;
    struct bytes expected; /* octets that the client must send before the script goes on */
    bool holding;
    size_t hold;  /* the last octets of expected, which must not leave yet */
    bool perhaps; /* the client may send only a beginning of expected, or nothing */

    struct answer answers[8];
    size_t answer_count;
    int64_t takes; /* how long the application's callbacks of a login take */
    struct auth_part auth[ARGUMENTS_MAX];
    size_t auth_count, auth_at;

    struct letter letters[LETTERS_MAX];
    size_t letter_count;
    struct letter *letter; /* the current one */
    size_t sends;          /* how many sends there were */
    size_t rounds;         /* how often verdicts were taken back: a recipient is accepted once in each */
    struct bytes data;     /* the content of the verb data */
    size_t callback_step;  /* most octets of one call, if all contents come from callbacks */
    struct task task;      /* given to run_detached() and not run yet; run NULL: none */
    bool tasks_wait;       /* the script says when one is run */
    int window;            /* ENGINE_WINDOW_* of the server */
    int proof;             /* ENGINE_PROOF_* of a server that says: */
    struct bytes said;     /* empty: whatever it says */
};

/* A word of the script and its function. */
struct step_kind {
    const char *word;
    void (*run)(struct player *p, const char *rest);
    unsigned flags;
};
enum {
    STEP_CLIENT = 1, /* adds to the octets that the client must send */
    STEP_SERVER = 2, /* the server sends something */
    STEP_EARLY = 4,  /* done before the client's octets are read: it changes how they are read */
    STEP_TLS = 8,    /* from here on the client sends TLS records */
};
const struct step_kind *player_kind(const char *word);
extern const struct step_kind steps_setup[], steps_verbs[], steps_server[], steps_checks[]; /* word NULL: the end */

/* The play fails, or in a lenient one just ends. Always returns false. */
bool player_fail(struct player *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The play fails, in a lenient one too. */
bool player_break(struct player *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The arguments of a line, each NUL-terminated, to be freed with arguments_free(). The play fails if they are fewer
 * than least or more than most. */
struct arguments {
    struct bytes item[ARGUMENTS_MAX];
    size_t count;
};
bool player_arguments(struct player *p, const char *rest, size_t least, size_t most, struct arguments *out);
const char *argument(const struct arguments *a, size_t index); /* NULL: there is none */
void arguments_free(struct arguments *a);

/* Makes the registry with its plugins, and the engine, if they are missing. */
bool player_ready(struct player *p);
/* Runs the task that the engine gave to run_detached(), if there is one. */
void player_run_task(struct player *p);
/* Lets the engine do and send all that it can at this moment. */
void player_settle(struct player *p);
/* How large the next piece is, of `all` octets. */
size_t player_cut(struct player *p, size_t all);
/* Sends the octets in server.out to the client; burst: in one go, though they may be cut. */
void server_speak(struct player *p, bool burst);
/* How many of len octets of this side may pass before the connection ends, if the mode of the play ends it. */
size_t player_passes(const struct player *p, enum play_side side, uint64_t passed, size_t len);
/* Ends the connection if the mode of the play says so at this octet. */
void player_lose(struct player *p, enum play_side side, uint64_t passed);
/* Octets go to the engine; see server_speak(). */
void server_feed(struct player *p, const struct bytes *wire, bool burst);
/* Octets of the client arrived. */
void server_hear(struct player *p);
/* Do the trace, the error, a reply or memory show a secret of the script? */
void player_hide(struct player *p);
/* A verb was begun. */
void player_began(struct player *p, int rc);
/* Notes a success that the engine claims now: see struct play_claim. */
void player_claim(struct player *p, size_t item);
/* Likewise for the recipients that are accepted now and were not before. */
void player_claim_accepted(struct player *p);
/* "RCPT" -> ENVOI_PHASE_RCPT; -1: none. */
int player_phase(const char *name);

#endif
