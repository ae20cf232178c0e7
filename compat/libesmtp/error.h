/* SPDX-License-Identifier: MIT */
/* The number of the last failure, for each thread its own. */
#ifndef LIBESMTP_ERROR_H
#define LIBESMTP_ERROR_H

struct envoi_session;

/* Each sets the number and returns 0, as the functions of libesmtp.h do. */

int error_set(int number); /* SMTP_ERR_* */
int error_set_errno(int number);
/* A failure of envoi: the number that libESMTP has for it, or one from 100 on, whose text is that of the session. */
int error_set_envoi(const struct envoi_session *session, int rc);
/* The same, with a text of our own. */
int error_set_text(int rc, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
