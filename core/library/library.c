/* SPDX-License-Identifier: MIT */
#include "library/library.h"

#include "base/mem.h"
#include "base/process.h"
#include "base/text.h"
#include "portable/environment.h"
#include "settings/refusals.h"

#include <string.h>

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
    refusals_free(library->refused_secrets);
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
    (void)atomic_fetch_add(&library->users, 1);
    return library_keep(library);
}

void library_unref(struct envoi_library *library)
{
    if (atomic_fetch_sub(&library->users, 1) == 1 && atomic_load(&library->references) > 1)
        registry_silence(library->registry);
    library_release(library);
}

struct envoi_library *library_keep(struct envoi_library *library)
{
    (void)atomic_fetch_add(&library->references, 1);
    return library;
}

void library_release(struct envoi_library *library)
{
    if (atomic_fetch_sub(&library->references, 1) == 1)
        library_destroy(library);
}

static int library_set_dirs(struct envoi_library *library)
{
    struct registry_dirs dirs = {library->vendor, library->user, library->admin, library->modules};
    int rc = registry_set_dirs(library->registry, &dirs);

    if (rc || !library->user_default)
        return rc;
    return registry_use_user_dir(library->registry);
}

static int library_init(struct envoi_library *library)
{
    int rc;

    atomic_init(&library->references, 1);
    atomic_init(&library->users, 1);
    library->trust = (struct tls_trust){.system_trust = -1, .min_version = 0x0303};
    library->resolver.secure = environment_is_foreign();
    if (!(library->vendor = mem_strdup(ENVOI_VENDOR_DIR)) || !(library->admin = mem_strdup(ENVOI_ADMIN_DIR)) ||
        !(library->modules = mem_strdup(ENVOI_MODULE_DIR)))
        return ENVOI_E_MEMORY;
    if ((rc = refusals_new(&library->refused_secrets)) || (rc = registry_new(&library->registry)))
        return rc;
    return library_set_dirs(library);
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

void envoi_library_forget_refusals(struct envoi_library *library)
{
    if (library)
        refusals_clear(library->refused_secrets);
}

/* ---- failures of setters ---- */

/* Notes the result of a setter and returns it. A failure stays until the same setter succeeds, and every session
 * reports it: sessions of several threads share the library, and it is not known which of them the setter was meant
 * for. */
static int library_note(struct envoi_library *library, enum library_setter setter, int rc)
{
    bool refused = false;

    library->refusals[setter] = rc;
    for (int i = 0; i < LIBRARY_SETTERS; i++)
        refused = refused || library->refusals[i];
    library->refused = refused;
    return rc;
}

int library_refusal(const struct envoi_library *library, struct envoi_errctx *fault)
{
    static const struct {
        const char *name;
        const char *wants; /* NULL: it fails for lack of memory only */
        int detail;        /* ENVOI_DETAIL_* */
    } setters[LIBRARY_SETTERS] = {
        [SET_MODULE_DIRECTORY] = {"set_module_directory", "it takes an absolute path, before descriptors are read",
                                  ENVOI_DETAIL_FORM},
        [SET_DESCRIPTOR_DIRECTORIES] = {"set_descriptor_directories",
                                        "it takes absolute paths, before descriptors are read", ENVOI_DETAIL_FORM},
        [USE_USER_DESCRIPTORS] = {"use_user_descriptors", "it is for the time before descriptors are read",
                                  ENVOI_DETAIL_ORDER},
        [SET_TLS_BACKEND] = {"set_tls_backend", NULL, ENVOI_DETAIL_NONE},
        [SET_CA_FILE] = {"set_ca_file", NULL, ENVOI_DETAIL_NONE},
        [SET_CRL_FILE] = {"set_crl_file", NULL, ENVOI_DETAIL_NONE},
        [SET_MIN_TLS] = {"set_min_tls", "it takes 0x0303 or 0x0304", ENVOI_DETAIL_RANGE},
        [SET_CIPHERS] = {"set_ciphers", NULL, ENVOI_DETAIL_NONE},
    };
    const char *why;
    int i = 0, rc;

    while (!(rc = library->refusals[i]))
        i++;
    why = rc == ENVOI_E_USAGE && setters[i].wants ? setters[i].wants : envoi_error_text(rc);
    (void)fault_set(fault, rc, ENVOI_PHASE_NONE, "envoi_library_%s() has failed: %s; nothing is sent until it succeeds",
                    setters[i].name, why);
    if (fault)
        (void)fault_detail(fault, rc == ENVOI_E_USAGE ? setters[i].detail : ENVOI_DETAIL_NONE);
    return rc;
}

/* ---- plugins ---- */

int envoi_library_set_log(struct envoi_library *library, envoi_log_fn *log, void *ctx)
{
    if (!library)
        return ENVOI_E_USAGE;
    registry_set_log(library->registry, log, ctx);
    return ENVOI_OK;
}

static bool library_is_absolute(const char *path)
{
    return !path || path[0] == '/';
}

struct library_change {
    char **slot;      /* of the library */
    const char *text; /* the new value; NULL: none */
};

/* Changes all of the directories and tells the registry, or none: if the registry refuses, the old ones are put
 * back. */
static int library_change_dirs(struct envoi_library *library, const struct library_change *changes, size_t count,
                               bool user_default)
{
    char *old[3] = {NULL}, *copy[3] = {NULL};
    bool old_default = library->user_default;
    int rc = ENVOI_OK;

    for (size_t i = 0; i < count; i++) {
        if (!library_is_absolute(changes[i].text))
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
    if ((rc = library_set_dirs(library))) {
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
    int rc = ENVOI_E_USAGE;

    if (!library)
        return rc;
    if (path)
        rc = library_change_dirs(library, &(struct library_change){&library->modules, path}, 1, library->user_default);
    return library_note(library, SET_MODULE_DIRECTORY, rc);
}

int envoi_library_set_descriptor_directories(struct envoi_library *library, const char *vendor, const char *user,
                                             const char *admin)
{
    int rc;

    if (!library)
        return ENVOI_E_USAGE;
    if (!library_is_absolute(user))
        return library_note(library, SET_DESCRIPTOR_DIRECTORIES, ENVOI_E_USAGE);
    if (library->resolver.secure)
        user = NULL;
    rc = library_change_dirs(
        library,
        (const struct library_change[]){{&library->vendor, vendor}, {&library->user, user}, {&library->admin, admin}},
        3, false);
    return library_note(library, SET_DESCRIPTOR_DIRECTORIES, rc);
}

int envoi_library_set_vendor_directory(struct envoi_library *library, const char *vendor)
{
    int rc;

    if (!library)
        return ENVOI_E_USAGE;
    rc = library_change_dirs(
        library, (const struct library_change[]){{&library->vendor, vendor}, {&library->user, NULL}}, 2, false);
    return library_note(library, SET_DESCRIPTOR_DIRECTORIES, rc);
}

int envoi_library_use_user_descriptors(struct envoi_library *library)
{
    int rc;

    if (!library)
        return ENVOI_E_USAGE;
    rc = registry_use_user_dir(library->registry);
    if (!rc)
        library->user_default = true;
    return library_note(library, USE_USER_DESCRIPTORS, rc);
}

int envoi_library_add_plugin(struct envoi_library *library, const struct envoi_plugin *plugin, const char *descriptor)
{
    /* A failure is not remembered: asking for the missing plugin is an error by itself. */
    return library && plugin && descriptor ? registry_add_plugin(library->registry, plugin, descriptor) : ENVOI_E_USAGE;
}

/* ---- TLS ---- */

static int library_set_text(struct envoi_library *library, enum library_setter setter, char **slot, const char *text)
{
    return library ? library_note(library, setter, mem_replace(slot, text)) : ENVOI_E_USAGE;
}

int envoi_library_set_tls_backend(struct envoi_library *library, const char *id)
{
    return library_set_text(library, SET_TLS_BACKEND, library ? &library->tls_backend : NULL, id);
}

int envoi_library_set_ca_file(struct envoi_library *library, const char *path)
{
    return library_set_text(library, SET_CA_FILE, library ? &library->trust.ca_file : NULL, path);
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
    return library_set_text(library, SET_CRL_FILE, library ? &library->trust.crl_file : NULL, path);
}

int envoi_library_set_min_tls(struct envoi_library *library, unsigned version)
{
    bool known = version == 0x0303 || version == 0x0304;

    if (!library)
        return ENVOI_E_USAGE;
    if (known)
        library->trust.min_version = version;
    return library_note(library, SET_MIN_TLS, known ? ENVOI_OK : ENVOI_E_USAGE);
}

int envoi_library_set_ciphers(struct envoi_library *library, const char *ciphers)
{
    return library_set_text(library, SET_CIPHERS, library ? &library->trust.ciphers : NULL, ciphers);
}

int envoi_library_set_tls_resumption(struct envoi_library *library, int on)
{
    if (!library)
        return ENVOI_E_USAGE;
    tickets_switch(&library->tickets, on != 0);
    return ENVOI_OK;
}

/* ---- descriptors ---- */

size_t envoi_library_plugins(struct envoi_library *library)
{
    return library ? registry_count(library->registry) : 0;
}

int envoi_library_check_plugin(struct envoi_library *library, size_t index, int load)
{
    return library ? registry_check(library->registry, index, load) : ENVOI_E_USAGE;
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
