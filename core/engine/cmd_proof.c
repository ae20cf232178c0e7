/* SPDX-License-Identifier: MIT */
/* The proof that the server knows BDAT and discards the chunk of a BDAT that it refuses (proof.h): MAIL, a chunk for no
 * recipient, and RSET in one flight. A server that discards it answers 250, 4yz or 5yz, and 250. The chunk is a QUIT:
 * a server that reads it as a command gives itself away and closes the connection. */
#include "engine/proof.h"
#include "engine/state.h"
#include "message/message.h"

static int proof_failed(struct engine *e, const char *command, const struct envoi_reply *reply)
{
    return engine_die_of(e, ENVOI_E_PROTOCOL, "the proof of BDAT: %s is answered with %d", command, reply->code);
}

/* ---- MAIL: without it some servers refuse BDAT unread ---- */

static int proof_mail_write(struct engine *e, struct job *job, const struct position *at)
{
    const struct address *sender = &job->next->message->sender;
    struct buf *text = &e->output.text;
    size_t from = text->len;

    e->mails++;
    buf_append_text(text, "MAIL FROM:<");
    buf_append(text, address_path(sender), sender->len);
    buf_append_text(text, sender->utf8 ? "> SMTPUTF8" : ">");
    return engine_end_line(e, from, NULL);
}

/* A refused sender says nothing about BDAT: the server is asked again on the next connection. */
static int proof_mail_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    job->mail_refused = reply_class(reply) > 3 && !e->closing;
    return reply->code == 250 || job->mail_refused ? ENVOI_OK : proof_failed(e, at->row->name, reply);
}

static void proof_mail_next(struct engine *e, struct job *job, struct position *at)
{
    at->row = &command_proof_bdat;
}

const struct command command_proof_mail = {
    .name = "MAIL",
    .phase = ENVOI_PHASE_COMMAND,
    .write = proof_mail_write,
    .answer = proof_mail_answer,
    .next = proof_mail_next,
};

/* ---- BDAT ---- */

static int proof_bdat_write(struct engine *e, struct job *job, const struct position *at)
{
    size_t from = e->output.text.len;

    buf_append_text(&e->output.text, "BDAT 6");
    return engine_put_line(e, from) ? ENVOI_E_MEMORY : engine_put_command(e, "QUIT");
}

static int proof_bdat_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    return reply_class(reply) > 3 && !e->closing ? ENVOI_OK : proof_failed(e, at->row->name, reply);
}

static void proof_bdat_next(struct engine *e, struct job *job, struct position *at)
{
    at->row = &command_proof_rset;
}

const struct command command_proof_bdat = {
    .name = "BDAT",
    .phase = ENVOI_PHASE_COMMAND,
    .write = proof_bdat_write,
    .answer = proof_bdat_answer,
    .next = proof_bdat_next,
};

/* ---- RSET ---- */

static int proof_rset_write(struct engine *e, struct job *job, const struct position *at)
{
    return engine_put_command(e, "RSET");
}

static int proof_rset_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    if (reply->code != 250)
        return proof_failed(e, at->row->name, reply);
    if (job->mail_refused) {
        e->proof = ENGINE_PROOF_FAILED; /* on this connection */
        return ENVOI_OK;
    }
    proof_set(e, ENGINE_PROOF_PASSED);
    engine_trace(e, ENVOI_TRACE_INFO, "the server discards the chunks that it refuses: content may go by BDAT");
    return ENVOI_OK;
}

const struct command command_proof_rset = {
    .name = "RSET",
    .phase = ENVOI_PHASE_COMMAND,
    .ends_group = true,
    .write = proof_rset_write,
    .answer = proof_rset_answer,
};
