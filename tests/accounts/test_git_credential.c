/* SPDX-License-Identifier: MIT */
/* Passwords from git credential: what it is asked, how its answer is read, what it is told back. */
#include "accounts/git_credential.h"
#include "programs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1000

static struct secret secret;
static struct fault fault;
static struct secret_request request = {
    .where = "--password-git", .host = "mail.example.org:587", .user = "me", .timeout = 20000};

static void begin(void)
{
    cr_assert(setsid() >= 0 || errno == EPERM); /* no terminal */
    programs_begin(1);
    unsetenv("GIT_TERMINAL_PROMPT");
    unsetenv("GIT_ASKPASS");
    unsetenv("GIT_DIR");
}

TestSuite(git_credential, .init = begin, .fini = programs_end, .timeout = 30);

/* ---- the answer ---- */

static const struct {
    const char *answer;
    const char *password; /* NULL: refused */
    const char *text;
    int64_t expires;
} answers[] = {
    {"protocol=smtp\nhost=mail.example.org:587\nusername=me\npassword=s3cret\n", "s3cret", NULL, 0},
    {"password=s3cret", "s3cret", NULL, 0},
    {"password= a=b \n\npassword=later\n", " a=b ", NULL, 0},
    {"password=one\npassword=two\n", "two", NULL, 0},
    {"capability[]=authtype\nwwwauth[]=x\nnew=1\npassword=s3cret\n", "s3cret", NULL, 0},
    {"password=s3cret\npassword_expiry_utc=1001\n", "s3cret", NULL, 1001},
    {"password=s3cret\npassword_expiry_utc=soon\n", "s3cret", NULL, 0},
    {"password=s3cret\npassword_expiry_utc=\n", "s3cret", NULL, 0},
    {"password=s3cret\npassword_expiry_utc=99999999999999999999999999\n", "s3cret", NULL, 0},
    {"password=s3cret\nquit=0\n", "s3cret", NULL, 0},
    {"password=s3cret\npassword_expiry_utc=1000\n", NULL, "out of date", 0},
    {"password=s3cret\nquit=1\n", NULL, "no other may be asked", 0},
    {"quit=true\n", NULL, "no other may be asked", 0},
    {"username=you\npassword=s3cret\n", NULL, "another user", 0},
    {"username=me2\npassword=s3cret\n", NULL, "another user", 0},
    {"password=s3cret\nrubbish\n", NULL, "without '='", 0},
    {"password=\n", NULL, "knows no password", 0},
    {"", NULL, "knows no password", 0},
    {"\npassword=s3cret\n", NULL, "knows no password", 0},
    {"passwor=s3cret\npasswords=s3cret\n", NULL, "knows no password", 0},
    {"password=s3\rcret\n", NULL, "carriage return", 0},
};

Test(git_credential, answers)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        secret_wipe(&secret);
        secret.len = strlen(answers[i].answer);
        memcpy(secret.text, answers[i].answer, secret.len);
        int rc = git_credential_read(&secret, &request, NOW, &fault);
        cr_expect_eq(rc, answers[i].password ? 0 : 78, "%zu: %s", i, fault.text);
        if (!answers[i].password) {
            cr_expect(strstr(fault.text, answers[i].text), "%zu: %s", i, fault.text);
            cr_expect(secret_is_wiped(&secret));
            continue;
        }
        cr_expect_str_eq(secret.text, answers[i].password, "%zu", i);
        cr_expect_eq(secret.len, strlen(answers[i].password));
        cr_expect_eq(secret.expires, answers[i].expires, "%zu", i);
        for (size_t at = secret.len; at < sizeof secret.text; at++)
            cr_assert_eq(secret.text[at], 0, "the rest of the answer is wiped");
    }
}

Test(git_credential, nul_in_the_answer)
{
    static const char answer[] = "password=a\0b\n";
    secret.len = sizeof answer - 1;
    memcpy(secret.text, answer, secret.len);
    cr_assert_eq(git_credential_read(&secret, &request, NOW, &fault), 78);
}

/* ---- a program in its place ---- */

#define FAKE                                                                                                           \
    "echo \"$* prompt=$GIT_TERMINAL_PROMPT askpass=$GIT_ASKPASS\" >>log; cat >>log; "                                  \
    "cat answer 2>/dev/null; exit $(cat code 2>/dev/null || echo 0)"

Test(git_credential, question_and_outcome)
{
    programs_add("git", FAKE);
    programs_write("answer", "protocol=smtp\nusername=me\npassword=s3cret\npassword_expiry_utc=4000000000\n", 0600);
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 0, "%s", fault.text);
    cr_assert_str_eq(secret.text, "s3cret");
    cr_assert_str_eq(programs_read("log"), "-C / credential fill prompt=0 askpass=\n"
                                           "protocol=smtp\nhost=mail.example.org:587\nusername=me\n\n");
    unlink(programs_file("log"));
    cr_assert_eq(git_credential_tell(&secret, &request, 1, &fault), 0);
    cr_assert_str_eq(programs_read("log"), "-C / credential approve prompt=0 askpass=true\n"
                                           "protocol=smtp\nhost=mail.example.org:587\nusername=me\npassword=s3cret\n"
                                           "password_expiry_utc=4000000000\n\n");
    unlink(programs_file("log"));
    cr_assert_eq(git_credential_tell(&secret, &request, 0, &fault), 0);
    cr_assert(strstr(programs_read("log"), "credential reject "));
}

Test(git_credential, failures)
{
    programs_add("git", FAKE);
    programs_write("answer", "password=s3cret\n", 0600);
    programs_write("code", "128", 0600);
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 78);
    cr_assert(strstr(fault.text, "--password-git: git credential fill gave no password (exit code 128)"));
    cr_assert(secret_is_wiped(&secret));
    cr_assert_eq(git_credential_tell(&secret, &request, 1, &fault), 78);
    cr_assert(strstr(fault.text, "approve failed with exit code 128"));
    programs_add("git", "exec sleep 60");
    request.timeout = 200;
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 78);
    cr_assert(strstr(fault.text, "in time"));
}

/* A line end would begin a line of its own: another host, or a password. */
Test(git_credential, nothing_is_smuggled)
{
    static const char *const users[] = {"me\nhost=evil.example", "me\r", "", NULL};
    static const char *const hosts[] = {"mail.example.org\nusername=root", "/run/socket", "", NULL};
    programs_add("git", FAKE);
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        struct secret_request wrong = request;
        wrong.user = users[i];
        cr_assert_eq(git_credential_fetch(&secret, &wrong, &fault), 78);
        wrong = request;
        wrong.host = hosts[i];
        cr_assert_eq(git_credential_fetch(&secret, &wrong, &fault), 78);
    }
    cr_assert_str_eq(programs_read("log"), "", "git was not run");
}

Test(git_credential, values_are_no_commands)
{
    struct secret_request odd = request;
    odd.user = "$(touch made) `touch made` ; touch made";
    programs_add("git", FAKE);
    programs_write("answer", "password=s3cret\n", 0600);
    cr_assert_eq(git_credential_fetch(&secret, &odd, &fault), 0);
    cr_assert(strstr(programs_read("log"), "username=$(touch made) `touch made` ; touch made\n"));
    cr_assert_lt(access(programs_file("made"), F_OK), 0);
}

Test(git_credential, no_git)
{
    setenv("PATH", "/nonexistent", 1);
    cr_assert_eq(git_credential_check(&request, &fault), 78);
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 78);
    cr_assert(strstr(fault.text, "no git in $PATH"));
}

/* ---- git itself ---- */

static int is_git_here(void)
{
    return git_credential_check(&request, &fault) == 0;
}

Test(git_credential, real_git)
{
    if (!is_git_here())
        cr_skip_test("there is no git");
    programs_write(".gitconfig", "[credential]\n\thelper = store\n", 0600);
    secret.len = (size_t)snprintf(secret.text, sizeof secret.text, "s3cret pass");
    cr_assert_eq(git_credential_store(&secret, &request, &fault), 0, "%s", fault.text);
    secret_wipe(&secret);
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 0, "%s", fault.text);
    cr_assert_str_eq(secret.text, "s3cret pass");
    request.user = "you";
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 78, "another user");
    request.user = "me";
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 0);
    cr_assert_eq(git_credential_tell(&secret, &request, 0, &fault), 0);
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 78, "it was refused, and is gone");
}

Test(git_credential, store_without_helper)
{
    if (!is_git_here())
        cr_skip_test("there is no git");
    programs_write(".gitconfig", "[credential]\n\thelper = \"\"\n", 0600);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    secret.len = (size_t)snprintf(secret.text, sizeof secret.text, "s3cret pass");
    cr_assert_eq(git_credential_store(&secret, &request, &fault), 78);
    cr_assert(strstr(fault.text, "git does not keep the password") && strstr(fault.text, "credential.helper"));
}

/* The folder in which the program happens to run may be somebody else's repository. */
Test(git_credential, no_helper_of_a_repository)
{
    char before[4096];
    if (!is_git_here())
        cr_skip_test("there is no git");
    cr_assert(getcwd(before, sizeof before));
    cr_assert_eq(system("cd \"$HOME\" && git init -q repository && cd repository && "
                        "git config credential.helper '!touch \"$HOME/made\"; echo password=x;'"),
                 0);
    cr_assert_eq(chdir(programs_file("repository")), 0);
    cr_assert_eq(git_credential_fetch(&secret, &request, &fault), 78);
    cr_assert_lt(access(programs_file("made"), F_OK), 0);
    cr_assert_eq(chdir(before), 0);
}
