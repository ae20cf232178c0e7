/* SPDX-License-Identifier: MIT */
/* A unix socket counts as safe for a password if its server is root's or our own, and not if it is another user's. */
#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(owner, .timeout = 30);

#define NOBODY 65534

static char path[64];

static void reply_to(int fd, const char *text)
{
    char line[512];

    if (read(fd, line, sizeof line) > 0)
        (void)!write(fd, text, strlen(text));
}

/* In a child: takes any login. */
static void serve(int listener)
{
    int fd = accept(listener, NULL, NULL);
    char rest[512];

    (void)!write(fd, "220 here\r\n", 10);
    reply_to(fd, "250-here\r\n250 AUTH X-TOY\r\n");
    reply_to(fd, "235 welcome\r\n");
    while (read(fd, rest, sizeof rest) > 0)
        ;
    _exit(0);
}

/* A server of that user. */
static pid_t start(uid_t user)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int ready[2];
    char octet;
    pid_t child;

    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    unlink(path);
    cr_assert_eq(pipe(ready), 0);
    if (!(child = fork())) {
        int listener = socket(AF_UNIX, SOCK_STREAM, 0);

        if (setresuid(user, user, user) || bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4))
            _exit(1);
        (void)!write(ready[1], "x", 1);
        serve(listener);
    }
    cr_assert_eq(read(ready[0], &octet, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static int step(void *ctx, const void *challenge, size_t len, const void **response, size_t *response_len, int *done)
{
    (void)ctx;
    (void)challenge;
    (void)len;
    (void)done;
    *response = "secret";
    *response_len = 6;
    return ENVOI_OK;
}

static void log_in(uid_t user, int allow, int expected)
{
    pid_t child = start(user);
    struct envoi_library *library;
    struct envoi_session *session;
    int rc;

    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(envoi_session_allow_cleartext_auth(session, allow), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(session, path), ENVOI_OK, "%s", envoi_session_error(session));
    rc = envoi_session_auth_with(session, "X-TOY", 0, step, NULL);
    cr_expect_eq(rc, expected, "user %u: %s: %s", (unsigned)user, envoi_error_name(rc), envoi_session_error(session));
    envoi_session_free(session);
    envoi_library_free(library);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* faults: S13 */
Test(owner, of_a_unix_socket)
{
    char dir[] = "/tmp/envoi-test-XXXXXX";

    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(chmod(dir, 0777), 0);
    snprintf(path, sizeof path, "%s/socket", dir);
    log_in(geteuid(), 0, ENVOI_OK);
    if (geteuid() == 0) { /* only root can be another user */
        log_in(NOBODY, 0, ENVOI_E_NO_MECHANISM);
        log_in(NOBODY, 1, ENVOI_OK);
        cr_assert_eq(seteuid(NOBODY), 0);
        unlink(path);
        cr_assert_eq(seteuid(0), 0);
    }
    unlink(path);
    rmdir(dir);
}
