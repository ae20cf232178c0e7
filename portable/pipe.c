/* SPDX-License-Identifier: MIT */
#include "portable/pipe.h"

#include <fcntl.h>
#include <unistd.h>

int pipe_open(int ends[2])
{
#ifdef HAVE_PIPE2
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) < 0)
        return -1;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC); /* fails only for what is not open */
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}
