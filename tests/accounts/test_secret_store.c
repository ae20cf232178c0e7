/* SPDX-License-Identifier: MIT */
/* Storing a password, and finding it again where the account says. The keyring is a program of the test. */
#include "accounts/keyring.h"
#include "accounts/secret_source.h"
#include "accounts/secret_store.h"
#include "programs.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct secret secret;
static struct fault fault;
static struct secret_deposit deposit = {
    .account = "work", .request = {.where = "[work]", .host = "mail.example.org:587", .user = "me", .timeout = 20000}};
static char value[SECRET_STORE_VALUE];

static void begin(void)
{
    deposit.directory = programs_begin(1);
    secret.len = (size_t)snprintf(secret.text, sizeof secret.text, "s3cret pass");
}

TestSuite(secret_store, .init = begin, .fini = programs_end, .timeout = 30);

static int put(const char *name)
{
    const struct secret_store *store = secret_store_of(name);
    int rc = store->locate(&deposit, value, &fault);

    return rc ? rc : store->put(&secret, &deposit, value, &fault);
}

/* Takes the value as the account would have it. */
static int find(const char *name)
{
    struct secret_request request = deposit.request;
    request.value = value;
    secret_wipe(&secret);
    return secret_source_of(secret_store_of(name)->key)->fetch(&secret, &request, &fault);
}

Test(secret_store, file)
{
    struct stat status;
    cr_assert_eq(put("file"), 0, "%s", fault.text);
    cr_assert_str_eq(value, programs_file("secrets/work"));
    cr_assert(stat(value, &status) == 0 && (status.st_mode & 07777) == 0600);
    cr_assert(stat(programs_file("secrets"), &status) == 0 && (status.st_mode & 07777) == 0700);
    cr_assert_eq(find("file"), 0, "%s", fault.text);
    cr_assert_str_eq(secret.text, "s3cret pass");
    secret.len = (size_t)snprintf(secret.text, sizeof secret.text, "new");
    cr_assert_eq(put("file"), 0);
    cr_assert_eq(find("file"), 0);
    cr_assert_str_eq(secret.text, "new", "it is replaced");
    DIR *folder = opendir(programs_file("secrets"));
    size_t files = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        files += *entry->d_name != '.';
    closedir(folder);
    cr_assert_eq(files, 1, "nothing else is left");
}

/* A folder that others can enter is closed to them; a link is replaced, not written through. */
Test(secret_store, file_in_a_place_that_was_open)
{
    struct stat status;
    programs_write("elsewhere", "untouched", 0644);
    cr_assert(mkdir(programs_file("secrets"), 0755) == 0 && chmod(programs_file("secrets"), 0755) == 0);
    cr_assert_eq(symlink(programs_file("elsewhere"), programs_file("secrets/work")), 0);
    cr_assert_eq(put("file"), 0, "%s", fault.text);
    cr_assert(stat(programs_file("secrets"), &status) == 0 && (status.st_mode & 07777) == 0700);
    cr_assert(lstat(value, &status) == 0 && S_ISREG(status.st_mode));
    cr_assert_str_eq(programs_read("elsewhere"), "untouched");
}

Test(secret_store, file_that_cannot_be)
{
    static const char *const names[] = {"", "../x", ".x", "-x", "a b", "a/b", "$(x)", "a\nb"};
    deposit.directory = "/nonexistent";
    cr_assert_eq(put("file"), 78);
    cr_assert(strstr(fault.text, "[work]: cannot write '/nonexistent/secrets/work': No such file"), "%s", fault.text);
    programs_write("secrets", "a file is in the way", 0600);
    deposit.directory = programs_file(".");
    cr_assert_eq(put("file"), 78);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        deposit.account = names[i];
        cr_assert_eq(put("file"), 78);
        cr_assert_eq(put("pass"), 78);
        cr_assert(strstr(fault.text, "is not stored under the name"), "%s", fault.text);
    }
}

/* A disk that gets full in the middle of the password: the old one stays, and nothing else is left. */
Test(secret_store, file_that_does_not_fit)
{
    cr_assert_eq(put("file"), 0, "%s", fault.text);
    signal(SIGXFSZ, SIG_IGN);
    secret.len = (size_t)snprintf(secret.text, sizeof secret.text, "a longer one");
    const struct rlimit before = {RLIM_INFINITY, RLIM_INFINITY}, small = {5, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    int rc = put("file");
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    cr_expect_eq(rc, 78);
    cr_expect(strstr(fault.text, "secrets/work': File too large"), "%s", fault.text);
    cr_assert_str_eq(programs_read("secrets/work"), "s3cret pass\n");
    cr_assert_eq(rmdir(programs_file("secrets")), -1);
    unlink(programs_file("secrets/work"));
    cr_assert_eq(rmdir(programs_file("secrets")), 0, "nothing else is left");
}

/* ---- pass ---- */

Test(secret_store, pass)
{
    programs_add("pass", "echo \"$*\" >>log; if [ \"$1\" = insert ]; then echo 'Enter contents'; cat >kept; "
                         "else cat kept; fi");
    cr_assert(secret_store_is_there(secret_store_of("pass")));
    cr_assert_eq(put("pass"), 0, "%s", fault.text);
    cr_assert_str_eq(value, "pass show envoi/work");
    cr_assert_eq(find("pass"), 0, "%s", fault.text);
    cr_assert_str_eq(secret.text, "s3cret pass");
    cr_assert_str_eq(programs_read("log"), "insert --multiline --force envoi/work\nshow envoi/work\n");
    programs_add("pass", "exit 1");
    cr_assert_eq(put("pass"), 78);
    cr_assert(strstr(fault.text, "pass cannot store the password (exit code 1)"));
}

/* ---- the keyring ---- */

Test(secret_store, keyring)
{
    programs_add("secret-tool",
                 "for i; do echo \"$i\"; done >>log; if [ \"$1\" = store ]; then cat >kept; else cat kept; fi");
    cr_assert_eq(put("keyring"), 0, "%s", fault.text);
    cr_assert_str_eq(value, "yes");
    cr_assert_eq(find("keyring"), 0, "%s", fault.text);
    cr_assert_str_eq(secret.text, "s3cret pass");
    cr_assert_str_eq(programs_read("log"), "store\n--label=smtp: me at mail.example.org\n--\nhost\nmail.example.org\n"
                                           "service\nsmtp\nuser\nme\n"
                                           "lookup\n--\nhost\nmail.example.org\nservice\nsmtp\nuser\nme\n");
    cr_assert_eq(keyring_check(&deposit.request, &fault), 0);
}

Test(secret_store, hosts_of_the_keyring)
{
    static const char *const hosts[][2] = {{"mail.example.org:587", "mail.example.org"},
                                           {"[::1]:587", "::1"},
                                           {"/run/socket", "/run/socket"},
                                           {"mail", "mail"}};
    programs_add("secret-tool", "echo \"$4\"");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        deposit.request.host = hosts[i][0];
        cr_assert_eq(keyring_fetch(&secret, &deposit.request, &fault), 0);
        cr_assert_str_eq(secret.text, hosts[i][1]);
    }
}

Test(secret_store, keyring_without_it)
{
    programs_add("secret-tool", "exit 1");
    cr_assert_eq(keyring_fetch(&secret, &deposit.request, &fault), 78);
    cr_assert(strstr(fault.text, "no password for me at mail.example.org:587 (exit code 1 of secret-tool)"));
    cr_assert_eq(put("keyring"), 78);
    cr_assert(strstr(fault.text, "secret-tool cannot store the password (exit code 1)"));
    setenv("PATH", "/nonexistent", 1);
    cr_assert_eq(keyring_fetch(&secret, &deposit.request, &fault), 78);
    cr_assert_eq(keyring_check(&deposit.request, &fault), 78);
    cr_assert(strstr(fault.text, "libsecret-tools"));
}

Test(secret_store, what_is_there)
{
    setenv("PATH", "/nonexistent", 1);
    for (size_t i = 0; i < secret_store_count; i++)
        cr_assert_eq(secret_store_is_there(&secret_stores[i]), !secret_stores[i].program);
    cr_assert_str_eq(secret_stores[secret_store_count - 1].name, "file");
    for (size_t i = 0; i < secret_store_count; i++)
        cr_assert(secret_source_of(secret_stores[i].key), "%s", secret_stores[i].name);
}
