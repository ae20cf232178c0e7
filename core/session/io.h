/* SPDX-License-Identifier: MIT */
/* Octets between the engine and the socket. Nothing here waits. */
#ifndef SESSION_IO_H
#define SESSION_IO_H

#include "session/session.h"

/* Gives the engine what there is to read. To be called when the socket is said to be readable. */
void io_receive(struct envoi_session *s);
/* Sends what the engine has, as far as the socket takes it. */
void io_send(struct envoi_session *s);

#endif
