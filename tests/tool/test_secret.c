/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct secret secret;
static struct fault fault;

static int from_octets(const void *octets, size_t len)
{
    char path[] = "/tmp/envoi-test-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, octets, len), (ssize_t)len);
    close(fd);
    int rc = secret_from_file(&secret, "--password-file", path, 0, &fault);
    unlink(path);
    return rc;
}

static int from_text(const char *text)
{
    return from_octets(text, strlen(text));
}

static int is_wiped(void)
{
    for (size_t i = 0; i < sizeof secret.text; i++)
        if (secret.text[i])
            return 0;
    return secret.len == 0;
}

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
    cr_assert(is_wiped());
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
    cr_assert(is_wiped());
    cr_assert_eq(from_octets("a\0b", 3), 78);
    cr_assert_eq(from_octets(large, SECRET_MAX), 0);
    cr_assert_eq(from_octets(large, SECRET_MAX + 1), 78);
    cr_assert(is_wiped());
    cr_assert_eq(secret_from_file(&secret, "--password-file", "/nonexistent/file", 0, &fault), 78);
    cr_assert(strstr(fault.text, "--password-file") && strstr(fault.text, "/nonexistent/file"));
    cr_assert_eq(secret_from_file(&secret, "--password-file", "/", 0, &fault), 78);
    cr_assert_eq(secret_from_file(&secret, "--password-file", "/dev/null", 0, &fault), 0);
    cr_assert_str_eq(secret.text, "");
}

Test(secret, command, .timeout = 30)
{
    cr_assert_eq(secret_from_command(&secret, "--password-command", "printf 'a b'; echo c", 0, &fault), 0);
    cr_assert_str_eq(secret.text, "a bc");
    cr_assert_eq(secret_from_command(&secret, "--password-command", "cat; echo x", 0, &fault), 0, "its input is empty");
    cr_assert_str_eq(secret.text, "x");
}

/* faults: 77 */
Test(secret, wrong_commands, .timeout = 30)
{
    static const char *const commands[] = {"exit 3",         "echo x; exit 1",
                                           "true",           "kill -9 $$",
                                           "printf 'a\\0b'", "yes",
                                           "echo a; echo b", "/nonexistent/command 2>/dev/null"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        cr_assert_eq(secret_from_command(&secret, "--password-command", commands[i], 0, &fault), 78, "%s", commands[i]);
        cr_assert(is_wiped(), "%s", commands[i]);
        cr_assert_eq(fault.exit, 78);
    }
}

/* Neither a command nor a named pipe may hang for ever. */
/* faults: U18 */
Test(secret, in_time, .timeout = 30)
{
    static const char *const commands[] = {"sleep 3", "echo x; sleep 3", "sleep 3 & echo x", "exec sleep 3 & exit 1",
                                           "trap '' TERM; while :; do sleep 1; done"};
    char dir[] = "/tmp/envoi-test-XXXXXX", path[64];
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        cr_assert_eq(secret_from_command(&secret, "--password-command", commands[i], 200, &fault), 78, "%s",
                     commands[i]);
        cr_assert(strstr(fault.text, "in time") && strstr(fault.text, "--timeout"), "%s", fault.text);
        cr_assert(is_wiped());
    }
    cr_assert(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/pipe", dir);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(secret_from_file(&secret, "--password-file", path, 200, &fault), 78);
    cr_assert(strstr(fault.text, "in time"));
    int writer = open(path, O_RDWR);
    cr_assert_eq(write(writer, "late\n", 5), 5);
    cr_assert_eq(secret_from_file(&secret, "--password-file", path, 200, &fault), 78, "it does not end");
    close(writer);
    unlink(path);
    rmdir(dir);
}

/* faults: S13 */
Test(secret, no_core_dump, .timeout = 10)
{
    struct rlimit limit;
    secret_forbid_core_dump();
    cr_assert_eq(prctl(PR_GET_DUMPABLE), 0);
    cr_assert(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0);
}
