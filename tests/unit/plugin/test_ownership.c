/* SPDX-License-Identifier: MIT */
#include "plugin/ownership.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534

static struct envoi_errctx why;

TestSuite(ownership, .init = tree_make, .fini = tree_remove, .timeout = 20);

static int open_dir(const char *path)
{
    struct ownership_dir dir;
    int rc;

    fault_clear(&why);
    rc = ownership_open_dir(path, &dir, &why);
    cr_assert_eq(rc == ENVOI_OK, dir.fd >= 0);
    ownership_close_dir(&dir);
    return rc;
}

static int open_file(const char *name)
{
    struct ownership_dir dir;
    int fd, rc;

    fault_clear(&why);
    cr_assert_eq(ownership_open_dir(tree_path("%s", ""), &dir, &why), ENVOI_OK, "%s", why.text);
    rc = ownership_open_file(&dir, name, &fd, &why);
    cr_assert_eq(rc == ENVOI_OK, fd >= 0);
    if (fd >= 0)
        close(fd);
    ownership_close_dir(&dir);
    return rc;
}

static void refused(int rc, const char *what)
{
    cr_assert_eq(rc, ENVOI_E_PLUGIN, "%d: %s", rc, why.text);
    cr_assert_eq(why.code, ENVOI_E_PLUGIN);
    cr_assert_not_null(strstr(why.text, what), "%s", why.text);
}

Test(ownership, plain_directory_and_file)
{
    tree_text("a", "x");
    cr_assert_eq(open_dir(tree_path("%s", "")), ENVOI_OK, "%s", why.text);
    cr_assert_eq(open_dir("/"), ENVOI_OK, "%s", why.text);
    cr_assert_eq(open_file("a"), ENVOI_OK, "%s", why.text);
    tree_mode("a", 0444);
    cr_assert_eq(open_file("a"), ENVOI_OK, "%s", why.text);
}

Test(ownership, missing)
{
    cr_assert_eq(open_dir(tree_path("none")), ENVOI_E_END);
    cr_assert_eq(open_file("none"), ENVOI_E_END);
    cr_assert_not_null(strstr(why.text, "/none: "), "%s", why.text);
}

/* faults: 67 */
Test(ownership, path_that_is_none)
{
    static char longest[5000];

    refused(open_dir("relative"), "not an absolute path");
    refused(open_dir(""), "not an absolute path");
    memset(longest, '/', sizeof longest - 1);
    refused(open_dir(longest), "not an absolute path");
    longest[4000] = '\0';
    cr_assert_eq(open_dir(longest), ENVOI_OK, "many slashes are one: %s", why.text);
    memset(longest + 1, 'a', 400);
    longest[401] = '\0';
    refused(open_dir(longest), "");
}

/* faults: 67 */
Test(ownership, writable_by_group_or_others)
{
    static const mode_t modes[] = {0664, 0646, 0666, 0620, 0602};

    tree_text("a", "x");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        tree_mode("a", modes[i]);
        refused(open_file("a"), "/a: the file can be written by its group or by others");
    }
}

/* faults: 67 */
Test(ownership, directory_writable)
{
    tree_dir("open");
    tree_dir("open/below");
    tree_mode("open", 0775);
    refused(open_dir(tree_path("open")), "/open: the directory can be written by its group or by others");
    refused(open_dir(tree_path("open/below")), "/open: the directory can be written by its group or by others");
    tree_mode("open", 0757);
    refused(open_dir(tree_path("open/below")), "/open: the directory can be written by its group or by others");
    tree_mode("open", 01777);
    cr_assert_eq(open_dir(tree_path("open/below")), ENVOI_OK, "%s", why.text);
    refused(open_dir(tree_path("open")), "/open: the directory can be written by its group or by others");
    tree_mode("open", 01775);
    refused(open_dir(tree_path("open")), "/open: the directory can be written by its group or by others");
}

/* faults: 67 */
Test(ownership, file_that_is_a_link)
{
    tree_text("a", "x");
    cr_assert_eq(symlink("a", tree_path("link")), 0);
    refused(open_file("link"), "/link: a symbolic link is not taken");
    cr_assert_eq(symlink("none", tree_path("dangling")), 0);
    refused(open_file("dangling"), "/dangling: a symbolic link is not taken");
}

/* faults: 67 */
Test(ownership, not_a_regular_file)
{
    tree_dir("dir");
    refused(open_file("dir"), "/dir: not a regular file");
    cr_assert_eq(mkfifo(tree_path("fifo"), 0644), 0);
    refused(open_file("fifo"), "/fifo: not a regular file");
    tree_text("a", "x");
    refused(open_dir(tree_path("a")), "/a: not a directory");
}

Test(ownership, directory_links_are_followed_and_resolved)
{
    struct ownership_dir dir;

    tree_dir("real");
    tree_dir("real/deep");
    cr_assert_eq(symlink("real", tree_path("rel")), 0);
    cr_assert_eq(symlink(tree_path("real/deep"), tree_path("abs")), 0);
    cr_assert_eq(symlink("../rel/./deep//", tree_path("real/up")), 0);
    cr_assert_eq(ownership_open_dir(tree_path("rel/../abs/../up/."), &dir, &why), ENVOI_OK, "%s", why.text);
    cr_assert_str_eq(dir.path, tree_path("real/deep"));
    ownership_close_dir(&dir);
    cr_assert_eq(dir.fd, -1);
}

/* faults: 67 */
Test(ownership, link_to_an_open_directory)
{
    tree_dir("open");
    tree_mode("open", 0777);
    cr_assert_eq(symlink("open", tree_path("link")), 0);
    refused(open_dir(tree_path("link")), "/open: the directory can be written");
}

/* faults: 67 */
Test(ownership, links_without_end)
{
    cr_assert_eq(symlink("b", tree_path("a")), 0);
    cr_assert_eq(symlink("a", tree_path("b")), 0);
    refused(open_dir(tree_path("a")), "too many links");
}

/* The rest needs other owners. */
static void need_root(void)
{
    if (geteuid() != 0)
        cr_skip_test("only root can give files away");
}

/* faults: 67 */
Test(ownership, file_of_somebody_else)
{
    need_root();
    tree_text("a", "x");
    cr_assert_eq(chown(tree_path("a"), NOBODY, 0), 0);
    refused(open_file("a"), "/a: the file belongs neither to root nor to you");
}

/* faults: 67 */
Test(ownership, directory_of_somebody_else)
{
    need_root();
    tree_dir("his");
    tree_dir("his/below");
    cr_assert_eq(chown(tree_path("his"), NOBODY, 0), 0);
    refused(open_dir(tree_path("his/below")), "/his: the directory belongs neither to root nor to you");
    tree_dir("mine");
    cr_assert_eq(symlink("mine", tree_path("link")), 0);
    cr_assert_eq(lchown(tree_path("link"), NOBODY, 0), 0);
    refused(open_dir(tree_path("link")), "/link: the link belongs neither to root nor to you");
}

/* Root's files and the caller's are both fine when the caller is somebody. */
Test(ownership, somebody_trusts_root_and_herself)
{
    need_root();
    tree_text("roots", "x");
    tree_text("hers", "x");
    tree_text("his", "x");
    cr_assert_eq(chown(tree_path("hers"), NOBODY, 0), 0);
    cr_assert_eq(chown(tree_path("his"), 1, 0), 0);
    cr_assert_eq(seteuid(NOBODY), 0);
    cr_assert_eq(open_file("roots"), ENVOI_OK, "%s", why.text);
    cr_assert_eq(open_file("hers"), ENVOI_OK, "%s", why.text);
    refused(open_file("his"), "/his: the file belongs neither to root nor to you");
    cr_assert_eq(seteuid(0), 0);
}

Test(ownership, file_that_may_not_be_read)
{
    need_root();
    tree_text("a", "x");
    tree_mode("a", 0600);
    tree_dir("closed");
    tree_dir("closed/below");
    tree_mode("closed", 0700);
    cr_assert_eq(seteuid(NOBODY), 0);
    refused(open_file("a"), "/a: ");
#ifdef ENVOI_PORTABLE /* without O_PATH a directory on the way must be readable */
    refused(open_dir(tree_path("closed/below")), "/closed: ");
#else
    refused(open_dir(tree_path("closed/below")), "/below: ");
#endif
    cr_assert_eq(seteuid(0), 0);
}
