/* SPDX-License-Identifier: MIT */
/* Secrets from files, credentials and commands. */
#include "accounts/exit_code.h"
#include "accounts/secret_source.h"
#include "programs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct secret secret;
static struct fault fault;

static int fetch(enum key key, const char *value, int64_t timeout)
{
    char where[64];
    snprintf(where, sizeof where, "--%s", vocabulary_word(key)->name);
    const struct secret_request request = {.where = where, .value = value, .timeout = timeout};
    return secret_source_of(key)->fetch(&secret, &request, &fault);
}

static int look(enum key key, const char *value)
{
    const struct secret_request request = {.where = "accounts.conf:7", .value = value};
    return secret_source_of(key)->check(&request, &fault);
}

static int from_octets(const void *octets, size_t len)
{
    char path[] = "/tmp/envoi-test-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, octets, len), (ssize_t)len);
    close(fd);
    int rc = fetch(KEY_PASSWORD_FILE, path, 0);
    unlink(path);
    return rc;
}

static int from_text(const char *text)
{
    return from_octets(text, strlen(text));
}

/* ---- files ---- */

Test(secret, file, .timeout = 10)
{
    cr_assert_eq(from_text("s3cret pass"), 0);
    cr_assert_str_eq(secret.text, "s3cret pass");
    cr_assert_eq(from_text("s3cret pass\n"), 0);
    cr_assert_str_eq(secret.text, "s3cret pass");
    cr_assert_eq(from_text("s3cret\r\n"), 0);
    cr_assert_str_eq(secret.text, "s3cret", "nothing of the longer one before is left");
    cr_assert_eq(secret.len, 6);
    cr_assert_eq(from_text(" x "), 0);
    cr_assert_str_eq(secret.text, " x ", "blanks belong to a password");
    secret_wipe(&secret);
    cr_assert(secret_is_wiped(&secret));
}

/* faults: 77, U18 */
Test(secret, wrong_files, .timeout = 10)
{
    static char large[SECRET_MAX + 2];
    memset(large, 'x', sizeof large);
    cr_assert_eq(from_text(""), 78);
    cr_assert_eq(from_text("\xef\xbb\xbfsecret\n"), 78);
    cr_assert(strstr(fault.text, "byte order mark"));
    cr_assert_eq(from_octets("\xff\xfes\0", 4), 78);
    cr_assert(strstr(fault.text, "UTF-16"));
    cr_assert_eq(from_text("secret\r"), 78);
    cr_assert(strstr(fault.text, "--password-file: ") && strstr(fault.text, "CR alone"));
    cr_assert_eq(from_text("one\rtwo\r"), 78);
    cr_assert_eq(from_text("secret\r\r\n"), 78);
    cr_assert_eq(from_text("a\xef\xbb\xbf"), 0);
    cr_assert_eq(from_text("one\ntwo\n"), 78);
    cr_assert_eq(from_text("one\n\n"), 78);
    cr_assert(secret_is_wiped(&secret));
    cr_assert_eq(from_octets("a\0b", 3), 78);
    cr_assert_eq(from_octets(large, SECRET_MAX), 0);
    cr_assert_eq(from_octets(large, SECRET_MAX + 1), 78);
    cr_assert(secret_is_wiped(&secret));
    cr_assert_eq(fetch(KEY_PASSWORD_FILE, "/nonexistent/file", 0), 78);
    cr_assert(strstr(fault.text, "--password-file") && strstr(fault.text, "/nonexistent/file"));
    cr_assert_eq(fetch(KEY_PASSWORD_FILE, "/", 0), 78);
    cr_assert_eq(fetch(KEY_PASSWORD_FILE, "/dev/null", 0), 0);
    cr_assert_str_eq(secret.text, "");
}

/* Who owns the file, its mode, who we are: may it be read? Rows with other users need root. */
static const struct {
    uid_t owner, we;
    mode_t mode;
    int exit;
} modes[] = {
    {0, 0, 0600, 0},        {0, 0, 0400, 0},     {0, 0, 0640, 0},       {0, 0, 0604, 78},
    {0, 0, 0644, 78},       {0, 0, 0620, 78},    {0, 0, 0602, 78},      {0, 0, 0711, 0},
    {1000, 0, 0600, 0},     {1000, 0, 0640, 78}, {1000, 1000, 0600, 0}, {1000, 1000, 0640, 78},
    {1000, 1000, 0604, 78}, {0, 1000, 0640, 0},  {0, 1000, 0644, 78},   {1001, 1000, 0640, 78},
};

/* faults: 80 */
Test(secret, files_of_others, .timeout = 20)
{
    uid_t us = geteuid();
    programs_begin(1);
    cr_assert_eq(chmod(programs_file("."), 0711), 0);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        uid_t owner = us ? us : modes[i].owner;
        if (us && (modes[i].owner != modes[i].we || !modes[i].owner))
            continue;
        programs_write("password", "s3cret\n", modes[i].mode);
        if (!us) {
            cr_assert_eq(chown(programs_file("password"), owner, 1000), 0);
            cr_assert_eq(setegid(1000), 0);
            cr_assert_eq(seteuid(modes[i].we), 0);
        }
        int rc = fetch(KEY_PASSWORD_FILE, programs_file("password"), 0);
        cr_expect_eq(rc, modes[i].exit, "row %zu: %d, %s", i, rc, fault.text);
        cr_expect_eq(look(KEY_PASSWORD_FILE, programs_file("password")), modes[i].exit, "row %zu", i);
        if (!us) {
            cr_assert_eq(seteuid(0), 0);
            cr_assert_eq(setegid(0), 0);
        }
    }
    programs_write("password", "s3cret\n", 0604);
    cr_assert_eq(chown(programs_file("password"), us, (gid_t)-1), 0);
    cr_assert_eq(fetch(KEY_PASSWORD_FILE, programs_file("password"), 0), 78);
    char expected[64];
    snprintf(expected, sizeof expected, "(owner %u, mode 0604, we are %u); run: chmod 600 '", us, us);
    cr_assert(strstr(fault.text, expected), "%s", fault.text);
    cr_assert(secret_is_wiped(&secret));
    programs_end();
}

Test(secret, file_is_looked_at, .timeout = 10)
{
    programs_begin(1);
    programs_write("password", "s3cret\n", 0600);
    programs_write("empty", "", 0600);
    cr_assert_eq(look(KEY_PASSWORD_FILE, programs_file("password")), 0);
    cr_assert_eq(look(KEY_PASSWORD_FILE, programs_file("empty")), 78);
    cr_assert(strstr(fault.text, "accounts.conf:7: '") && strstr(fault.text, "is empty"));
    cr_assert_eq(look(KEY_TOKEN_FILE, programs_file("nonesuch")), 78);
    cr_assert_eq(look(KEY_PASSPHRASE_FILE, programs_file(".")), 78);
    cr_assert_eq(look(KEY_PASSWORD_FILE, "/dev/null"), 0);
    programs_end();
}

/* ---- credentials of systemd and of containers ---- */

Test(secret, credential, .timeout = 10)
{
    const char *directory = programs_begin(1);
    programs_write("mail", "s3cret\n", 0444); /* who may enter the directory is the service manager's business */
    unsetenv("CREDENTIALS_DIRECTORY");
    if (access("/run/secrets", F_OK) < 0) {
        cr_assert_eq(fetch(KEY_PASSWORD_CREDENTIAL, "mail", 0), 78);
        cr_assert(strstr(fault.text, "$CREDENTIALS_DIRECTORY is not set") &&
                  strstr(fault.text, "LoadCredential=mail:"));
    }
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    cr_assert_eq(fetch(KEY_PASSWORD_CREDENTIAL, "mail", 0), 0);
    cr_assert_str_eq(secret.text, "s3cret");
    cr_assert_eq(look(KEY_PASSWORD_CREDENTIAL, "mail"), 0);
    cr_assert_eq(look(KEY_PASSWORD_CREDENTIAL, "nonesuch"), 78);
    cr_assert_eq(fetch(KEY_PASSWORD_CREDENTIAL, "nonesuch", 0), 78);
    cr_assert(strstr(fault.text, programs_file("nonesuch")));
    programs_end();
}

Test(secret, credential_stays_in_its_directory, .timeout = 10)
{
    static const char *const wrong[] = {"", ".", "..", "../mail", "/etc/passwd", "a/b"};
    setenv("CREDENTIALS_DIRECTORY", programs_begin(1), 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(fetch(KEY_PASSWORD_CREDENTIAL, wrong[i], 0), 78);
        cr_assert(strstr(fault.text, "without a slash"), "%s: %s", wrong[i], fault.text);
    }
    programs_end();
}

/* ---- commands ---- */

Test(secret, command, .timeout = 30)
{
    cr_assert_eq(fetch(KEY_PASSWORD_COMMAND, "printf 'a b'; echo c", 0), 0);
    cr_assert_str_eq(secret.text, "a bc");
    cr_assert_eq(fetch(KEY_PASSWORD_COMMAND, "cat; echo x", 0), 0, "its input is empty");
    cr_assert_str_eq(secret.text, "x");
    cr_assert_eq(look(KEY_PASSWORD_COMMAND, "exit 3"), 0, "it is not run");
}

/* faults: 77 */
Test(secret, wrong_commands, .timeout = 30)
{
    static const struct {
        const char *command, *text;
    } wrong[] = {
        {"exit 3", "exit code 3"},
        {"echo x; exit 1", "exit code 1"},
        {"true", "printed nothing"},
        {"kill -9 $$", "was killed"},
        {"printf 'a\\0b'", "NUL"},
        {"yes", "too long"},
        {"echo a; echo b", "one line, and there are more; to take the first: 'pass show NAME | head -n 1'"},
        {"/nonexistent/command 2>/dev/null", "exit code 127"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(fetch(KEY_PASSWORD_COMMAND, wrong[i].command, 0), 78, "%s", wrong[i].command);
        cr_assert(strstr(fault.text, wrong[i].text), "%s: %s", wrong[i].command, fault.text);
        cr_assert(secret_is_wiped(&secret), "%s", wrong[i].command);
        cr_assert_eq(fault.exit, 78);
    }
}

/* Neither a command nor a named pipe may hang for ever. */
/* faults: U18 */
Test(secret, in_time, .timeout = 30)
{
    static const char *const commands[] = {"sleep 3",
                                           "echo x; sleep 3",
                                           "sleep 3 & echo x",
                                           "exec sleep 3 & exit 1",
                                           "echo x; exec >&-; sleep 3",
                                           "trap '' TERM; while :; do sleep 1; done"};
    programs_begin(1);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        cr_assert_eq(fetch(KEY_PASSWORD_COMMAND, commands[i], 200), 78, "%s", commands[i]);
        cr_assert(strstr(fault.text, "in time") && strstr(fault.text, "--timeout"), "%s", fault.text);
        cr_assert(secret_is_wiped(&secret));
    }
    const char *path = programs_file("pipe");
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(fetch(KEY_PASSWORD_FILE, path, 200), 78);
    cr_assert(strstr(fault.text, "in time"));
    int writer = open(path, O_RDWR);
    cr_assert_eq(write(writer, "late\n", 5), 5);
    cr_assert_eq(fetch(KEY_PASSWORD_FILE, path, 200), 78, "it does not end");
    close(writer);
    programs_end();
}

/* Waits until nobody has the writing end of a pipe any more. */
static int is_closed_in_time(int reader)
{
    struct pollfd ready = {.fd = reader, .events = POLLIN};
    char octet;
    return poll(&ready, 1, 10000) == 1 && read(reader, &octet, 1) == 0;
}

/* When the time is over, what the command has started ends as well. Each of them holds the pipe. */
Test(secret, no_process_is_left, .timeout = 30)
{
    int ends[2];
    cr_assert(setsid() >= 0 || errno == EPERM); /* no terminal to ask a person on */
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(fetch(KEY_PASSWORD_COMMAND, "sleep 60 & (sleep 60; true) & sleep 60 | cat; true", 200), 78);
    close(ends[1]);
    cr_assert(is_closed_in_time(ends[0]));
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(fetch(KEY_PASSWORD_COMMAND, "yes & sleep 60", 20000), 78, "too long, and the rest goes too");
    close(ends[1]);
    cr_assert(is_closed_in_time(ends[0]));
}

/* Nor if this program is ended by a signal while it waits. */
Test(secret, the_command_does_not_survive, .timeout = 30)
{
#ifdef ENVOI_PORTABLE
    cr_skip_test("POSIX has nothing that tells a child of its parent's end");
#endif
    int ends[2], started[2], status;
    char octet;
    cr_assert(pipe(ends) == 0 && pipe2(started, O_CLOEXEC) == 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        char command[64];
        int fd = dup(started[1]);
        snprintf(command, sizeof command, "echo >/dev/fd/%d; exec sleep 60", fd);
        setsid();
        _exit(fetch(KEY_PASSWORD_COMMAND, command, 0));
    }
    close(started[1]);
    cr_assert_eq(read(started[0], &octet, 1), 1);
    cr_assert_eq(kill(child, SIGTERM), 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    close(ends[1]);
    cr_assert(is_closed_in_time(ends[0]));
}

/* A command may ask a person: it can read from the terminal of this program. */
Test(secret, a_command_asks_on_the_terminal, .timeout = 30)
{
    int terminal = -1, status;
    char seen[64] = "";
    size_t len = 0;
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    cr_assert_geq(child, 0);
    if (child == 0) {
        int rc = fetch(KEY_PASSWORD_COMMAND, "echo PIN: >/dev/tty; read -r pin </dev/tty; echo \"$pin\"", 20000);
        _exit(rc ? rc : strcmp(secret.text, "1234") ? 1 : 0);
    }
    while (!strstr(seen, "PIN:")) {
        ssize_t n = read(terminal, seen + len, sizeof seen - 1 - len);
        cr_assert_gt(n, 0);
        len += (size_t)n;
    }
    cr_assert_eq(write(terminal, "1234\n", 5), 5);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", (unsigned)status);
    close(terminal);
}

/* A program starts with the usual signals, whatever this one does with them. */
Test(secret, signals_of_the_command, .timeout = 20)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(fetch(KEY_PASSWORD_COMMAND, "kill -TERM $$; echo x", 0), 78);
    cr_assert(strstr(fault.text, "was killed"), "%s", fault.text);
    cr_assert_eq(fetch(KEY_PASSWORD_COMMAND, "kill -PIPE $$; echo x", 0), 78);
}

/* faults: S13 */
Test(secret, no_core_dump, .timeout = 10)
{
    struct rlimit limit;
    secret_forbid_core_dump();
#ifndef ENVOI_PORTABLE
    cr_assert_eq(prctl(PR_GET_DUMPABLE), 0);
#endif
    cr_assert(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0);
}
