/* SPDX-License-Identifier: MIT */
/* A dialogue of smtp_server.h over descriptors: a socket, or standard input and output. */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

struct smtp_server;

/* How a dialogue has ended. */
enum serve_end {
    SERVE_OVER, /* by QUIT, or by the server */
    SERVE_GONE, /* the client has closed the connection, or it was lost */
    SERVE_IDLE, /* the client has said nothing, or taken nothing, for too long */
};

/* Talks until the end. The server gets what `in` has, and `out` its replies; both may be the same, and neither is
 * closed. SIGPIPE must be ignored. */
enum serve_end serve(struct smtp_server *server, int in, int out, int idle_ms);

#endif
