/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A message: the envelope (reverse-path and recipients), where the content comes from, and, after a send, a verdict for
 * every recipient.
 *
 * **Addresses** are a Mailbox of RFC 5321 section 4.1.2 ("me@example.org"), `<>` or "" for the null reverse-path, or a
 * local part alone (a local user). One enclosing `<...>` with a display name before it is unwrapped. A domain in Unicode
 * becomes A-labels; a local part in Unicode makes the message need SMTPUTF8 (RFC 6531). Anything else, CR, LF and NUL
 * first of all, and a local part or a domain of more than 255 octets, is refused (ENVOI_E_ADDRESS), never passed on.
 *
 * **Threads.** One thread at a time. While a session sends the message it belongs to that session.
 *
 * **Sticky errors.** A setter that fails returns its error and makes the next send fail with it, so a program may check
 * only there. Every function takes NULL and answers ENVOI_E_USAGE (or 0, NULL or "").
 */
#ifndef ENVOI_MESSAGE_H
#define ENVOI_MESSAGE_H

#include <envoi/error.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_message;

/** What became of one recipient. */
enum envoi_verdict {
    ENVOI_VERDICT_NOT_ATTEMPTED = 0, /**< the server was not asked, or did not process the question */
    ENVOI_VERDICT_ACCEPTED = 1,      /**< the server took the responsibility (2yz to the content) */
    ENVOI_VERDICT_DEFERRED = 2,      /**< refused for now (4yz): try later */
    ENVOI_VERDICT_REFUSED = 3,       /**< refused for good (5yz) */
    ENVOI_VERDICT_UNKNOWN = 4,       /**< the connection was lost after the content: it may have been delivered */
};

/** What became of the whole message. */
enum envoi_result {
    ENVOI_RESULT_NOT_SENT = 0, /**< nothing was given to the server */
    ENVOI_RESULT_SENT = 1,     /**< every recipient accepted */
    ENVOI_RESULT_PARTIAL = 2,  /**< at least one accepted, at least one not */
    ENVOI_RESULT_REFUSED = 3,  /**< none accepted, at least one refused or deferred */
    ENVOI_RESULT_UNKNOWN = 4,  /**< at least one unknown */
};

/** What the content is made of (RFC 6152, RFC 3030). */
enum envoi_body {
    ENVOI_BODY_AUTO = 0,   /**< BODY=8BITMIME when it has 8-bit octets, or may have: see "Content" */
    ENVOI_BODY_7BIT = 1,   /**< the caller says so; nothing is declared and nothing is checked */
    ENVOI_BODY_8BIT = 2,   /**< BODY=8BITMIME is asked for */
    ENVOI_BODY_BINARY = 3, /**< BODY=BINARYMIME is asked for: needs CHUNKING too; line ends are not touched */
};

/** Makes a message.
 * @param sender  the reverse-path; NULL or "" or "<>": the null one; copied
 * @param out     set to the message, to be freed with envoi_message_free(); NULL on failure
 * @returns ENVOI_OK; ENVOI_E_ADDRESS; ENVOI_E_USAGE; ENVOI_E_MEMORY. */
int envoi_message_new(const char *sender, struct envoi_message **out);
/** Frees a message; NULL is a no-op. Not while a session sends it. */
void envoi_message_free(struct envoi_message *message);
/** Makes it as new, with another sender: recipients, content, options, verdicts and a sticky error are forgotten.
 * @returns as envoi_message_new(); ENVOI_E_BUSY while a session sends it. */
int envoi_message_reset(struct envoi_message *message, const char *sender);

/** Adds a recipient.
 * @param message  the message
 * @param address  the forward-path; copied
 * @returns ENVOI_OK; ENVOI_E_ADDRESS; ENVOI_E_BUSY; ENVOI_E_USAGE: NULL, or there are 1,000,000; ENVOI_E_MEMORY. */
int envoi_message_add_recipient(struct envoi_message *message, const char *address);
/** Adds a recipient with options of its own.
 * @param message  the message
 * @param address  the forward-path; copied
 * @param options  parameters of RCPT (RFC 5321 section 4.1.2), separated by blanks, such as
 *                 "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;you@example.net" (RFC 3461); NULL: none; copied
 * @returns as envoi_message_add_recipient(); ENVOI_E_USAGE also for options that are no parameters, or have more than 900
 * octets. */
int envoi_message_add_recipient_with(struct envoi_message *message, const char *address, const char *options);
/** Sets the options of MAIL, such as "RET=HDRS ENVID=x1" (RFC 3461). The values of ENVID, ORCPT and AUTH are xtext: a "+"
 * in them is written +2B. SIZE, BODY and SMTPUTF8 are set by envoi itself when they are not given here.
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE: not a list of parameters, or more than 900 octets; ENVOI_E_MEMORY. */
int envoi_message_set_options(struct envoi_message *message, const char *options);
/** @name Delivery status notifications (RFC 3461)
 * Who wants reports says so by options of MAIL and RCPT. These two make them: they know the encoding and the bounds. What
 * was among the options under these names before is replaced; envoi_message_set_options() afterwards replaces it all. A
 * server that does not announce DSN: see envoi_message_set_drop_options().
 * @{ */
#define ENVOI_RET_UNSAID  0 /**< the server decides */
#define ENVOI_RET_FULL    1 /**< a failure's report brings the whole message */
#define ENVOI_RET_HEADERS 2 /**< ... its header only */
/** Says what reports of this message bring with them, and under which name.
 * @param message  the message
 * @param ret      one of ENVOI_RET_*
 * @param envid    the envelope's identifier, which the reports repeat: printable US-ASCII, blanks too, as it is (envoi encodes
 *                 it), at most 100 octets when encoded; NULL: none
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE: another value, an identifier that is empty, too long or has other
 * characters, or the options have more than 900 octets with it; ENVOI_E_MEMORY. */
int envoi_message_set_dsn(struct envoi_message *message, int ret, const char *envid);
#define ENVOI_NOTIFY_NEVER   0x1u /**< no report at all; alone */
#define ENVOI_NOTIFY_SUCCESS 0x2u /**< when it is delivered */
#define ENVOI_NOTIFY_FAILURE 0x4u /**< when it cannot be */
#define ENVOI_NOTIFY_DELAY   0x8u /**< when it takes long */
/** Says which reports of a recipient are wanted.
 * @param message  the message
 * @param index    the recipient's, from 0 in the order in which they were added
 * @param notify   ENVOI_NOTIFY_*, one or several; 0: the server decides
 * @param orcpt    the recipient that the sender named, if that was another one (a list, an alias): an address, encoded by envoi
 *                 (RFC 3461 section 4.2, with a local part of UTF-8 RFC 6533 section 3); NULL: not told
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_ADDRESS: orcpt is none; ENVOI_E_USAGE: there is no such recipient, NEVER along with
 * others, an unknown bit, or it is too long (500 octets encoded, 900 with the other options); ENVOI_E_MEMORY. */
int envoi_message_set_recipient_dsn(struct envoi_message *message, size_t index, unsigned notify, const char *orcpt);
/** @} */

/** Says what to do with an asked option that the server does not announce: 0, the default: the send fails
 * (ENVOI_E_NOT_SUPPORTED) before MAIL; 1: the option is left out and listed in envoi_message_dropped_options(). SMTPUTF8,
 * REQUIRETLS and BODY=BINARYMIME are never left out. Which extension it needs is known of SIZE, BODY, SMTPUTF8, REQUIRETLS,
 * AUTH, RET, ENVID, NOTIFY, ORCPT, BY, HOLDFOR, HOLDUNTIL, MT-PRIORITY and RRVS; any other goes out wherever EHLO was
 * accepted.
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE. */
int envoi_message_set_drop_options(struct envoi_message *message, int drop);
/** Says what the content is made of, one of ENVOI_BODY_*.
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE: another value. */
int envoi_message_set_body(struct envoi_message *message, int body);

/** @name Where the content comes from
 * A complete message of RFC 5322, header and body. Line ends CR LF, LF and CR are all taken and sent as CR LF; dots are
 * doubled and the last line end is added as needed (RFC 5321 section 4.5.2). NUL is refused unless the body is binary.
 * Each of these replaces the one before.
 *
 * Memory, and what else can be had again (a regular file, a callback with rewind) and has at most 64 KiB, is looked at
 * before MAIL: its size and whether it has 8-bit octets are announced as they are, and a NUL octet is refused while nothing
 * is sent. Of the rest each block is looked at just before it goes: its size as the source tells it is announced as an
 * estimate, 8-bit octets are announced since there may be some, and a NUL octet breaks the content off, as a source that
 * fails does. Where something hangs on it (the server has no 8BITMIME, or a SIZE limit that the content may exceed) what
 * can be had again is looked at as a whole beforehand, whatever its size.
 * @{ */

/** From memory, which is borrowed until the message is sent, reset or freed.
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE. */
int envoi_message_set_data(struct envoi_message *message, const void *data, size_t len);
/** From a C stream, from where it stands to its end. Borrowed like memory; not closed. Reading it may
 * block, as regular files and pipes do. Messages that are sent together (envoi_session_send_all(), a pool) cannot share a
 * stream, nor a descriptor: one is prepared while another is read.
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE; ENVOI_E_MEMORY. */
int envoi_message_set_file(struct envoi_message *message, FILE *file);
/** From a descriptor, from where it stands to its end. Borrowed; not closed. One that is O_NONBLOCK and has nothing yet
 * says AGAIN as a callback does.
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE; ENVOI_E_MEMORY. */
int envoi_message_set_fd(struct envoi_message *message, int fd);

/** Gives the next octets of the content.
 * @param ctx  as given
 * @param buf  to be filled
 * @param cap  room in buf, at least 1
 * @param len  set to how many octets were put there; 0 with ENVOI_OK is the end
 * @returns ENVOI_OK; ENVOI_E_AGAIN: none yet (only in the non-blocking face: it is asked again by
 * envoi_session_process(); a usage error in blocking calls); anything else: the content is broken, the connection is
 * dropped before the final dot and nothing is delivered (ENVOI_E_CONTENT). */
typedef int envoi_pull_fn(void *ctx, void *buf, size_t cap, size_t *len);
/** Goes back to the first octet. @returns ENVOI_OK, or ENVOI_E_CONTENT. */
typedef int envoi_rewind_fn(void *ctx);
/** From callbacks.
 * @param message  the message
 * @param pull     gives octets
 * @param rewind   NULL: the content can be had once
 * @param ctx      handed to both
 * @param size     how many octets there will be, -1: unknown; a source that gives another number is broken
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE. */
int envoi_message_set_callback(struct envoi_message *message, envoi_pull_fn *pull, envoi_rewind_fn *rewind, void *ctx,
                               int64_t size);
/** Estimates the size in octets for SIZE= (RFC 1870) where the source cannot tell it; 0: no estimate.
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE. */
int envoi_message_set_size_estimate(struct envoi_message *message, uint64_t octets);
/** @} */

/** Says (1) that the content is canonical: all line ends are CR LF, the last line has one, and there is no NUL. With BDAT
 * it is then not looked at, and goes out as it is; with DATA dots are still doubled. Nor is it looked at beforehand: say
 * ENVOI_BODY_8BIT yourself when it has octets above 127. The default, 0, looks and repairs.
 * @returns ENVOI_OK; ENVOI_E_BUSY; ENVOI_E_USAGE. */
int envoi_message_set_canonical(struct envoi_message *message, int on);

/** How many octets of content were taken from the source so far, for a progress bar. A look beforehand counts too; the
 * sending may begin again at 0. */
uint64_t envoi_message_progress(const struct envoi_message *message);

/** @name After a send
 * Valid until the next send, reset or free; addresses and enhanced codes also only until the next recipient is added.
 * @{ */

/** What became of the message, one of ENVOI_RESULT_*. */
int envoi_message_result(const struct envoi_message *message);
/** Options that were left out, separated by blanks; "" if none. */
const char *envoi_message_dropped_options(const struct envoi_message *message);
/** How many recipients there are. */
size_t envoi_message_recipients(const struct envoi_message *message);
/** The address of recipient `index`, as it is sent; NULL when there is none. */
const char *envoi_message_recipient(const struct envoi_message *message, size_t index);
/** What became of it, one of ENVOI_VERDICT_*. */
int envoi_message_verdict(const struct envoi_message *message, size_t index);
/** The reply code that decided, 0 if none did. */
int envoi_message_verdict_code(const struct envoi_message *message, size_t index);
/** The enhanced status code of that reply, "" if none. */
const char *envoi_message_verdict_enhanced(const struct envoi_message *message, size_t index);
/** The text of that reply or, when none decided, the reason. */
const char *envoi_message_verdict_reason(const struct envoi_message *message, size_t index);
/** The phase in which it was decided, one of ENVOI_PHASE_* (session.h). */
int envoi_message_verdict_phase(const struct envoi_message *message, size_t index);
/** All of it as one line for a person: "you@example.net: accepted: 250 2.0.0 queued". NULL when there is no such
 * recipient or no memory. Valid until the next call for the same recipient. */
const char *envoi_message_verdict_text(struct envoi_message *message, size_t index);
/** @} */

/** The name of a verdict: "accepted", "deferred", "refused", "not attempted", "unknown". */
const char *envoi_verdict_name(int verdict);
/** The name of a result: "sent", "partial", "refused", "unknown", "not sent". */
const char *envoi_result_name(int result);

#ifdef __cplusplus
}
#endif

#endif
