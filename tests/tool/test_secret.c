/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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
    int rc = secret_from_file(&secret, "--password-file", path, &fault);
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

/* faults: 77 */
Test(secret, wrong_files, .timeout = 10)
{
    static char large[SECRET_MAX + 2];
    memset(large, 'x', sizeof large);
    cr_assert_eq(from_text(""), 78);
    cr_assert_eq(from_text("one\ntwo\n"), 78);
    cr_assert_eq(from_text("one\n\n"), 78);
    cr_assert(is_wiped());
    cr_assert_eq(from_octets("a\0b", 3), 78);
    cr_assert_eq(from_octets(large, SECRET_MAX), 0);
    cr_assert_eq(from_octets(large, SECRET_MAX + 1), 78);
    cr_assert(is_wiped());
    cr_assert_eq(secret_from_file(&secret, "--password-file", "/nonexistent/file", &fault), 78);
    cr_assert(strstr(fault.text, "--password-file") && strstr(fault.text, "/nonexistent/file"));
    cr_assert_eq(secret_from_file(&secret, "--password-file", "/", &fault), 78);
    cr_assert_eq(secret_from_file(&secret, "--password-file", "/dev/null", &fault), 0);
    cr_assert_str_eq(secret.text, "");
}

Test(secret, command, .timeout = 30)
{
    cr_assert_eq(secret_from_command(&secret, "--password-command", "printf 'a b'; echo c", &fault), 0);
    cr_assert_str_eq(secret.text, "a bc");
    cr_assert_eq(secret_from_command(&secret, "--password-command", "cat; echo x", &fault), 0, "its input is empty");
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
        cr_assert_eq(secret_from_command(&secret, "--password-command", commands[i], &fault), 78, "%s", commands[i]);
        cr_assert(is_wiped(), "%s", commands[i]);
        cr_assert_eq(fault.exit, 78);
    }
}
