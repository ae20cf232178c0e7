/* SPDX-License-Identifier: MIT */
/* A set-uid program takes nothing from its caller: no file of the user's, no variable. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs ./helper, and returns what it printed. */
static const char *ask(void)
{
    static char out[512];
    FILE *pipe = popen("HOME=$PWD XDG_CONFIG_HOME= ENVOI_ACCOUNT=b NAME=n ./helper ./accounts.conf 2>&1", "r");
    cr_assert(pipe);
    out[fread(out, 1, sizeof out - 1, pipe)] = '\0';
    pclose(pipe);
    return out;
}

Test(secure, set_uid, .timeout = 20)
{
    char folder[] = "/tmp/envoi-accounts-XXXXXX";
    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    cr_assert_eq(chmod(".", 0755), 0);
    cr_assert_eq(system("cp " SECURE_HELPER " helper"), 0);
    FILE *file = fopen("accounts.conf", "w");
    cr_assert(file);
    fputs("default = a\n[a]\nhelo-env = NAME\n[b]\nhelo = b\n", file);
    fclose(file);
    chmod("accounts.conf", 0644);
    cr_expect_str_eq(ask(), "user, b, b\n");
    if (geteuid() == 0) {
        cr_assert_eq(chown("helper", 65534, 65534), 0);
        cr_assert_eq(chmod("helper", 04755), 0);
        cr_expect_str_eq(ask(), "no user, a, ./accounts.conf:3: helo-env: a set-uid program reads no environment\n");
    }
    unlink("helper");
    unlink("accounts.conf");
    rmdir(folder);
}
