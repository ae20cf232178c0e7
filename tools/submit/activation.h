/* SPDX-License-Identifier: MIT */
/* The socket that systemd has opened (sd_listen_fds(3), without its library). */
#ifndef SUBMIT_ACTIVATION_H
#define SUBMIT_ACTIVATION_H

struct fault;

/* Takes the one listening unix socket that was passed to this process. The variables of the environment are removed,
 * and no program that is executed later has the socket. Returns 0 with the descriptor in *fd, or an exit code with
 * *fault filled. */
int activation_take(int *fd, struct fault *fault);

#endif
