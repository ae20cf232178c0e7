/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECONDS 30

static int peer;
static int turned; /* after STARTTLS */

static void put(const char *text)
{
    for (; *text; text++) {
        unsigned char octet = (unsigned char)(turned ? *text ^ 0x55 : *text);

        if (send(peer, &octet, 1, MSG_NOSIGNAL) != 1)
            _exit(3);
    }
}

/* A line without its end; the server gives up when the connection ends. */
static const char *get(void)
{
    static char line[1024];
    size_t len = 0;

    while (len + 1 < sizeof line) {
        unsigned char octet;

        if (read(peer, &octet, 1) != 1)
            _exit(4);
        line[len] = (char)(turned ? octet ^ 0x55 : octet);
        if (line[len] == '\n')
            break;
        len++;
    }
    line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
    return line;
}

static void begin_turning(void)
{
    char hello[4];

    put("220 go ahead\r\n");
    if (recv(peer, hello, sizeof hello, MSG_WAITALL) != sizeof hello || memcmp(hello, "XOR?", 4) != 0)
        _exit(5);
    put("XOR!");
    turned = 1;
}

/* The word and what is answered; NULL: see below. */
static const struct {
    const char *word, *answer;
} answers[] = {
    {"STARTTLS", NULL},
    {"DATA", NULL},
    {"QUIT", NULL},
    {"MAIL FROM:", "250 2.1.0 ok\r\n"},
    {"RCPT TO:", "250 2.1.5 ok\r\n"},
    /* "secret" backwards, in base64 */
    {"AUTH X-REVERSE dGVyY2Vz", "235 2.7.0 welcome\r\n"},
    {"", "500 5.5.1 what?\r\n"},
};

static int take_content(void)
{
    int seen = 0;
    const char *line;

    put("354 go on\r\n");
    while (strcmp(line = get(), ".") != 0)
        seen |= strcmp(line, "Hello from outside.") == 0;
    put(seen ? "250 2.0.0 taken\r\n" : "554 5.6.0 not that\r\n");
    return seen;
}

static _Noreturn void serve(void)
{
    int delivered = 0;

    put("220 test ESMTP\r\n");
    for (;;) {
        const char *line = get();
        size_t i = 0;

        if (strncasecmp(line, "EHLO ", 5) == 0) {
            put(turned ? "250-test\r\n250 AUTH PLAIN X-REVERSE\r\n" : "250-test\r\n250 STARTTLS\r\n");
            continue;
        }
        while (strncasecmp(line, answers[i].word, strlen(answers[i].word)) != 0)
            i++;
        if (answers[i].answer)
            put(answers[i].answer);
        else if (strcmp(answers[i].word, "STARTTLS") == 0)
            begin_turning();
        else if (strcmp(answers[i].word, "DATA") == 0)
            delivered |= take_content();
        else {
            put("221 2.0.0 bye\r\n");
            _exit(delivered && turned ? 0 : 6);
        }
    }
}

int server_start(pid_t *pid)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        return -1;
    if ((*pid = fork()) < 0)
        return -1;
    if (*pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)alarm(SECONDS);
        if ((peer = accept(listener, NULL, NULL)) < 0)
            _exit(2);
        serve();
    }
    close(listener);
    return ntohs(address.sin_port);
}
