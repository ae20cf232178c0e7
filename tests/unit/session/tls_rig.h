/* SPDX-License-Identifier: MIT */
/* What most tests of TLS begin and end with: a server with a good certificate, and a library with the plugins. */
#ifndef SESSION_TLS_RIG_H
#define SESSION_TLS_RIG_H

#include "../../peers/tls_server.h"

#include <envoi/envoi.h>

#define PKI(file) PKI_DIR "/" file

extern struct envoi_library *library;
extern struct tls_server *server;

/* The server is as `config` says, with the certificate good.chain.pem for mail.example.test, and speaks TLS 1.3 unless
 * another version is given. The library uses this backend and trusts ca.pem. */
void tls_rig_begin(const struct tls_server_config *config, const char *backend);
void tls_rig_finish(void);
/* A session that verifies mail.example.test. */
struct envoi_session *tls_rig_session(int tls);
/* Reads a file into pem[], and returns its length. */
extern char pem[20000];
size_t tls_rig_read(const char *path);
/* The fingerprint in a file, as text that is valid until the next one is read. */
const char *tls_rig_pin(const char *path);

#endif
