/* SPDX-License-Identifier: MIT */
/* A password that is asked for when it is needed: once, and nothing else is. */
#include "login.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <pty.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(login, .timeout = 20);

static int ask(struct login *login, unsigned credential, const char *expected)
{
    const char *data = NULL;
    size_t len = 0;
    int rc = login_answer(login, credential, "PLAIN", &data, &len);
    return rc ? rc : len == strlen(expected) && !memcmp(data, expected, len) ? 0 : 1;
}

/* In a process with a terminal of its own. The answer to a second prompt would never come. */
_Noreturn static void ask_twice(void)
{
    struct login login = {.prompt = "Password: "};
    int wrong = ask(&login, ENVOI_CRED_TOKEN, "") != ENVOI_E_CANCELLED ||
                ask(&login, ENVOI_CRED_AUTHZID, "") != ENVOI_E_CANCELLED || login.asked;
    wrong = wrong || ask(&login, ENVOI_CRED_PASSWORD, "s3cret pass") || ask(&login, ENVOI_CRED_PASSWORD, "s3cret pass");
    login_end(&login, NULL, ENVOI_OK);
    _exit(wrong || login.fault.exit);
}

Test(login, asked_once)
{
    char seen[64] = "";
    size_t len = 0;
    int terminal = -1, status = -1;
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    cr_assert_geq(child, 0);
    if (child == 0)
        ask_twice();
    while (!strstr(seen, "Password: ")) {
        ssize_t n = read(terminal, seen + len, sizeof seen - 1 - len);
        cr_assert_gt(n, 0);
        len += (size_t)n;
    }
    cr_assert_eq(write(terminal, "s3cret pass\n", 12), 12);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
    close(terminal);
}

Test(login, no_terminal)
{
    int status = -1;
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct login login = {.prompt = "Password: "};
        setsid();
        int rc = ask(&login, ENVOI_CRED_PASSWORD, "");
        _exit(rc == ENVOI_E_CANCELLED && login.fault.exit == 78 ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
}
