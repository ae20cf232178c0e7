/* SPDX-License-Identifier: MIT */
/* The user's certificates, where libESMTP has them:
 *
 *   $XDG_CONFIG_DIR/libesmtp (that is its name), or ~/.config/libesmtp
 *       ca.pem, ca/               CA certificates, in place of the system's
 *       private/HOST.pem          the client's certificate and key for this server
 *       private/smtp-starttls.pem ... for all
 *   ~/.authenticate               as builds without XDG had it: ca.pem, ca/, HOST/private/smtp-starttls.pem,
 *                                 private/smtp-starttls.pem */
#ifndef LIBESMTP_FILES_H
#define LIBESMTP_FILES_H

struct smtp_session;

/* Gives them to envoi, for the handshake that follows. 1; 0: a file is there and cannot be used; the error is set, and
 * the program was told. */
int files_apply(struct smtp_session *s);

#endif
