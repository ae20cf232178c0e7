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

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_reply;

/** Returns the three-digit reply code.
 * @param reply  may be NULL
 * @returns 200 to 599; 0 if no reply has been read, or for NULL; ENVOI_E_PROTOCOL (-80) if the octets that came are no
 * reply: see envoi_reply_line()
 * @since 0.1 */
int envoi_reply_code(const struct envoi_reply *reply);

/** Returns the text without the codes. The lines of a multi-line reply are joined by '\n'. It can be printed: octets
 * that are not UTF-8, and characters that control a terminal or the direction of writing, are replaced by '?' ('\n' and
 * tab stay).
 * @param reply  may be NULL
 * @returns well-formed UTF-8, NUL-terminated; "" for NULL; borrowed as long as the reply
 * @since 0.1 */
const char *envoi_reply_text(const struct envoi_reply *reply);

/** Returns the enhanced status code (RFC 2034, RFC 3463), such as "5.1.1". It is not repeated in the text.
 * @param reply  may be NULL
 * @returns "" if the reply has none, or for NULL; borrowed as long as the reply
 * @since 0.1 */
const char *envoi_reply_enhanced(const struct envoi_reply *reply);

/** Returns the number of lines of the reply.
 * @param reply  may be NULL
 * @returns 0 if no reply has been read, for NULL, and for a challenge of a login (334), whose text is not kept unless
 * envoi_session_docmd() asked for it
 * @since 0.1 */
size_t envoi_reply_lines(const struct envoi_reply *reply);

/** Returns a line as the server sent it: the octets behind the code and its blank or "-", with the enhanced status
 * code, without the line end, unchanged. They may be anything, so they are not for printing. (Here, too, a password
 * that the server repeats is replaced by '*'.)
 *
 * If envoi_reply_code() is ENVOI_E_PROTOCOL there is one line: the whole line that could not be parsed, or as much of
 * it as came, at most 512 octets. It alone can have a NUL inside.
 * @param reply  may be NULL
 * @param index  from 0
 * @param len    set to the number of octets, 0 if there is no such line; may be NULL
 * @returns NUL-terminated; NULL: there is no such line; borrowed as long as the reply
 * @since 0.1 */
const char *envoi_reply_line(const struct envoi_reply *reply, size_t index, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
