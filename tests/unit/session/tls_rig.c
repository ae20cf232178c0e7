/* SPDX-License-Identifier: MIT */
#include "tls_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct envoi_library *library;
struct tls_server *server;
char pem[20000];

void tls_rig_begin(const struct tls_server_config *config, const char *backend)
{
    struct tls_server_config whole = *config;

    whole.chain = PKI("good.chain.pem");
    whole.key = PKI("good.key");
    if (!whole.version)
        whole.version = 0x0304;
    server = tls_server_start(&whole);
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, DESCRIPTORS, NULL, NULL), ENVOI_OK);
    cr_assert_eq(envoi_library_set_module_directory(library, MODULES), ENVOI_OK);
    cr_assert_eq(envoi_library_set_ca_file(library, PKI("ca.pem")), ENVOI_OK);
    cr_assert_eq(envoi_library_set_tls_backend(library, backend), ENVOI_OK);
}

void tls_rig_finish(void)
{
    envoi_library_free(library);
    tls_server_stop(server);
}

struct envoi_session *tls_rig_session(int tls)
{
    struct envoi_session *s;

    cr_assert_eq(envoi_session_new(library, &s), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(s, tls), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls_name(s, "mail.example.test"), ENVOI_OK);
    return s;
}

size_t tls_rig_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(pem, 1, sizeof pem, file) : 0;

    cr_assert(len > 0 && len < sizeof pem);
    fclose(file);
    return len;
}

const char *tls_rig_pin(const char *path)
{
    static char text[65];
    unsigned char pin[32];
    FILE *file = fopen(path, "rb");

    cr_assert(file && fread(pin, 1, sizeof pin, file) == sizeof pin);
    fclose(file);
    for (size_t i = 0; i < sizeof pin; i++)
        snprintf(text + 2 * i, 3, "%02x", pin[i]);
    return text;
}
