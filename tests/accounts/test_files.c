/* SPDX-License-Identifier: MIT */
/* Each file of bad/ is refused, for the reason and at the line that its first line has; each file of good/ is read. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <envoi/envoi.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/envoi-accounts-XXXXXX";

static void leave_directory(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (!strstr(folder, "XXXXXX"))
        cr_expect_eq(system(command), 0);
}

TestSuite(files, .timeout = 20, .fini = leave_directory);

static char *slurp(const char *path, size_t *len)
{
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s", path);
    char *text = calloc(1, 1 << 20);
    *len = fread(text, 1, 1 << 20, file);
    fclose(file);
    return text;
}

typedef void each_fn(const char *name, const char *text, size_t len);

static void for_each_file(const char *of, each_fn *each)
{
    DIR *dir = opendir(of);
    size_t count = 0;
    cr_assert(dir, "%s", of);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", of, entry->d_name);
        size_t len;
        char *text = slurp(path, &len);
        each(entry->d_name, text, len);
        free(text);
        count++;
    }
    closedir(dir);
    cr_assert_gt(count, 4);
}

/* "# LINE: text of the fault" */
static void check_bad(const char *name, const char *text, size_t len)
{
    struct sections sections = {0};
    struct fault fault = {0};
    char wanted[300], first[256];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(text + 2, "\n"), text + 2);
    snprintf(wanted, sizeof wanted, "/etc/a.conf:%s", first);
    cr_expect_eq(file_parse("/etc/a.conf", text, len, &sections, &fault), EXIT_CONFIG, "%s", name);
    cr_expect_eq(strcmp(fault.text, wanted), 0, "%s: \"%s\", not \"%s\"", name, fault.text, wanted);
    file_free(&sections);
}

Test(files, bad)
{
    for_each_file(ACCOUNTS_DATA "/bad", check_bad);
}

static void check_good(const char *name, const char *text, size_t len)
{
    struct sections sections = {0};
    struct fault fault = {0};
    cr_expect_eq(file_parse("/etc/a.conf", text, len, &sections, &fault), 0, "%s: %s", name, fault.text);
    /* Every comment "# = account key place value" is true. */
    for (const char *at = text; (at = strstr(at, "# = ")); at++) {
        char account[64], key[64], place[64], value[128];
        int n = sscanf(at, "# = %63s %63s %63s %127[^\r\n]", account, key, place, value);
        cr_assert_eq(n, 4, "%s", name);
        const struct section *section = file_section(&sections, strcmp(account, "-") ? account : "");
        cr_assert(section, "%s: %s", name, account);
        int found = 0;
        const struct value *v = values_find(&section->values, vocabulary_key(key));
        for (; v; v = values_next(&section->values, v))
            found |= !strcmp(v->text, value) && !strcmp(strrchr(v->place, ':') + 1, place);
        cr_expect(found, "%s: no %s = %s at %s in [%s]", name, key, value, place, account);
    }
    file_free(&sections);
}

Test(files, good)
{
    setenv("HOME", "/nonexistent", 1);
    for_each_file(ACCOUNTS_DATA "/good", check_good);
}

/* inih has 200 octets for a line; the guard hands over the others in parts. */
Test(files, long_lines)
{
    static char text[FILE_LINE_MAX + 64], value[FILE_LINE_MAX];
    for (size_t len = 150; len < FILE_LINE_MAX - 30; len += len < 1000 ? 1 : 211) {
        for (size_t i = 0; i < len; i++)
            value[i] = "ab c;d#e[f]=g:h "[(i * 7 + len) % 16];
        value[0] = value[len - 1] = 'x';
        value[len] = '\0';
        for (char *at; (at = strstr(value, " ;"));)
            at[1] = '.';
        snprintf(text, sizeof text, "[a]\npassword-command = %s\nuser = me\n", value);
        struct sections sections = {0};
        struct fault fault = {0};
        cr_assert_eq(file_parse("f", text, strlen(text), &sections, &fault), 0, "%zu: %s", len, fault.text);
        const struct section *a = file_section(&sections, "a");
        cr_assert_str_eq(values_text(&a->values, KEY_PASSWORD_COMMAND), value, "%zu", len);
        cr_assert_str_eq(values_text(&a->values, KEY_USER), "me");
        cr_assert_str_eq(values_find(&a->values, KEY_USER)->place, "f:3");
        file_free(&sections);
    }
}

Test(files, too_long_lines)
{
    static char text[FILE_LINE_MAX + 2];
    static const struct {
        size_t len;
        int fill;
        const char *text;
    } cases[] = {
        {FILE_LINE_MAX + 1, 'a', "f:1: the line is too long"},
        {400, ' ', "f:1: the line is too long, and there is no place where it may be parted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sections sections = {0};
        struct fault fault = {0};
        memset(text, cases[i].fill, cases[i].len);
        memcpy(text, "user = a", 8);
        text[cases[i].len - 1] = 'b';
        cr_assert_eq(file_parse("f", text, cases[i].len, &sections, &fault), EXIT_CONFIG);
        cr_assert_str_eq(fault.text, cases[i].text);
        file_free(&sections);
    }
}

static void put(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    fchmod(fd, mode);
    close(fd);
}

static int read_into(const char *path, struct sections *sections, struct fault *fault)
{
    *sections = (struct sections){0};
    *fault = (struct fault){0};
    return file_read(path, 0, sections, fault);
}

static void enter_directory(void)
{
    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

Test(files, include)
{
    struct sections sections;
    struct fault fault;
    enter_directory();
    mkdir("sub", 0700);
    put("a", "include = sub/b\ninclude = c\ntimeout = 9\n[a]\nuser = a\n", 0600);
    put("sub/b", "helo = b.example\ninclude = ../d\n[b]\nca = x.pem\n", 0600);
    put("c", "[c]\nuser = c\n", 0644);
    put("d", "# nothing\n", 0400);
    cr_assert_eq(read_into("./a", &sections, &fault), 0, "%s", fault.text);
    cr_expect_eq(sections.count, 4);
    cr_expect_str_eq(values_text(&sections.items[0].values, KEY_HELO), "b.example");
    cr_expect_str_eq(values_text(&file_section(&sections, "b")->values, KEY_CA), "./sub/x.pem");
    cr_expect_str_eq(values_text(&file_section(&sections, "c")->values, KEY_USER), "c");
    file_free(&sections);

    put("d", "timeout = 10\n", 0600);
    cr_expect_eq(read_into("a", &sections, &fault), EXIT_CONFIG);
    cr_expect(strstr(fault.text, "sub/../d:1: timeout: given twice; the first is at a:3"), "%s", fault.text);
    file_free(&sections);
    put("d", "include = d\n", 0600);
    cr_expect_eq(read_into("d", &sections, &fault), EXIT_CONFIG);
    cr_expect_str_eq(fault.text, "d:1: include: more than 8 files include one another");
    file_free(&sections);
    unlink("d");
    cr_expect_eq(read_into("a", &sections, &fault), EXIT_CONFIG);
    cr_expect(strstr(fault.text, "sub/../d: cannot be read: No such file or directory; this is uid "), "%s",
              fault.text);
    file_free(&sections);
}

Test(files, who_could_have_written_it)
{
    static const struct {
        mode_t mode;
        const char *text; /* NULL: it is taken */
    } cases[] = {
        {0600, NULL},           {0644, NULL},
        {0444, NULL},           {0620, "others may write to it; run: chmod go-w; its owner is uid "},
        {0602, "mode is 0602"},
    };
    struct sections sections;
    struct fault fault;
    enter_directory();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("f", "[a]\nuser = a\n", cases[i].mode);
        cr_expect_eq(read_into("f", &sections, &fault), cases[i].text ? EXIT_CONFIG : 0, "%o: %s", cases[i].mode,
                     fault.text);
        cr_expect(!cases[i].text || strstr(fault.text, cases[i].text), "%s", fault.text);
        file_free(&sections);
        unlink("f");
    }
    cr_expect_eq(read_into(".", &sections, &fault), EXIT_CONFIG);
    cr_expect(strstr(fault.text, ".: it is no file; its owner is uid "), "%s", fault.text);
    file_free(&sections);
    put("f", "", 0600);
    if (geteuid() == 0 && chown("f", 12345, 12345) == 0) {
        cr_expect_eq(read_into("f", &sections, &fault), EXIT_CONFIG);
        cr_expect_str_eq(fault.text,
                         "f: it belongs to another user, who could change where your mail goes; its owner is uid "
                         "12345, its mode is 0600, and this is uid 0");
        file_free(&sections);
        /* In a process of its own, as LeakSanitizer looks into none that has changed its user. */
        pid_t child = fork();
        if (child == 0) {
            int rc = seteuid(54321) ? 0 : read_into("f", &sections, &fault);
            _exit(rc == EXIT_CONFIG && strstr(fault.text, "cannot be read: Permission denied") ? 0 : 1);
        }
        int status = -1;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_expect_eq(status, 0);
    }
}

Test(files, too_long_a_file)
{
    struct sections sections;
    struct fault fault;
    enter_directory();
    char *text = malloc(FILE_TEXT_MAX + 2);
    for (size_t i = 0; i <= FILE_TEXT_MAX; i++)
        text[i] = i % 100 ? '#' : '\n';
    text[FILE_TEXT_MAX] = '\0';
    put("f", text, 0600);
    cr_expect_eq(read_into("f", &sections, &fault), 0, "%s", fault.text);
    file_free(&sections);
    text[FILE_TEXT_MAX] = '#';
    text[FILE_TEXT_MAX + 1] = '\0';
    put("f", text, 0600);
    cr_expect_eq(read_into("f", &sections, &fault), EXIT_CONFIG);
    cr_expect(strstr(fault.text, "f: cannot be read: File too large; its owner is uid "), "%s", fault.text);
    file_free(&sections);
    free(text);
}
