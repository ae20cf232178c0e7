/* SPDX-License-Identifier: MIT */
#include "engine/proof.h"

#include "engine/state.h"
#include "message/message.h"

#include <string.h>

/* The proof is remembered for a server that says all of this: a front, another server behind the name, or the same one
 * before TLS may be a different program; and one that is not verified may repeat the words of another one. */
int proof_hear(struct engine *e)
{
    const char *name = envoi_reply_text(&e->greeting), *hello = envoi_reply_text(&e->hello_reply);

    if (!e->extensions.chunking)
        return ENVOI_OK;
    buf_reset(&e->said);
    buf_append_text(&e->said, e->stack.secure ? "TLS " : "clear ");
    buf_append_text(&e->said, e->tls_verified ? "verified " : "");
    buf_append(&e->said, name, strcspn(name, " \n"));
    buf_append(&e->said, "\n", 1);
    if (buf_append(&e->said, hello, strlen(hello) + 1))
        return ENVOI_E_MEMORY;
    proof_recall(e);
    return ENVOI_OK;
}

void proof_recall(struct engine *e)
{
    e->proof = ENGINE_PROOF_NONE;
    if (e->proof_lost) /* whether that is remembered or not: one lost connection is enough */
        e->proof = ENGINE_PROOF_FAILED;
    else if (e->env.proof)
        e->proof = e->env.proof(e->env.driver, (const char *)buf_head(&e->said));
}

void proof_set(struct engine *e, int proof)
{
    e->proof = proof;
    if (e->env.set_proof)
        e->env.set_proof(e->env.driver, (const char *)buf_head(&e->said), proof);
}

/* Only where a lost connection costs nothing, because it can be made again as it was. */
bool proof_is_open(const struct engine *e)
{
    return e->proof == ENGINE_PROOF_NONE && e->extensions.chunking && e->extensions.pipelining &&
           e->settings->chunk_size && e->repeatable && !e->settings->altered;
}

bool proof_is_wanted(const struct engine *e, const struct envoi_message *m)
{
    if (!proof_is_open(e) || !(e->begun || m->body == ENVOI_BODY_BINARY))
        return false;
    return !m->sender.utf8 || extensions_get(&e->extensions, "SMTPUTF8");
}

void proof_strike(struct engine *e, uint32_t level, const char *why)
{
    if (e->proof != ENGINE_PROOF_PASSED)
        return;
    engine_log(e, level, "BDAT has to be proved again, after: %s", why);
    proof_set(e, ENGINE_PROOF_NONE);
    if (extensions_limit(&e->extensions, "MAILMAX")) /* another proof might be a transaction too many */
        e->proof = ENGINE_PROOF_FAILED;
}
