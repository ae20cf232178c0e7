/* SPDX-License-Identifier: MIT */
/* scripted STEP...: a server for one connection, for what no real server does on demand. It prints its port on
 * 127.0.0.1 and then takes the steps:
 *
 *     "<"   reads a line
 *     "<."  reads content, to the line with the dot
 *     "<<"  reads until the client closes
 *     else  sends the step and CR LF
 *
 * After the last it closes. It lives for a minute at most. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIFE_SECONDS 60

static int listen_on_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
        perror("scripted");
        return -1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* Reads until what was read last is `end`; NULL: to the end. Returns 0, or -1 when the client is gone before that. */
static int read_until(int fd, const char *end)
{
    char tail[8] = "";
    size_t want = end ? strlen(end) : 0, have = 0;
    char octet;
    while (read(fd, &octet, 1) == 1) {
        if (!end)
            continue;
        if (have == want)
            memmove(tail, tail + 1, --have);
        tail[have++] = octet;
        if (have == want && !memcmp(tail, end, want))
            return 0;
    }
    return end ? -1 : 0;
}

static int take(int fd, const char *step)
{
    if (!strcmp(step, "<"))
        return read_until(fd, "\n");
    if (!strcmp(step, "<."))
        return read_until(fd, "\r\n.\r\n");
    if (!strcmp(step, "<<"))
        return read_until(fd, NULL);
    return dprintf(fd, "%s\r\n", step) < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    alarm(LIFE_SECONDS);
    int listener = listen_on_free_port();
    int fd = listener < 0 ? -1 : accept(listener, NULL, NULL);
    if (fd < 0)
        return 1;
    for (int i = 1; i < argc; i++)
        if (take(fd, argv[i]) < 0)
            return 1;
    close(fd);
    return 0;
}
