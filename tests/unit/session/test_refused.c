/* SPDX-License-Identifier: MIT */
/* A setter of the library object that failed: nothing is sent by any session until the same setter succeeds. */
#include "../../peers/server.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <envoi/plugin.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

TestSuite(refused, .timeout = 60);

static struct envoi_library *library;
static bool no_memory;

static void *meagre(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return no_memory ? NULL : realloc(ptr, size);
}

static void open_library(void)
{
    envoi_set_allocator(meagre, NULL);
    cr_assert_eq(setenv("XDG_CONFIG_HOME", "/nonexistent", 1), 0);
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
}

static void close_library(void)
{
    envoi_library_free(library);
    envoi_set_allocator(NULL, NULL);
}

static struct envoi_session *new_session(void)
{
    struct envoi_session *s;

    cr_assert_eq(envoi_session_new(library, &s), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(s, ENVOI_TLS_OFF), ENVOI_OK);
    return s;
}

/* ---- each setter ---- */

static int module_directory(int good)
{
    return envoi_library_set_module_directory(library, good ? "/nonexistent" : "here");
}

static int no_module_directory(int good)
{
    return envoi_library_set_module_directory(library, good ? "/nonexistent" : NULL);
}

static int descriptor_directories(int good)
{
    return envoi_library_set_descriptor_directories(library, NULL, NULL, good ? NULL : "here");
}

static int user_directory(int good)
{
    return envoi_library_set_descriptor_directories(library, NULL, good ? NULL : "here", NULL);
}

static int user_descriptors(int good)
{
    (void)good;
    return envoi_library_use_user_descriptors(library);
}

static int backend(int good)
{
    (void)good;
    return envoi_library_set_tls_backend(library, "openssl");
}

static int ca_file(int good)
{
    (void)good;
    return envoi_library_set_ca_file(library, "/ca.pem");
}

static int crl_file(int good)
{
    (void)good;
    return envoi_library_set_crl_file(library, "/crl.pem");
}

static int min_tls(int good)
{
    return envoi_library_set_min_tls(library, good ? 0x0304 : 0x0302);
}

static int ciphers(int good)
{
    (void)good;
    return envoi_library_set_ciphers(library, "HIGH");
}

static const struct setter {
    const char *name;
    int (*set)(int good);
    int code;
    const char *why;
} setters[] = {
    {"envoi_library_set_module_directory()", module_directory, ENVOI_E_USAGE, "absolute path"},
    {"envoi_library_set_module_directory()", no_module_directory, ENVOI_E_USAGE, "absolute path"},
    {"envoi_library_set_module_directory()", module_directory, ENVOI_E_MEMORY, "memory"},
    {"envoi_library_set_descriptor_directories()", descriptor_directories, ENVOI_E_USAGE, "absolute paths"},
    {"envoi_library_set_descriptor_directories()", user_directory, ENVOI_E_USAGE, "absolute paths"},
    {"envoi_library_use_user_descriptors()", user_descriptors, ENVOI_E_MEMORY, "memory"},
    {"envoi_library_set_tls_backend()", backend, ENVOI_E_MEMORY, "memory"},
    {"envoi_library_set_ca_file()", ca_file, ENVOI_E_MEMORY, "memory"},
    {"envoi_library_set_crl_file()", crl_file, ENVOI_E_MEMORY, "memory"},
    {"envoi_library_set_min_tls()", min_tls, ENVOI_E_USAGE, "0x0303 or 0x0304"},
    {"envoi_library_set_ciphers()", ciphers, ENVOI_E_MEMORY, "memory"},
};

static void expect_refusal(struct envoi_session *s, const struct setter *setter)
{
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), setter->code, "%s", setter->name);
    cr_expect_eq(envoi_session_error_code(s), setter->code);
    cr_expect_not_null(strstr(envoi_session_error(s), setter->name), "%s", envoi_session_error(s));
    cr_expect_not_null(strstr(envoi_session_error(s), setter->why), "%s", envoi_session_error(s));
}

/* faults: 75 */
Test(refused, each_setter, .init = open_library, .fini = close_library)
{
    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++) {
        const struct setter *setter = &setters[i];
        struct envoi_session *s = new_session(), *later;

        no_memory = setter->code == ENVOI_E_MEMORY;
        cr_assert_eq(setter->set(no_memory), setter->code, "%s", setter->name);
        no_memory = false;
        expect_refusal(s, setter);
        later = new_session();
        expect_refusal(later, setter);
        expect_refusal(s, setter);
        cr_assert_eq(setter->set(1), ENVOI_OK, "%s", setter->name);
        cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_CONNECT, "%s", setter->name);
        cr_expect_eq(envoi_session_connect(later, "/nonexistent/socket"), ENVOI_E_CONNECT, "%s", setter->name);
        envoi_session_free(s);
        envoi_session_free(later);
    }
}

/* Who could not have the file may say that it is not wanted. */
Test(refused, taken_back, .init = open_library, .fini = close_library)
{
    struct envoi_session *s = new_session();

    no_memory = true;
    cr_assert_eq(envoi_library_set_ca_file(library, "/ca.pem"), ENVOI_E_MEMORY);
    no_memory = false;
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_MEMORY);
    cr_assert_eq(envoi_library_set_ca_file(library, NULL), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_CONNECT);
    envoi_session_free(s);
}

/* One is not cured by another, and one that comes too late not at all. */
Test(refused, several, .init = open_library, .fini = close_library)
{
    struct envoi_session *s = new_session();

    cr_assert_eq(envoi_library_set_min_tls(library, 7), ENVOI_E_USAGE);
    cr_assert_eq(envoi_library_set_module_directory(library, "here"), ENVOI_E_USAGE);
    cr_assert_eq(envoi_library_set_ca_file(library, "/ca.pem"), ENVOI_OK);
    cr_assert_eq(envoi_library_set_min_tls(library, 0x0303), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_USAGE);
    cr_expect_not_null(strstr(envoi_session_error(s), "set_module_directory"), "%s", envoi_session_error(s));
    cr_assert_eq(envoi_library_set_module_directory(library, "/nonexistent"), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_CONNECT);
    (void)envoi_library_plugins(library); /* now they have been read */
    cr_assert_eq(envoi_library_use_user_descriptors(library), ENVOI_E_USAGE);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_USAGE);
    cr_expect_not_null(strstr(envoi_session_error(s), "before descriptors are read"), "%s", envoi_session_error(s));
    envoi_session_free(s);
}

/* The session's own comes first, and is forgotten as always. */
Test(refused, with_one_of_the_session, .init = open_library, .fini = close_library)
{
    struct envoi_session *s = NULL;

    cr_assert_eq(envoi_library_set_min_tls(library, 7), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_open(library, "/nonexistent/socket", &s), ENVOI_E_USAGE);
    cr_assert_not_null(s);
    cr_expect_not_null(strstr(envoi_session_error(s), "set_min_tls"), "%s", envoi_session_error(s));
    cr_assert_eq(envoi_session_set_authzid(s, "a\nb"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_USAGE);
    cr_expect_not_null(strstr(envoi_session_error(s), "authorization identity"), "%s", envoi_session_error(s));
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_USAGE);
    cr_expect_not_null(strstr(envoi_session_error(s), "set_min_tls"), "%s", envoi_session_error(s));
    cr_assert_eq(envoi_library_set_min_tls(library, 0x0303), ENVOI_OK);
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_CONNECT);
    envoi_session_free(s);
}

/* A program may do without a plugin of its own. */
Test(refused, plugins_do_not_stick, .init = open_library, .fini = close_library)
{
    static const struct envoi_plugin none = {.struct_size = sizeof none};
    struct envoi_session *s = new_session();

    cr_assert_eq(envoi_library_add_plugin(library, &none, "kind: auth\nprovides: X-OURS\n"), ENVOI_E_PLUGIN);
    cr_assert_eq(envoi_library_add_plugin(library, NULL, ""), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_connect(s, "/nonexistent/socket"), ENVOI_E_CONNECT);
    envoi_session_free(s);
}

/* ---- a session that is connected ---- */

static struct envoi_message *new_message(void)
{
    struct envoi_message *m;

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(m, "hello\r\n", 7), ENVOI_OK);
    return m;
}

/* Nothing is said to the server but QUIT; what was wrong is still known then. */
Test(refused, connected, .init = open_library, .fini = close_library)
{
    static const char *const script[] = {"> 220 here", "< NOOP",    "> 250 ok", "< NOOP", "> 250 ok",
                                         "< QUIT",     "> 221 bye", "eof",      NULL};
    struct server *server = server_start(script);
    struct envoi_session *s = new_session();
    struct envoi_message *m = new_message();
    const char *wrong;

    cr_assert_eq(envoi_session_connect(s, server_where(server)), ENVOI_OK);
    cr_assert_eq(envoi_session_noop(s), ENVOI_OK);
    cr_assert_eq(envoi_library_set_min_tls(library, 7), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_noop(s), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_starttls(s), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_login(s), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_send(s, m), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    cr_expect_not_null(strstr(envoi_message_verdict_reason(m, 0), "set_min_tls"), "%s",
                       envoi_message_verdict_reason(m, 0));
    cr_expect_eq(envoi_session_connected(s), 1);
    cr_assert_eq(envoi_library_set_min_tls(library, 0x0304), ENVOI_OK);
    cr_expect_eq(envoi_session_noop(s), ENVOI_OK);
    cr_assert_eq(envoi_library_set_min_tls(library, 7), ENVOI_E_USAGE);
    cr_expect_eq(envoi_session_quit(s), ENVOI_OK);
    envoi_message_free(m);
    envoi_session_free(s);
    wrong = server_stop(server);
    cr_expect_null(wrong, "%s", wrong ? wrong : "");
}
