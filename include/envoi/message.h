/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A message: the envelope (reverse-path and recipients), the source of the content and, after a send, a verdict for
 * each recipient.
 *
 * @code{.c}
 * // Makes a message of a text in memory, which must live until the message was sent.
 * int make_message(const char *text, size_t len, struct envoi_message **out)
 * {
 *     int rc = envoi_message_new("me@example.org", out);
 *
 *     if (rc)
 *         return rc;
 *     envoi_message_add_recipient(*out, "you@example.net"); // if a setter fails, the send fails with its error
 *     envoi_message_set_data(*out, text, len);
 *     return ENVOI_OK;
 * }
 *
 * // After a send: prints a line such as "you@example.net: accepted" for each recipient.
 * void print_verdicts(const struct envoi_message *message)
 * {
 *     for (size_t i = 0; i < envoi_message_recipients(message); i++)
 *         printf("%s: %s\n", envoi_message_recipient(message, i),
 *                envoi_verdict_name(envoi_message_verdict(message, i)));
 * }
 * @endcode
 *
 * **Addresses.** An address is one of
 * - a Mailbox of RFC 5321 section 4.1.2, "me@example.org";
 * - a local part alone, for a local user;
 * - `<>` or "", the null reverse-path, for a sender only.
 *
 * One enclosing `<...>`, with or without a display name before it, is removed. A domain in Unicode becomes A-labels. A
 * local part in Unicode makes the message need SMTPUTF8 (RFC 6531). Everything else is refused with ENVOI_E_ADDRESS and
 * never passed on: CR, LF, NUL and other control characters (U+0080 to U+009F too), bidirectional format characters,
 * lists, and a local part or a domain of more than 255 octets.
 *
 * **Threads.** One thread at a time. While a session sends the message it belongs to that session; from
 * envoi_pool_submit() until the `done` callback it belongs to the pool.
 *
 * **Errors.** Every function takes NULL for the message and then returns ENVOI_E_USAGE (or 0, NULL or ""). This is not
 * repeated below, nor are these:
 *
 * | result         | of                      | cause                                                      |
 * | -------------- | ----------------------- | ---------------------------------------------------------- |
 * | ENVOI_OK       | all                     | success                                                    |
 * | ENVOI_E_BUSY   | setters, reset          | the message belongs to a session or a pool; does not stick |
 * | ENVOI_E_MEMORY | setters marked "copied" | out of memory                                              |
 *
 * **Sticky errors.** If a setter fails with another error than ENVOI_E_BUSY, it returns its error, and every later send
 * or submit fails with the first such error, until envoi_message_reset() succeeds. So a program may check only there.
 *
 * @since 0.1
 */
#ifndef ENVOI_MESSAGE_H
#define ENVOI_MESSAGE_H

#include <envoi/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_message;
struct envoi_reply;

/** The result for one recipient. */
enum envoi_verdict {
    ENVOI_VERDICT_NOT_ATTEMPTED = 0, /**< the server was not asked, or did not process the command */
    ENVOI_VERDICT_ACCEPTED = 1,      /**< the server took the responsibility (2yz to the content) */
    ENVOI_VERDICT_DEFERRED = 2,      /**< refused for now (4yz, or x.5.3 "too many" behind accepted ones): try later */
    ENVOI_VERDICT_REFUSED = 3,       /**< refused for good (5yz, or larger than the announced SIZE) */
    ENVOI_VERDICT_UNKNOWN = 4,       /**< the connection was lost after the content: it may have been delivered */
};

/** The result for the whole message. envoi_session_send() and the `done` callback of a pool say the same:
 *
 * | result           | returned                                                                                  |
 * | ---------------- | ----------------------------------------------------------------------------------------- |
 * | SENT, PARTIAL    | ENVOI_OK                                                                                  |
 * | UNKNOWN          | ENVOI_E_UNKNOWN                                                                           |
 * | REFUSED          | ENVOI_E_SENDER_REFUSED, ENVOI_E_RECIPIENTS_REFUSED, ENVOI_E_DATA, ENVOI_E_TOO_LARGE (1)   |
 * | NOT_SENT         | any other error                                                                           |
 *
 * A reply 421 is a refusal for now, by the command that it answers, although it ends the connection too: recipients
 * that were accepted by RCPT before are deferred by it, later ones are not attempted.
 *
 * After another try both count the recipients of earlier ones that are still in the message: envoi_message_keep().
 *
 * 1. Another error if some were refused and then the connection was lost: another try may reach the others. */
enum envoi_result {
    ENVOI_RESULT_NOT_SENT = 0, /**< every recipient not attempted */
    ENVOI_RESULT_SENT = 1,     /**< every recipient accepted */
    ENVOI_RESULT_PARTIAL = 2,  /**< at least one accepted, at least one not, none unknown */
    ENVOI_RESULT_REFUSED = 3,  /**< none accepted, at least one refused or deferred, none unknown */
    ENVOI_RESULT_UNKNOWN = 4,  /**< at least one unknown */
};

/** The kind of content (RFC 6152, RFC 3030). */
enum envoi_body {
    ENVOI_BODY_AUTO = 0, /**< BODY=8BITMIME if the content has 8-bit octets, or may have some: see "Content" */
    ENVOI_BODY_7BIT = 1, /**< the caller vouches for it; nothing is declared and nothing is checked */
    ENVOI_BODY_8BIT = 2, /**< BODY=8BITMIME is asked for */
    ENVOI_BODY_BINARY =
        3, /**< BODY=BINARYMIME is asked for: needs CHUNKING and PIPELINING, too; line ends are left as they are */
};

/** @name Life
 * @{ */
/** Makes a message.
 * @param sender  the reverse-path; NULL, "" or "<>": the null one; copied
 * @param out     set to the message, which the caller frees with envoi_message_free(); set to NULL on failure
 * @retval ENVOI_E_ADDRESS  sender is not an address
 * @retval ENVOI_E_USAGE    out is NULL
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_message_new(const char *sender, struct envoi_message **out);
/** Frees a message; NULL is a no-op. Not while it belongs to a session or a pool. @since 0.1 */
void envoi_message_free(struct envoi_message *message);
/** Returns why a setter failed: "address \"a..b@x\": ..." It is the reason of the first failure, which later sends
 * return.
 * @returns "" if none has failed; lives until envoi_message_reset() or envoi_message_free()
 * @since 0.1 */
const char *envoi_message_error(const struct envoi_message *message);
/** Makes the message like new, with another sender. Recipients, content, options, verdicts and a sticky error are
 * forgotten. If it fails, nothing is forgotten, and the error sticks.
 * @param message  the message
 * @param sender   as for envoi_message_new()
 * @retval ENVOI_E_ADDRESS  sender is not an address
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_message_reset(struct envoi_message *message, const char *sender);
/** Returns the detail of the sticky error, one of ENVOI_DETAIL_*: see envoi_session_error_detail().
 * @returns ENVOI_DETAIL_NONE if no setter failed, or its code says it all
 * @since 0.1 */
int envoi_message_error_detail(const struct envoi_message *message);
/** @} */

/** @name Envelope
 * @{ */
/** Adds a recipient.
 * @param message  the message
 * @param address  the forward-path; copied
 * @retval ENVOI_E_ADDRESS  address is not an address, or is empty
 * @retval ENVOI_E_USAGE    address is NULL, or the message has 1,000,000 recipients
 * @since 0.1 */
int envoi_message_add_recipient(struct envoi_message *message, const char *address);
/** Adds a recipient with options of its own.
 * @param message  the message
 * @param address  the forward-path; copied
 * @param options  parameters of RCPT (RFC 5321 section 4.1.2), separated by blanks, such as
 *                 "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;you@example.net" (RFC 3461); NULL: none; copied
 * @retval ENVOI_E_ADDRESS  address is not an address, or is empty
 * @retval ENVOI_E_USAGE    address is NULL; options are not parameters or have more than 900 octets; or the message has
 *                          1,000,000 recipients
 * @since 0.1 */
int envoi_message_add_recipient_with(struct envoi_message *message, const char *address, const char *options);
/** Sets the options of MAIL, such as "RET=HDRS ENVID=x1" (RFC 3461), in place of all earlier ones. SIZE, BODY and
 * SMTPUTF8 are added by envoi if they are not given here.
 * @param message  the message
 * @param options  parameters, separated by blanks. The values of ENVID, ORCPT and AUTH are xtext: US-ASCII only, "+" is
 *                 written +2B, and "=" +3D. NULL: none; copied
 * @retval ENVOI_E_USAGE  options are not parameters, or have more than 900 octets
 * @since 0.1 */
int envoi_message_set_options(struct envoi_message *message, const char *options);
/** @} */

/** @name Delivery status notifications (RFC 3461)
 * Reports are asked for by options of MAIL and RCPT. The two functions below make these options and know their encoding
 * and bounds. They replace earlier options of the same names; a later envoi_message_set_options() replaces all options
 * of MAIL. If the server does not announce DSN, see envoi_message_set_drop_options().
 * @{ */
#define ENVOI_RET_UNSAID  0 /**< the server decides */
#define ENVOI_RET_FULL    1 /**< the report of a failure contains the whole message */
#define ENVOI_RET_HEADERS 2 /**< the report of a failure contains the header only */
/** Says how much of the message its reports contain, and gives it an identifier.
 * @param message  the message
 * @param ret      one of ENVOI_RET_*
 * @param envid    the envelope identifier, which the reports repeat: printable US-ASCII, blanks allowed, not encoded
 *                 (envoi encodes it), at most 100 octets when encoded; NULL: none; copied
 * @retval ENVOI_E_USAGE  ret is another value; envid is empty, too long or has other characters; or the options have
 *                        more than 900 octets with it
 * @since 0.1 */
int envoi_message_set_dsn(struct envoi_message *message, int ret, const char *envid);
#define ENVOI_NOTIFY_NEVER   0x1u /**< no report at all; not together with others */
#define ENVOI_NOTIFY_SUCCESS 0x2u /**< a report when it was delivered */
#define ENVOI_NOTIFY_FAILURE 0x4u /**< a report when it cannot be delivered */
#define ENVOI_NOTIFY_DELAY   0x8u /**< a report when delivery is delayed */
/** Says which reports of a recipient are wanted.
 * @param message  the message
 * @param index    the recipient's, from 0 in the order in which they were added
 * @param notify   ENVOI_NOTIFY_*, one or several; 0: the server decides
 * @param orcpt    the recipient that the sender named, if it was another one (a list, an alias): an address, which
 *                 envoi encodes (RFC 3461 section 4.2; RFC 6533 section 3 if the local part is UTF-8); NULL: none;
 *                 copied
 * @retval ENVOI_E_ADDRESS  orcpt is not an address
 * @retval ENVOI_E_USAGE    there is no such recipient; notify has NEVER together with others, or an unknown bit; or the
 *                          result is too long (500 octets of encoded orcpt, 900 with the other options)
 * @since 0.1 */
int envoi_message_set_recipient_dsn(struct envoi_message *message, size_t index, unsigned notify, const char *orcpt);
/** @} */

/** @name When and how the server delivers
 * Each function makes one parameter of MAIL or RCPT and knows its form and bounds. It replaces an earlier option of the
 * same name; a later envoi_message_set_options() replaces all options of MAIL.
 *
 * If the server does not announce the extension the send fails before MAIL (ENVOI_E_NOT_SUPPORTED), or leaves the
 * parameter out: envoi_message_set_drop_options(). A server may announce a bound, too: a shortest time for DELIVERBY, a
 * longest delay for FUTURERELEASE. A parameter beyond it is never left out; the send fails before MAIL
 * (ENVOI_E_NOT_SUPPORTED).
 *
 * Each of them returns ENVOI_E_USAGE, too, if the options have more than 900 octets with the new one.
 * @{ */
#define ENVOI_DELIVER_BY_UNSAID 0 /**< there is no such wish */
#define ENVOI_DELIVER_BY_RETURN 1 /**< by-mode R: after that time the message is returned, and not delivered */
#define ENVOI_DELIVER_BY_NOTIFY 2 /**< by-mode N: after that time the sender is told, and delivery goes on */
/** Sets the time in which the message shall be delivered: BY= of DELIVERBY (RFC 2852).
 * @param message  the message
 * @param seconds  from now on, at most 999,999,999; with RETURN at least 1; with NOTIFY at least -999,999,999
 * @param mode     one of ENVOI_DELIVER_BY_*; UNSAID removes the parameter
 * @param trace    1: the sender is told, too, where the message leaves the servers that know DELIVERBY; 0: no
 * @retval ENVOI_E_USAGE  another mode, or seconds out of its range
 * @since 0.1 */
int envoi_message_set_deliver_by(struct envoi_message *message, int64_t seconds, int mode, int trace);
/** Asks the server to keep the message for a time before it delivers it: HOLDFOR= of FUTURERELEASE (RFC 4865). It
 * replaces envoi_message_set_hold_until().
 * @param message  the message
 * @param seconds  1 to 999,999,999; 0 removes the parameter
 * @retval ENVOI_E_USAGE  seconds is out of range
 * @since 0.1 */
int envoi_message_set_hold_for(struct envoi_message *message, int64_t seconds);
/** Asks the server to keep the message until a time: HOLDUNTIL= of FUTURERELEASE (RFC 4865). It replaces
 * envoi_message_set_hold_for().
 * @param message  the message
 * @param when     seconds since 1970-01-01 00:00 UTC, up to the year 9999; 0 removes the parameter
 * @retval ENVOI_E_USAGE  when is out of range
 * @since 0.1 */
int envoi_message_set_hold_until(struct envoi_message *message, int64_t when);
#define ENVOI_MT_PRIORITY_UNSAID 127 /**< there is no such wish */
/** Says how urgent the message is: MT-PRIORITY= (RFC 6710). It is the server's affair; the order in which a pool sends
 * does not depend on it.
 * @param message   the message
 * @param priority  -9 to 9, 0 is the usual one; ENVOI_MT_PRIORITY_UNSAID removes the parameter
 * @retval ENVOI_E_USAGE  another value
 * @since 0.1 */
int envoi_message_set_mt_priority(struct envoi_message *message, int priority);
/** Names the submitter of the message: AUTH= of MAIL (RFC 4954 section 5), for a trusted relay. The server believes it
 * of a client that has logged in, and that it trusts.
 * @param message    the message
 * @param submitter  an address, which envoi encodes; "" or "<>": not known, or not to be told; NULL removes the
 *                   parameter; copied
 * @retval ENVOI_E_ADDRESS  submitter is not an address
 * @since 0.1 */
int envoi_message_set_submitter(struct envoi_message *message, const char *submitter);
#define ENVOI_RRVS_UNSAID   0 /**< the server decides */
#define ENVOI_RRVS_CONTINUE 1 /**< goes on without the check where the next server does not know RRVS */
#define ENVOI_RRVS_REJECT   2 /**< is refused there */
/** Says since when a recipient is known to own the address: RRVS= (RFC 7293). If the address has another owner
 * since then, the server refuses it.
 * @param message    the message
 * @param index      the recipient's, from 0 in the order in which they were added
 * @param since      seconds since 1970-01-01 00:00 UTC, up to the year 9999; 0 removes the parameter
 * @param otherwise  for a server behind which there is one that does not know RRVS: one of ENVOI_RRVS_*
 * @retval ENVOI_E_USAGE  there is no such recipient, another value of otherwise, or since is out of range
 * @since 0.1 */
int envoi_message_set_recipient_valid_since(struct envoi_message *message, size_t index, int64_t since, int otherwise);
/** @} */

/** @name Extensions
 * @{ */
/** Says how an option is treated if the server does not announce its extension. SMTPUTF8, REQUIRETLS and
 * BODY=BINARYMIME are never left out: without them the send fails.
 *
 * The extension is known for SIZE, BODY, SMTPUTF8, REQUIRETLS, AUTH, RET, ENVID, NOTIFY, ORCPT, BY, HOLDFOR, HOLDUNTIL,
 * MT-PRIORITY and RRVS. Any other option is sent if EHLO was accepted.
 * @param message  the message
 * @param drop     0, the default: the send fails before MAIL (ENVOI_E_NOT_SUPPORTED); 1: the option is left out and
 *                 listed in envoi_message_dropped_options()
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_message_set_drop_options(struct envoi_message *message, int drop);
/** Says whether every recipient must be accepted, or else nothing is sent. Then the content waits for all replies to
 * RCPT, also with PIPELINING and CHUNKING, which costs a round trip. If one recipient is refused or deferred it keeps
 * that verdict, the accepted ones are not attempted ("not every recipient was accepted"), RSET goes out, and the send
 * returns ENVOI_E_RECIPIENTS_REFUSED.
 *
 * The rule ends where the content begins: by LMTP each recipient may be refused behind it, and the copies of the others
 * cannot be taken back. A message that would have to be split for the server's RCPTMAX or RCPTDOMAINMAX is not
 * attempted (ENVOI_E_NOT_SUPPORTED).
 * @param message  the message
 * @param on       1: all or none; 0, the default: those that are accepted
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_message_set_require_all(struct envoi_message *message, int on);
/** Says of which kind the content is.
 * @param message  the message
 * @param body     one of ENVOI_BODY_*; the default is ENVOI_BODY_AUTO
 * @retval ENVOI_E_USAGE  another value
 * @since 0.1 */
int envoi_message_set_body(struct envoi_message *message, int body);
/** @} */

/** @name Content
 * The content is a complete message of RFC 5322, header and body: envoi adds no field, neither Date nor Message-ID
 * (docs/content.md says what to put in). Line ends may be CR LF, LF or CR; all are sent as CR
 * LF. Dots are doubled and a missing last line end is added (RFC 5321 section 4.5.2). NUL is refused unless the body is
 * binary. Each of the first four setters replaces the source before it.
 *
 * | source                          | scanned        | SIZE          | 8BITMIME   | a NUL octet         |
 * | ------------------------------- | -------------- | ------------- | ---------- | ------------------- |
 * | memory                          | before MAIL    | exact         | if needed  | nothing is sent     |
 * | up to 64 KiB, can be read again | before MAIL    | exact         | if needed  | nothing is sent     |
 * | all others                      | as it goes out | of the source | to be safe | aborts the transfer |
 *
 * Content that is scanned as it goes out is given up at the first 8-bit octet if the server does not announce 8BITMIME:
 * the connection is closed before the end of the content, and the result is ENVOI_E_NOT_SUPPORTED, as it is before MAIL
 * for content that was scanned. ENVOI_BODY_7BIT, a BODY= among the options and envoi_message_set_drop_options() send it
 * all the same.
 *
 * A regular file, or a callback with a rewind function, can be read again. It is scanned as a whole before MAIL,
 * whatever its size, if the result matters: the server has no 8BITMIME, or its SIZE limit may be exceeded.
 * @{ */

/** Takes the content from memory.
 * @param message  the message
 * @param data     borrowed until the message was sent, reset or freed, or has another source; NULL only if len is 0
 * @param len      octets
 * @retval ENVOI_E_USAGE  data is NULL and len is not 0
 * @since 0.1 */
int envoi_message_set_data(struct envoi_message *message, const void *data, size_t len);
/** Takes the content from a descriptor, from its position to its end. Reading may block, as it does with regular files
 * and pipes. If the descriptor is O_NONBLOCK and has no octets yet, the source says ENVOI_E_AGAIN as a callback does.
 * Messages that are sent together (envoi_session_send_all(), a pool) cannot share a descriptor, because one is prepared
 * while another is read. For a C stream there is envoi_message_set_file() in message_file.h.
 * @param message  the message
 * @param fd       borrowed like memory; not closed
 * @retval ENVOI_E_USAGE   fd is negative
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_message_set_fd(struct envoi_message *message, int fd);

/** Gives the next octets of the content.
 * @param ctx  as given to envoi_message_set_callback()
 * @param buf  to be filled
 * @param cap  room in buf, at least 1
 * @param len  set to the number of octets; 0 with ENVOI_OK is the end
 * @retval ENVOI_OK
 * @retval ENVOI_E_AGAIN  there are none yet; in the non-blocking face the function is called again by
 *                        envoi_session_process(), in blocking calls this is ENVOI_E_USAGE
 * @retval other          the content cannot be read: the connection is closed before the final dot, nothing is
 *                        delivered, and the verb returns ENVOI_E_CONTENT (ENVOI_E_MEMORY if that was returned)
 * @since 0.1 */
typedef int envoi_pull_fn(void *ctx, void *buf, size_t cap, size_t *len);
/** Goes back to the first octet of the content.
 * @retval ENVOI_OK
 * @retval other  the content cannot be read again: ENVOI_E_CONTENT
 * @since 0.1 */
typedef int envoi_rewind_fn(void *ctx);
/** Takes the content from callbacks. They are called in the middle of a verb, under the rules for callbacks of a
 * session.
 * @param message  the message
 * @param pull     gives octets
 * @param rewind   NULL: the content can be read once
 * @param ctx      passed to both
 * @param size     the number of octets; a source that gives another number is broken (ENVOI_E_CONTENT). -1: unknown
 * @retval ENVOI_E_USAGE  pull is NULL
 * @since 0.1 */
int envoi_message_set_callback(struct envoi_message *message, envoi_pull_fn *pull, envoi_rewind_fn *rewind, void *ctx,
                               int64_t size);
/** Estimates the size for SIZE= (RFC 1870), if the source cannot tell it.
 * @param message  the message
 * @param octets   0, the default: no estimate
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_message_set_size_estimate(struct envoi_message *message, uint64_t octets);

/** Says that the content is canonical: every line end, the last one too, is CR LF, and there is no NUL. Then it is not
 * scanned before MAIL, as if it could not be read again; if it has octets above 127, set ENVOI_BODY_8BIT. It is looked
 * at on its way out all the same: a bare CR or LF is repaired, and a NUL aborts the transfer.
 * @param message  the message
 * @param on       1: canonical; 0, the default: scan and repair
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_message_set_canonical(struct envoi_message *message, int on);

#define ENVOI_LONG_LINES_PASS   0 /**< they are sent as they are, and not looked for */
#define ENVOI_LONG_LINES_REFUSE 1 /**< nothing is sent */
#define ENVOI_LONG_LINES_TELL   2 /**< they are sent, and envoi_message_longest_line() tells of them */
/** Says how lines of more than 998 octets (RFC 5322 section 2.1.1) are treated, which some servers refuse, and others
 * cut or fold. With REFUSE, content that can be read before MAIL is refused there, and other content is given up at the
 * first such line: the connection is closed before the end of the content. Binary content has no lines.
 * @param message    the message
 * @param treatment  one of ENVOI_LONG_LINES_*; the default is PASS
 * @retval ENVOI_E_USAGE  another value
 * @returns a send then returns ENVOI_E_CONTENT if there is such a line
 * @since 0.1 */
int envoi_message_set_long_lines(struct envoi_message *message, int treatment);
/** Returns the octets of the longest line that was read in the last send, its end not counted; 0 with
 * ENVOI_LONG_LINES_PASS, and for NULL. @since 0.1 */
uint64_t envoi_message_longest_line(const struct envoi_message *message);

/** Returns how many octets of content were read from the source so far, for a progress bar. A scan before MAIL counts
 * too; the transfer may begin again at 0. @since 0.1 */
uint64_t envoi_message_progress(const struct envoi_message *message);
/** @} */

/** @name Another try
 * A message may be sent or submitted again, to the same server or another one. Recipients that are accepted or unknown
 * are passed over and keep their verdicts: there is no second copy. All others are tried, also refused ones,
 * unless envoi_message_keep() removes them. If none is left, the send or submit fails with ENVOI_E_USAGE. Content
 * that cannot be read again must be set anew.
 *
 * @code{.c}
 * // Sends until every recipient has a final verdict, at most `tries` times; `pause` waits between them.
 * int send_patiently(struct envoi_session *session, const char *server, struct envoi_message *message, int tries,
 *                    void (*pause)(void))
 * {
 *     int rc = ENVOI_OK;
 *
 *     while (tries-- > 0 && envoi_message_recipients(message)) {
 *         rc = envoi_session_connected(session) ? ENVOI_OK : envoi_session_connect(session, server);
 *         if (rc == ENVOI_OK)
 *             rc = envoi_session_send(session, message);
 *         print_verdicts(message);
 *         envoi_message_keep(message, ENVOI_KEEP_OPEN); // the final verdicts were printed
 *         if (tries > 0 && envoi_message_recipients(message))
 *             pause();
 *     }
 *     return rc; // of the last try
 * }
 * @endcode
 * @{ */
#define ENVOI_KEEP_NOT_ATTEMPTED 0x01u /**< ENVOI_VERDICT_NOT_ATTEMPTED, also before the first send */
#define ENVOI_KEEP_ACCEPTED      0x02u /**< ENVOI_VERDICT_ACCEPTED */
#define ENVOI_KEEP_DEFERRED      0x04u /**< ENVOI_VERDICT_DEFERRED */
#define ENVOI_KEEP_REFUSED       0x08u /**< ENVOI_VERDICT_REFUSED */
#define ENVOI_KEEP_UNKNOWN       0x10u /**< ENVOI_VERDICT_UNKNOWN */
#define ENVOI_KEEP_ALL           0x1fu /**< all of them */
/** Another try makes sense for these. */
#define ENVOI_KEEP_OPEN          (ENVOI_KEEP_NOT_ATTEMPTED | ENVOI_KEEP_DEFERRED)
/** Keeps the recipients with these verdicts and removes the others. Those that are kept close up: their indexes change,
 * their verdicts do not.
 * @param message   the message, after a send
 * @param verdicts  ENVOI_KEEP_*, one or several; 0: none
 * @retval ENVOI_E_USAGE  an unknown bit
 * @since 0.1 */
int envoi_message_keep(struct envoi_message *message, unsigned verdicts);
/** Forgets all verdicts: the next send goes to every recipient, and an accepted one gets another copy.
 * @param message  the message
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_message_forget_verdicts(struct envoi_message *message);
/** @} */

/** Is told of a reply to a command of the message, before the verdicts that follow from it are set. It is called in the
 * middle of a verb, under the rules for callbacks of a session; of the message it may only read.
 * @param ctx      as given to envoi_message_set_reply_callback()
 * @param message  the message
 * @param phase    ENVOI_PHASE_MAIL; ENVOI_PHASE_RCPT; ENVOI_PHASE_DATA (354, or a refusal); or ENVOI_PHASE_FINAL: the
 *                 reply to the content (RFC 5321 section 3.3), or to one chunk of it by BDAT (RFC 3030)
 * @param index    the recipient's, of RCPT, and of the content by LMTP (RFC 2033); else 0
 * @param reply    borrowed for the call
 * @since 0.1 */
typedef void envoi_message_reply_fn(void *ctx, struct envoi_message *message, int phase, size_t index,
                                    const struct envoi_reply *reply);
/** Sets the function that is told of the replies to MAIL, RCPT, DATA and the content, as they are read. A verdict keeps
 * the one reply that decided; this shows them all, with their lines as sent (envoi_reply_line()): the reply to an RCPT
 * that was accepted, for one. If a message is sent again, or its MAIL is, there are more of them.
 * @param message   the message
 * @param callback  NULL, the default: none
 * @param ctx       passed to it
 * @returns ENVOI_OK
 * @since 0.1 */
int envoi_message_set_reply_callback(struct envoi_message *message, envoi_message_reply_fn *callback, void *ctx);

/** @name After a send
 * Results and texts are valid until the next send, reset or free; addresses and enhanced codes only until the next
 * recipient is added. `index` counts recipients from 0, in the order in which they were added.
 * @{ */

/** Returns the result for the whole message, one of ENVOI_RESULT_*. @since 0.1 */
int envoi_message_result(const struct envoi_message *message);
/** Returns the options that were left out, separated by blanks; "" if none. @since 0.1 */
const char *envoi_message_dropped_options(const struct envoi_message *message);
/** Returns the number of recipients. @since 0.1 */
size_t envoi_message_recipients(const struct envoi_message *message);
/** Returns the address of a recipient, as it is sent; NULL if there is no such recipient. @since 0.1 */
const char *envoi_message_recipient(const struct envoi_message *message, size_t index);
/** Returns the verdict of a recipient, one of ENVOI_VERDICT_*. @since 0.1 */
int envoi_message_verdict(const struct envoi_message *message, size_t index);
/** Returns the reply code that decided, 0 if no reply did. @since 0.1 */
int envoi_message_verdict_code(const struct envoi_message *message, size_t index);
/** Returns the enhanced status code of that reply, "" if it has none. @since 0.1 */
const char *envoi_message_verdict_enhanced(const struct envoi_message *message, size_t index);
/** Returns the text of that reply or, if no reply decided, the reason; "" if there is none. @since 0.1 */
const char *envoi_message_verdict_reason(const struct envoi_message *message, size_t index);
/** Returns the phase of the decision, one of ENVOI_PHASE_* (session.h). @since 0.1 */
int envoi_message_verdict_phase(const struct envoi_message *message, size_t index);
/** Returns all of the verdict in one line for a person: "you@example.net: accepted: 250 2.0.0 queued".
 * @returns borrowed until the next call for the same recipient; NULL if there is no such recipient or no memory
 * @since 0.1 */
const char *envoi_message_verdict_text(struct envoi_message *message, size_t index);
/** @} */

/** Returns the name of a verdict: "accepted", "deferred", "refused", "not attempted", "unknown"; "?" for another
 * number. Lives for ever. @since 0.1 */
const char *envoi_verdict_name(int verdict);
/** Returns the name of a result: "sent", "partial", "refused", "unknown", "not sent"; "?" for another number. Lives for
 * ever. @since 0.1 */
const char *envoi_result_name(int result);

#ifdef __cplusplus
}
#endif

#endif
