/* SPDX-License-Identifier: MIT */
#include "driver/library.h"

#include "base/mem.h"
#include "base/text.h"
#include "driver/process.h"

#include <string.h>
#include <sys/auxv.h>

const char *envoi_version(void)
{
    return ENVOI_VERSION;
}

/* ---- life ---- */

static void library_destroy(struct envoi_library *library)
{
    tls_cache_free(&library->tls);
    tickets_free(&library->tickets);
    servers_free(&library->servers);
    if (library->registry)
        registry_free(library->registry);
    mem_free(library->trust.ca_file);
    mem_free(library->trust.crl_file);
    mem_free(library->trust.ciphers);
    mem_free(library->tls_backend);
    mem_free(library->vendor);
    mem_free(library->user);
    mem_free(library->admin);
    mem_free(library->modules);
    mem_free(library->dns_servers);
    mem_free(library);
}

struct envoi_library *library_ref(struct envoi_library *library)
{
    (void)atomic_fetch_add(&library->references, 1);
    return library;
}

void library_unref(struct envoi_library *library)
{
    if (atomic_fetch_sub(&library->references, 1) == 1)
        library_destroy(library);
}

static int tell_registry(struct envoi_library *library)
{
    struct registry_dirs dirs = {library->vendor, library->user, library->admin, library->modules};
    int rc = registry_set_dirs(library->registry, &dirs);

    return rc || !library->user_default ? rc : registry_use_user_dir(library->registry);
}

static int library_init(struct envoi_library *library)
{
    int rc;

    atomic_init(&library->references, 1);
    library->trust = (struct tls_trust){.system_trust = -1, .min_version = 0x0303};
    library->resolver.secure = getauxval(AT_SECURE) != 0;
    if (!(library->vendor = mem_strdup(ENVOI_VENDOR_DIR)) || !(library->admin = mem_strdup(ENVOI_ADMIN_DIR)) ||
        !(library->modules = mem_strdup(ENVOI_MODULE_DIR)))
        return ENVOI_E_MEMORY;
    if ((rc = registry_new(&library->registry)))
        return rc;
    return tell_registry(library);
}

int envoi_library_new(struct envoi_library **out)
{
    struct envoi_library *library;
    int rc;

    if (!out)
        return ENVOI_E_USAGE;
    *out = NULL;
    if (process_watch() || !(library = mem_zalloc(sizeof *library)))
        return ENVOI_E_MEMORY;
    if (tls_cache_init(&library->tls)) {
        mem_free(library);
        return ENVOI_E_MEMORY;
    }
    if (tickets_init(&library->tickets)) {
        tls_cache_free(&library->tls);
        mem_free(library);
        return ENVOI_E_MEMORY;
    }
    if (servers_init(&library->servers)) {
        tickets_free(&library->tickets);
        tls_cache_free(&library->tls);
        mem_free(library);
        return ENVOI_E_MEMORY;
    }
    if ((rc = library_init(library)))
        library_destroy(library);
    else
        *out = library;
    return rc;
}

void envoi_library_free(struct envoi_library *library)
{
    if (library)
        library_unref(library);
}

/* ---- plugins ---- */

int envoi_library_set_log(struct envoi_library *library, envoi_log_fn *log, void *ctx)
{
    if (!library)
        return ENVOI_E_USAGE;
    registry_set_log(library->registry, log, ctx);
    return ENVOI_OK;
}

static bool is_absolute(const char *path)
{
    return !path || path[0] == '/';
}

/* Where one of the library's texts goes, and the text that it is to be. */
struct change {
    char **slot;
    const char *text;
};

/* Changes several texts or none, and tells the registry; what it refuses is taken back. */
static int change_dirs(struct envoi_library *library, const struct change *changes, size_t count, bool user_default)
{
    char *old[3] = {NULL}, *copy[3] = {NULL};
    bool old_default = library->user_default;
    int rc = ENVOI_OK;

    for (size_t i = 0; i < count; i++) {
        if (!is_absolute(changes[i].text))
            rc = ENVOI_E_USAGE;
        else if (changes[i].text && !(copy[i] = mem_strdup(changes[i].text)))
            rc = ENVOI_E_MEMORY;
        if (rc)
            goto out;
    }
    for (size_t i = 0; i < count; i++) {
        old[i] = *changes[i].slot;
        *changes[i].slot = copy[i];
    }
    library->user_default = user_default;
    if ((rc = tell_registry(library))) {
        for (size_t i = 0; i < count; i++)
            *changes[i].slot = old[i];
        library->user_default = old_default;
    } else {
        memcpy(copy, old, sizeof copy);
    }
out:
    for (size_t i = 0; i < count; i++)
        mem_free(copy[i]);
    return rc;
}

int envoi_library_set_module_directory(struct envoi_library *library, const char *path)
{
    if (!library || !path)
        return ENVOI_E_USAGE;
    return change_dirs(library, &(struct change){&library->modules, path}, 1, library->user_default);
}

int envoi_library_set_descriptor_directories(struct envoi_library *library, const char *vendor, const char *user,
                                             const char *admin)
{
    if (!library || !is_absolute(user))
        return ENVOI_E_USAGE;
    if (library->resolver.secure)
        user = NULL;
    return change_dirs(
        library, (const struct change[]){{&library->vendor, vendor}, {&library->user, user}, {&library->admin, admin}},
        3, false);
}

int envoi_library_use_user_descriptors(struct envoi_library *library)
{
    int rc;

    if (!library)
        return ENVOI_E_USAGE;
    if ((rc = registry_use_user_dir(library->registry)) == ENVOI_OK)
        library->user_default = true;
    return rc;
}

int envoi_library_add_plugin(struct envoi_library *library, const struct envoi_plugin *plugin, const char *descriptor)
{
    return library && plugin && descriptor ? registry_add_plugin(library->registry, plugin, descriptor) : ENVOI_E_USAGE;
}

/* ---- TLS ---- */

int envoi_library_set_tls_backend(struct envoi_library *library, const char *id)
{
    return library ? mem_replace(&library->tls_backend, id) : ENVOI_E_USAGE;
}

int envoi_library_set_ca_file(struct envoi_library *library, const char *path)
{
    return library ? mem_replace(&library->trust.ca_file, path) : ENVOI_E_USAGE;
}

int envoi_library_set_system_trust(struct envoi_library *library, int on)
{
    if (!library)
        return ENVOI_E_USAGE;
    library->trust.system_trust = on != 0;
    return ENVOI_OK;
}

int envoi_library_set_crl_file(struct envoi_library *library, const char *path)
{
    return library ? mem_replace(&library->trust.crl_file, path) : ENVOI_E_USAGE;
}

int envoi_library_set_min_tls(struct envoi_library *library, unsigned version)
{
    if (!library || (version != 0x0303 && version != 0x0304))
        return ENVOI_E_USAGE;
    library->trust.min_version = version;
    return ENVOI_OK;
}

int envoi_library_set_ciphers(struct envoi_library *library, const char *ciphers)
{
    return library ? mem_replace(&library->trust.ciphers, ciphers) : ENVOI_E_USAGE;
}

int envoi_library_set_tls_resumption(struct envoi_library *library, int on)
{
    if (!library)
        return ENVOI_E_USAGE;
    tickets_switch(&library->tickets, on != 0);
    return ENVOI_OK;
}

/* ---- what plugins.d says ---- */

size_t envoi_library_plugins(struct envoi_library *library)
{
    return library ? registry_count(library->registry) : 0;
}

const char *envoi_library_plugin_value(struct envoi_library *library, size_t index, const char *key)
{
    return library && key ? registry_value(library->registry, index, key) : NULL;
}

const char *envoi_library_plugin_source(struct envoi_library *library, size_t index, const char *key)
{
    return library && key ? registry_source(library->registry, index, key) : NULL;
}

size_t envoi_library_warnings(struct envoi_library *library)
{
    return library ? registry_warnings(library->registry) : 0;
}

const char *envoi_library_warning(struct envoi_library *library, size_t index)
{
    return library ? registry_warning(library->registry, index) : NULL;
}

/* ---- for tests ---- */

int library_set_dns_servers(struct envoi_library *library, const char *servers)
{
    int rc = mem_replace(&library->dns_servers, servers);

    if (!rc)
        library->resolver.servers = library->dns_servers;
    return rc;
}
