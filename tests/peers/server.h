/* SPDX-License-Identifier: MIT */
/* A server in a thread that follows a script, on TCP at 127.0.0.1 or on a unix socket. Lines of the script:
 *
 *   > TEXT     sends TEXT and CR LF
 *   >> TEXT    sends TEXT alone
 *   < TEXT     reads a line, which must begin with TEXT
 *   .          reads lines up to a lone dot
 *   eof        reads the end of the connection
 *   close      closes, in good order
 *   reset      closes with a RST
 *   gone       reads, and throws away, until the client has closed
 *   still      reads nothing until the client has closed or the test stops the server
 *   drip TEXT  sends one octet of TEXT every 40 ms, until the client has closed
 *   accept     waits for the next connection (the first one needs no accept)
 *   polite     greets, takes every message, and goes on so with the next connection until the test stops the server */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

#include <stdint.h>

struct server;

/* script: NULL-terminated. */
struct server *server_start(const char *const *script);
/* The same on a unix socket, which is made at path. */
struct server *server_start_at(const char *path, const char *const *script);
/* "127.0.0.1:PORT", or the path */
const char *server_where(const struct server *s);
/* Ends it. NULL: the script was followed to its end; else the failure's text, valid until the next server is
 * started. */
const char *server_stop(struct server *s);

#endif
