/* SPDX-License-Identifier: MIT */
#include "plugin/loader.h"

#include "base/mem.h"
#include "plugin/ownership.h"
#include "portable/errno_text.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRY_PREFIX "envoi_plugin_"

/* Address space: more than one library takes. The dynamic linker maps them one after the other. */
#define ROOM ((size_t)16 * 1024 * 1024)

static bool ends_with_error(const char *text, int err)
{
    const char *end = errno_text_of_libc(err);
    size_t len = strlen(text), tail = strlen(end);

    return len >= tail && strcmp(text + len - tail, end) == 0;
}

/* Did dlopen() fail because descriptors or memory were short, which is no fault of the module? It leaves no errno, and
 * its text ends with that of an errno only if it could not open the file. So this tries to get the things that it
 * needs: a descriptor, and address space for one library. ENVOI_OK: there is no shortage. */
static int loader_find_shortage(const char *path, const char *text, struct envoi_errctx *why)
{
    static const int errors[] = {EMFILE, ENFILE, ENOMEM};
    void *room;
    int fd, rc;

    for (size_t i = 0; text && i < sizeof errors / sizeof errors[0]; i++)
        if (ends_with_error(text, errors[i]))
            return ownership_failure(why, path, errors[i]);
    if ((fd = ownership_open_at(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)) < 0) {
        rc = ownership_failure(why, path, errno);
        return rc == ENVOI_E_SYSTEM || rc == ENVOI_E_MEMORY ? rc : ENVOI_OK;
    }
    close(fd);
    room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        return ENVOI_E_MEMORY;
    munmap(room, ROOM);
    return ENVOI_OK;
}

/* Is all of the file there? The dynamic linker maps its segments and writes to them, which is a SIGBUS behind the end
 * of a file that was cut. A file that is no module of this machine is left to the linker, which says so. */
static int loader_check_whole(int fd, const char *path, struct envoi_errctx *why)
{
    struct stat status;
    ElfW(Ehdr) head;
    ElfW(Phdr) part;

    if (fstat(fd, &status) || pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof part)
        return ENVOI_OK;
    for (unsigned i = 0; i < head.e_phnum; i++) {
        off_t at = (off_t)(head.e_phoff + i * sizeof part);
        bool read = pread(fd, &part, sizeof part, at) == (ssize_t)sizeof part;

        if (!read || (part.p_type == PT_LOAD && (part.p_offset > (uint64_t)status.st_size ||
                                                 part.p_filesz > (uint64_t)status.st_size - part.p_offset)))
            return fault_set(why, ENVOI_E_PLUGIN, 0, "%s: the file is cut, it has only %lld octets", path,
                             (long long)status.st_size);
    }
    return ENVOI_OK;
}

/* Opens the path that was checked, not /proc/self/fd/N of its descriptor: the dynamic linker remembers libraries by the
 * name they were opened with, and compares names first. So for the next module, whose descriptor has the same number,
 * it would return the previous library. Besides, /proc may not be mounted, and a debugger would show a name that says
 * nothing. The path is as safe. It has no links left, and only root and the caller can change the file and each
 * directory on the path, so no other user can replace the file between the check and the load. */
static int loader_load(const char *path, void **handle, struct envoi_errctx *why)
{
    const char *text;
    int rc;

    /* NOW: a missing symbol is reported here, not in the middle of a delivery. NODELETE: TLS libraries leave exit
     * handlers and thread-local data, which must not point into unmapped memory. */
    if ((*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)))
        return ENVOI_OK;
    text = dlerror();
    if ((rc = loader_find_shortage(path, text, why)))
        return rc;
    return fault_set(why, ENVOI_E_PLUGIN, 0, "%s", text ? text : "cannot be loaded");
}

static int loader_find_entry(void *handle, const char *path, const char *id, const struct envoi_plugin **out,
                             struct envoi_errctx *why)
{
    char name[sizeof ENTRY_PREFIX + 128];
    envoi_plugin_entry *entry;
    void *symbol;

    if (strlen(id) > 128)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "the id is too long");
    (void)snprintf(name, sizeof name, ENTRY_PREFIX "%s", id);
    if (!(symbol = dlsym(handle, name)))
        return fault_set(why, ENVOI_E_PLUGIN, 0, "%s: the symbol %s is missing", path, name);
    memcpy(&entry, &symbol, sizeof entry);
    *out = entry();
    return ENVOI_OK;
}

/* Splits an absolute path. For a file name the directory is `modules`. The caller frees *dir. */
static int loader_split(const char *modules, const char *module, char **dir, const char **file)
{
    const char *slash = strrchr(module, '/');

    *file = slash ? slash + 1 : module;
    if (!slash)
        *dir = mem_strdup(modules);
    else
        *dir = mem_strndup(module, slash == module ? 1 : (size_t)(slash - module));
    return *dir ? ENVOI_OK : ENVOI_E_MEMORY;
}

/* id NULL: only looks whether the module could be loaded. */
static int loader_run(const char *modules, const char *module, const char *id, const struct envoi_plugin **out,
                      struct envoi_errctx *why)
{
    struct ownership_dir dir = {.fd = -1};
    char path[PATH_MAX + NAME_MAX + 4], *folder = NULL;
    void *handle = NULL;
    const char *file;
    int fd = -1, rc;

    if (module[0] != '/' && !modules)
        return fault_set(why, ENVOI_E_PLUGIN, 0, "there is no directory of modules to look for %s in", module);
    if ((rc = loader_split(modules, module, &folder, &file)))
        return rc;
    if ((rc = ownership_open_dir(folder, &dir, why)) || (rc = ownership_open_file(&dir, file, &fd, why)))
        goto out;
    (void)snprintf(path, sizeof path, "%s/%s", strcmp(dir.path, "/") == 0 ? "" : dir.path, file);
    if ((rc = loader_check_whole(fd, path, why)) || !id)
        goto out;
    if (!(rc = loader_load(path, &handle, why)))
        rc = loader_find_entry(handle, path, id, out, why);
out:
    if (fd >= 0)
        close(fd);
    ownership_close_dir(&dir);
    mem_free(folder);
    return rc;
}

int loader_check(const char *modules, const char *module, struct envoi_errctx *why)
{
    return loader_run(modules, module, NULL, NULL, why);
}

int loader_open(const char *modules, const char *module, const char *id, const struct envoi_plugin **out,
                struct envoi_errctx *why)
{
    *out = NULL;
    return loader_run(modules, module, id, out, why);
}
