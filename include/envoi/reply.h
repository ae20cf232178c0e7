/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The reply of a server to one command (RFC 5321 section 4.2). A reply belongs to the session it was read from.
 */
#ifndef ENVOI_REPLY_H
#define ENVOI_REPLY_H

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_reply;

/** The three digits.
 * @param reply  NULL: 0
 * @returns 200..599, or 0 when no reply was read */
int envoi_reply_code(const struct envoi_reply *reply);

/** The text, without codes; the lines of a multi-line reply are joined by '\n'. It is the server's word: control
 * characters other than '\n' and tab were replaced by '?', so that it can be printed.
 * @param reply  NULL: ""
 * @returns UTF-8 or whatever the server sent; NUL-terminated; as long-lived as the reply */
const char *envoi_reply_text(const struct envoi_reply *reply);

/** The enhanced status code (RFC 2034, RFC 3463) that the text began with, such as "5.1.1".
 * @param reply  NULL: ""
 * @returns "" when there was none; as long-lived as the reply */
const char *envoi_reply_enhanced(const struct envoi_reply *reply);

#ifdef __cplusplus
}
#endif

#endif
