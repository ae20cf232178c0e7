/* SPDX-License-Identifier: MIT */
/* The administrator's libesmtp.conf. */
#include "conf.h"
#include "libesmtp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/envoi-conf-XXXXXX", path[64];

static void begin(void)
{
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/libesmtp.conf", directory);
}

static void finish(void)
{
    unlink(path);
    rmdir(path);
    rmdir(directory);
}

TestSuite(conf, .init = begin, .fini = finish, .timeout = 30);

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, 0644), 0);
}

static void expect_allowed(const char *text, const char *host, bool wanted)
{
    bool allowed = !wanted;

    write_file(text);
    cr_expect(conf_allows_clear(path, host, &allowed), "%s", text);
    cr_expect_eq(allowed, wanted, "%s in %s", host, text);
}

/* The error's text has `part` in it. */
static void expect_refused(const char *part)
{
    char text[512];
    bool allowed = true;

    cr_expect(!conf_allows_clear(path, "a.example", &allowed));
    cr_expect(!allowed);
    cr_expect(smtp_errno() > 100);
    smtp_strerror(smtp_errno(), text, sizeof text);
    cr_expect(strstr(text, path), "%s", text);
    cr_expect(strstr(text, part), "%s", text);
}

Test(conf, names_hosts)
{
    static const char text[] =
        "# for the old relay\nlogin-in-clear: a.example B.Example\n\nlogin-in-clear: c.example\n";

    expect_allowed(text, "a.example", true);
    expect_allowed(text, "b.example", true);
    expect_allowed(text, "C.EXAMPLE", true);
    expect_allowed(text, "d.example", false);
    expect_allowed(text, "a.exampl", false);
    expect_allowed(text, "xa.example", false);
    expect_allowed("", "a.example", false);
    expect_allowed("login-in-clear:\n", "a.example", false);
    expect_allowed("# login-in-clear: a.example\n", "a.example", false);
}

Test(conf, a_file_that_is_not_there_names_none)
{
    bool allowed = true;

    cr_expect(conf_allows_clear(path, "a.example", &allowed));
    cr_expect(!allowed);
    cr_expect(conf_allows_clear("/dev/null/libesmtp.conf", "a.example", &allowed));
    cr_expect(!allowed);
}

Test(conf, a_fault_is_told_with_its_line)
{
    write_file("# x\nlogin-in-claer: a.example\nlogin-in-clear: a.example\n");
    expect_refused(":2: the only key is login-in-clear");
    write_file("login-in-clear: a.example\nlogin-in-clear a.example\n");
    expect_refused(":2: the line is not `key: value`");
    write_file("login-in-clear: b.example\n a.example\n");
    expect_refused(":2: the line is indented");
}

Test(conf, others_may_not_write_it)
{
    write_file("login-in-clear: a.example\n");
    cr_assert_eq(chmod(path, 0664), 0);
    expect_refused("others may write to it");
    cr_assert_eq(chmod(path, 0646), 0);
    expect_refused("others may write to it");
}

Test(conf, has_to_be_a_file)
{
    cr_assert_eq(mkdir(path, 0755), 0);
    expect_refused("it is no regular file");
}

Test(conf, belongs_to_root_or_the_caller)
{
    if (geteuid() != 0)
        cr_skip_test("only root can give files away");
    write_file("login-in-clear: a.example\n");
    cr_assert_eq(chown(path, 65534, 65534), 0);
    expect_refused("it is owned neither by root nor by the caller");
}

Test(conf, a_huge_file_is_refused)
{
    FILE *file = fopen(path, "w");

    cr_assert(file);
    for (int i = 0; i < 70000; i++)
        fputs("login-in-clear: \n", file);
    fclose(file);
    expect_refused("File too large");
}
