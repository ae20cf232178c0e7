/* SPDX-License-Identifier: MIT */
/* What was loaded stays: a process loads, goes to an empty root directory as a user without rights, and sends. */
#include "tls_rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(load, .timeout = 60);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOBODY   65534

/* ---- what is loaded ---- */

static void a_ca_file(struct envoi_session *s)
{
    (void)s;
    envoi_library_set_ca_file(library, PKI("ca.pem"));
}

static void a_ca_file_of_the_session(struct envoi_session *s)
{
    envoi_session_set_ca_file(s, PKI("ca.pem"));
}

static void the_file_of_the_system(struct envoi_session *s)
{
    (void)s;
    setenv("SSL_CERT_FILE", PKI("ca.pem"), 1);
    envoi_library_set_ca_file(library, NULL);
}

static void the_directory_of_the_system(struct envoi_session *s)
{
    (void)s;
    setenv("SSL_CERT_FILE", PKI("stranger.pem"), 1);
    setenv("SSL_CERT_DIR", PKI("hashed"), 1);
    envoi_library_set_ca_file(library, NULL);
}

static void a_client_certificate(struct envoi_session *s)
{
    a_ca_file(s);
    envoi_session_set_client_certificate(s, PKI("client.pem"), PKI("client.key"));
}

static void a_revocation_list(struct envoi_session *s)
{
    a_ca_file(s);
    envoi_library_set_crl_file(library, PKI("crl-inter.pem"));
}

static const struct {
    const char *name;
    void (*set)(struct envoi_session *s);
} rows[] = {
#define ROW(name)                                                                                                      \
    {                                                                                                                  \
#name, name                                                                                                    \
    }
    ROW(a_ca_file),
    ROW(a_ca_file_of_the_session),
    ROW(the_file_of_the_system),
    ROW(the_directory_of_the_system),
    ROW(a_client_certificate),
    ROW(a_revocation_list),
#undef ROW
};

/* ---- the process ---- */

static char where[64]; /* the server */

static int leave_everything(const char *root)
{
    return chroot(root) == 0 && chdir("/") == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0 &&
           access("/etc", F_OK) < 0;
}

/* Twice, in two sessions: the first one that is there, and another one with the same settings. */
static int send_one(void (*set)(struct envoi_session *s), struct envoi_session *s)
{
    struct envoi_session *other = tls_rig_session(ENVOI_TLS_IMPLICIT);
    struct envoi_message *m = NULL;
    int rc = envoi_session_connect(s, where);

    if (!rc)
        rc = envoi_message_new("me@example.org", &m);
    if (!rc)
        rc = envoi_message_add_recipient(m, "you@example.net");
    if (!rc)
        rc = envoi_message_set_data(m, "Subject: x\n\nx\n", 14);
    if (!rc)
        rc = envoi_session_send(s, m);
    if (rc)
        fprintf(stderr, "%s\n", envoi_session_error(s));
    envoi_library_set_tls_resumption(library, 0);
    set(other);
    if (!rc)
        rc = envoi_session_connect(other, where);
    return rc;
}

/* Without the call the plugins are loaded all the same: it is the files that will be missing. */
static void load_plugins(void)
{
    for (size_t i = 0; i < envoi_library_plugins(library); i++)
        (void)envoi_library_check_plugin(library, i, 1); /* not all may have been built */
}

/* Never returns. The server's address comes by the pipe. */
static void child(void (*set)(struct envoi_session *s), int loads, const char *backend, const char *root, int in)
{
    struct envoi_session *s;

    if (read(in, where, sizeof where - 1) <= 0 || envoi_library_new(&library) ||
        envoi_library_set_descriptor_directories(library, DESCRIPTORS, NULL, NULL) ||
        envoi_library_set_module_directory(library, MODULES) || envoi_library_set_tls_backend(library, backend))
        _exit(4);
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    set(s);
    load_plugins();
    if (loads && envoi_session_load_tls(s)) {
        fprintf(stderr, "load: %s\n", envoi_session_error(s));
        _exit(2);
    }
    if (!leave_everything(root))
        _exit(3);
    _exit(send_one(set, s) ? 1 : 0);
}

/* All processes are there before the server and its threads are: a sanitizer's lock that a thread holds during a fork
 * stays locked in the child. */
static void try_all(const char *backend)
{
    char root[] = "/tmp/envoi-root-XXXXXX";
    pid_t pids[2 * COUNT(rows)];
    int pipes[2 * COUNT(rows)][2], status;

    if (geteuid() != 0)
        cr_skip_test("only root may change the root directory");
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    cr_assert_not_null(mkdtemp(root));
    for (size_t i = 0; i < COUNT(pids); i++) {
        cr_assert_eq(pipe2(pipes[i], O_CLOEXEC), 0);
        if ((pids[i] = fork()) == 0) {
            close(pipes[i][1]);
            child(rows[i / 2].set, (int)(i % 2), backend, root, pipes[i][0]);
        }
        close(pipes[i][0]);
    }
    tls_rig_begin(&(struct tls_server_config){.auth = 1}, backend);
    for (size_t i = 0; i < COUNT(pids); i++) {
        cr_assert_gt(dprintf(pipes[i][1], "%s", tls_server_where(server)), 0);
        close(pipes[i][1]);
        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
        cr_expect(WIFEXITED(status));
        cr_expect_eq(WEXITSTATUS(status), i % 2 ? 0 : 1, "%s, %s, loads %zu: %d", backend, rows[i / 2].name, i % 2,
                     WEXITSTATUS(status));
    }
    cr_assert_eq(rmdir(root), 0);
    tls_rig_finish();
}

Test(load, then_chroot_openssl)
{
    try_all("openssl");
}

Test(load, then_chroot_gnutls)
{
    try_all("gnutls");
}

/* ---- the call itself ---- */

static void call(const char *backend)
{
    struct envoi_session *s;

    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    tls_rig_begin(&(struct tls_server_config){.auth = 1}, backend);
    s = tls_rig_session(ENVOI_TLS_IMPLICIT);
    cr_expect_eq(envoi_session_load_tls(NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_session_set_ca_file(s, PKI("nowhere.pem")), ENVOI_OK);
    cr_expect_eq(envoi_session_load_tls(s), ENVOI_E_TLS);
    cr_expect(strstr(envoi_session_error(s), PKI("nowhere.pem") ": "), "%s", envoi_session_error(s));
    cr_expect_eq(envoi_session_error_phase(s), ENVOI_PHASE_TLS);
    cr_assert_eq(envoi_session_set_ca_file(s, NULL), ENVOI_OK);
    cr_expect_eq(envoi_session_load_tls(s), ENVOI_OK);
    cr_expect_eq(envoi_session_load_tls(s), ENVOI_OK, "as often as it is called");
    cr_assert_eq(envoi_session_connect(s, tls_server_where(server)), ENVOI_OK, "%s", envoi_session_error(s));
    cr_expect_eq(envoi_session_load_tls(s), ENVOI_E_USAGE);
    cr_expect_str_eq(envoi_session_error(s), "already connected");
    cr_expect_eq(envoi_session_connected(s), 1);
    cr_assert_eq(envoi_session_quit(s), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls_backend(s, "no_such"), ENVOI_OK);
    cr_expect_eq(envoi_session_load_tls(s), ENVOI_E_PLUGIN);
    envoi_session_free(s);
    tls_rig_finish();
}

Test(load, call_openssl)
{
    call("openssl");
}

Test(load, call_gnutls)
{
    call("gnutls");
}
