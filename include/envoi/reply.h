/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A reply: the server's answer to one command (RFC 5321 section 4.2).
 *
 * A session owns its replies. envoi_session_reply() gives the last one and envoi_session_greeting() the first; both are
 * borrowed until the next verb, envoi_session_process() or envoi_session_close(). Every function takes NULL.
 *
 * @code{.c}
 * // Asks the server for its help text and prints the reply.
 * int print_help(struct envoi_session *session)
 * {
 *     int rc = envoi_session_help(session, NULL);
 *     const struct envoi_reply *reply = envoi_session_reply(session);
 *
 *     if (rc == ENVOI_OK) // whatever the code is
 *         printf("%d %s %s\n", envoi_reply_code(reply), envoi_reply_enhanced(reply), envoi_reply_text(reply));
 *     return rc;
 * }
 * @endcode
 */
#ifndef ENVOI_REPLY_H
#define ENVOI_REPLY_H

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_reply;

/** Returns the three-digit reply code.
 * @param reply  may be NULL
 * @returns 200 to 559; 0 if no reply has been read, or for NULL
 * @since 0.1 */
int envoi_reply_code(const struct envoi_reply *reply);

/** Returns the text without the codes. The lines of a multi-line reply are joined by '\n'. Control characters other
 * than '\n' and tab are replaced by '?', so that the text can be printed.
 * @param reply  may be NULL
 * @returns the server's octets, which need not be UTF-8, NUL-terminated; "" for NULL; borrowed as long as the reply
 * @since 0.1 */
const char *envoi_reply_text(const struct envoi_reply *reply);

/** Returns the enhanced status code (RFC 2034, RFC 3463), such as "5.1.1". It is not repeated in the text.
 * @param reply  may be NULL
 * @returns "" if the reply has none, or for NULL; borrowed as long as the reply
 * @since 0.1 */
const char *envoi_reply_enhanced(const struct envoi_reply *reply);

#ifdef __cplusplus
}
#endif

#endif
