/* SPDX-License-Identifier: MIT */
/* A server that takes mail and keeps a ledger of it, in a process of its own so that what it opens is not ours. The
 * letters are numbered: number N comes from "sN@example.org" and goes to "rK.N@example.net", K counting from 0. A local
 * part that begins with x is refused. */
#ifndef TORTURE_SINK_H
#define TORTURE_SINK_H

#include <stdbool.h>
#include <stddef.h>

#define SINK_LETTERS    ((size_t)65536)
#define SINK_RECIPIENTS ((size_t)4)

/* What it is and what it announces. */
#define SINK_PIPELINING 1u
#define SINK_CHUNKING   2u
#define SINK_STARTTLS   4u
#define SINK_TLS        8u  /* from the first octet */
#define SINK_TLS12      16u /* not TLS 1.3 */
#define SINK_CLIENT     32u /* a client's certificate is asked for, and demanded */
#define SINK_AUTH       64u /* PLAIN, LOGIN and CRAM-MD5, and no mail without; any password does */
#define SINK_LMTP       128u
#define SINK_UNIX       256u /* on a unix socket */
#define SINK_NO_PLAIN   512u /* PLAIN is announced, but the client has been told not to use it */

struct sink;

/* Texts of a letter; buf has room for SINK_LETTER_MAX. Returns the length. */
#define SINK_LETTER_MAX 2048
size_t sink_letter(size_t number, char *buf);

/* pki: the directory of the certificates. */
struct sink *sink_start(unsigned flags, const char *pki);
/* "127.0.0.1:PORT", or a path */
const char *sink_where(const struct sink *s);
unsigned sink_port(const struct sink *s);
/* Waits until all that came before is over. What the ledger says afterwards does not change any more. False: a
 * connection is still open. */
bool sink_settle(struct sink *s);
/* How often recipient k of a letter was taken. */
unsigned sink_taken(const struct sink *s, size_t number, size_t k);
/* What came that should not have; NULL: nothing. */
const char *sink_wrong(const struct sink *s);
void sink_stop(struct sink *s);

#endif
