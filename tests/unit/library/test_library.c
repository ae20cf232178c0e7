/* SPDX-License-Identifier: MIT */
/* The library object's own functions: what they take and what they refuse, where a refusal changes nothing. */
#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(library, .timeout = 30);

static struct envoi_library *library;

static void open_library(void)
{
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
}

static void close_library(void)
{
    envoi_library_free(library);
}

Test(library, no_object)
{
    cr_expect_eq(envoi_library_new(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_log(NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_module_directory(NULL, "/"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_descriptor_directories(NULL, NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_use_user_descriptors(NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_add_plugin(NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_tls_backend(NULL, "openssl"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_ca_file(NULL, "/ca.pem"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_system_trust(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_crl_file(NULL, "/crl.pem"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_min_tls(NULL, 0x0303), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_ciphers(NULL, "NORMAL"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_tls_resumption(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_plugins(NULL), 0u);
    cr_expect_null(envoi_library_plugin_value(NULL, 0, "id"));
    cr_expect_null(envoi_library_plugin_source(NULL, 0, "id"));
    cr_expect_eq(envoi_library_warnings(NULL), 0u);
    cr_expect_null(envoi_library_warning(NULL, 0));
    envoi_library_free(NULL);
}

Test(library, trust, .init = open_library, .fini = close_library)
{
    cr_expect_eq(envoi_library_set_min_tls(library, 0x0304), ENVOI_OK);
    cr_expect_eq(envoi_library_set_min_tls(library, 0x0302), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_min_tls(library, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_system_trust(library, 1), ENVOI_OK);
    cr_expect_eq(envoi_library_set_ca_file(library, "/ca.pem"), ENVOI_OK);
    cr_expect_eq(envoi_library_set_ca_file(library, NULL), ENVOI_OK);
    cr_expect_eq(envoi_library_set_crl_file(library, "/crl.pem"), ENVOI_OK);
    cr_expect_eq(envoi_library_set_ciphers(library, "NORMAL"), ENVOI_OK);
    cr_expect_eq(envoi_library_set_tls_backend(library, "gnutls"), ENVOI_OK);
    cr_expect_eq(envoi_library_set_tls_backend(library, NULL), ENVOI_OK);
    cr_expect_eq(envoi_library_set_tls_resumption(library, 0), ENVOI_OK);
}

/* Paths that are no absolute ones, and directories that come too late. */
Test(library, directories, .init = open_library, .fini = close_library)
{
    cr_expect_eq(envoi_library_set_module_directory(library, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_module_directory(library, "plugins"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_descriptor_directories(library, "/none", "here", NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_descriptor_directories(library, "/none", NULL, "here"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_descriptor_directories(library, "here", NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_use_user_descriptors(library), ENVOI_OK);
    cr_expect_eq(envoi_library_set_module_directory(library, "/nonexistent"), ENVOI_OK);
    cr_expect_eq(envoi_library_set_descriptor_directories(library, "/nonexistent", NULL, NULL), ENVOI_OK);
    cr_expect_eq(envoi_library_warnings(library), 0u); /* now they have been read */
    cr_expect_null(envoi_library_warning(library, 0));
    cr_expect_eq(envoi_library_set_module_directory(library, "/"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_descriptor_directories(library, "/", NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_use_user_descriptors(library), ENVOI_E_USAGE);
}

static void write_descriptor(char *path, size_t size, const char *dir, const char *text)
{
    FILE *file;
    snprintf(path, size, "%s/odd.plugin", dir);
    file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Another directory of the vendor's, such as the program's --plugins-d, is not one around the administrator's. */
/* faults: S12 */
Test(library, vendor_directory, .init = open_library, .fini = close_library)
{
    char vendor[] = "/tmp/envoi-test-XXXXXX", admin[] = "/tmp/envoi-test-XXXXXX", one[64], other[64];
    cr_assert(mkdtemp(vendor) && mkdtemp(admin));
    write_descriptor(one, sizeof one, vendor, "kind: auth\nprovides: X-ODD\nmodule: odd.so\nabi: 1\n");
    write_descriptor(other, sizeof other, admin, "enabled: no\n");
    cr_expect_eq(envoi_library_set_vendor_directory(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_set_vendor_directory(library, "here"), ENVOI_E_USAGE);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, NULL, NULL, admin), ENVOI_OK);
    cr_assert_eq(envoi_library_set_vendor_directory(library, vendor), ENVOI_OK);
    for (size_t i = 0; i < envoi_library_plugins(library); i++)
        if (!strcmp(envoi_library_plugin_value(library, i, "id"), "odd"))
            cr_expect_str_eq(envoi_library_plugin_value(library, i, "state"), "disabled");
    cr_expect_eq(envoi_library_warnings(library), 0u);
    cr_expect_eq(envoi_library_set_vendor_directory(library, vendor), ENVOI_E_USAGE, "they have been read");
    unlink(one);
    unlink(other);
    rmdir(vendor);
    rmdir(admin);
}

/* faults: U7 */
Test(library, check_plugin, .init = open_library, .fini = close_library)
{
    char vendor[] = "/tmp/envoi-test-XXXXXX", one[64];
    cr_assert(mkdtemp(vendor));
    write_descriptor(one, sizeof one, vendor, "kind: auth\nprovides: X-ODD\nmodule: odd.so\nabi: 1\n");
    cr_assert_eq(envoi_library_set_descriptor_directories(library, vendor, NULL, NULL), ENVOI_OK);
    cr_assert_eq(envoi_library_set_module_directory(library, vendor), ENVOI_OK);
    cr_expect_eq(envoi_library_check_plugin(NULL, 0, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_check_plugin(library, 1000, 0), ENVOI_E_USAGE);
    for (size_t i = 0; i < envoi_library_plugins(library); i++)
        if (!strcmp(envoi_library_plugin_value(library, i, "id"), "odd")) {
            cr_expect_str_eq(envoi_library_plugin_value(library, i, "state"), "available");
            cr_expect_eq(envoi_library_check_plugin(library, i, 0), ENVOI_E_PLUGIN);
            if (strstr(envoi_library_plugin_source(library, i, "state"), "odd.so"))
                cr_expect_str_eq(envoi_library_plugin_value(library, i, "state"), "absent");
            else
                cr_expect(strstr(envoi_library_plugin_source(library, i, "state"), "without the loader"));
            cr_expect_eq(envoi_library_check_plugin(library, i, 1), ENVOI_E_PLUGIN);
        }
    unlink(one);
    rmdir(vendor);
}

Test(library, plugins_of_the_program, .init = open_library, .fini = close_library)
{
    static const struct envoi_plugin none = {.struct_size = sizeof none};

    cr_expect_eq(envoi_library_add_plugin(library, NULL, ""), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_add_plugin(library, &none, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_library_add_plugin(library, &none, "kind: auth\n"), ENVOI_E_PLUGIN);
    cr_expect_null(envoi_library_plugin_value(library, 1000, "id"));
    cr_expect_null(envoi_library_plugin_value(library, 0, NULL));
    cr_expect_null(envoi_library_plugin_source(library, 0, NULL));
}

/* ---- no memory ---- */

static int left;

static void *meagre(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return left-- > 0 ? realloc(ptr, size) : NULL;
}

/* faults: 75 */
Test(library, no_memory)
{
    int rc = ENVOI_E_MEMORY, n;

    envoi_set_allocator(meagre, NULL);
    for (n = 0; rc == ENVOI_E_MEMORY && n < 100; n++) {
        left = n;
        rc = envoi_library_new(&library);
        cr_expect((rc == ENVOI_OK) == (library != NULL));
    }
    cr_expect_eq(rc, ENVOI_OK);
    cr_expect_gt(n, 5);
    left = 1;
    cr_expect_eq(envoi_library_set_descriptor_directories(library, "/a", "/b", "/c"), ENVOI_E_MEMORY);
    cr_expect_eq(envoi_library_set_ca_file(library, "/ca.pem"), ENVOI_E_MEMORY);
    left = 1000;
    cr_expect_eq(envoi_library_set_descriptor_directories(library, "/a", "/b", "/c"), ENVOI_OK);
    envoi_library_free(library);
    envoi_set_allocator(NULL, NULL);
}

Test(library, texts)
{
    cr_expect_str_eq(envoi_error_name(ENVOI_OK), "ENVOI_OK");
    cr_expect_str_eq(envoi_error_name(ENVOI_E_TIMEOUT), "ENVOI_E_TIMEOUT");
    cr_expect_str_eq(envoi_error_name(-9999), "ENVOI_E_?");
    cr_expect_gt(strlen(envoi_error_text(ENVOI_E_TIMEOUT)), 0u);
    cr_expect_gt(strlen(envoi_version()), 0u);
}
