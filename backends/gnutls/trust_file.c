/* SPDX-License-Identifier: MIT */
/* Run by CMake: prints the file that GnuTLS reads for the system's CA certificates. Fails if it reads another number of
 * files, such as a list of blocked certificates, or if it asks a PKCS#11 store, which may know of distrust. */
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static char seen[4096];
static int count;
static bool watching;

static void note(const char *path)
{
    if (!watching)
        return;
    if (strcmp(path, seen) != 0)
        count++;
    snprintf(seen, sizeof seen, "%s", path);
}

/* The functions of the program take the place of the C library's, in GnuTLS too. Which of them it calls depends on its
 * version. No file can be opened. */
FILE *fopen(const char *restrict path, const char *restrict mode)
{
    (void)mode;
    note(path);
    return NULL;
}

int open(const char *path, int flags, ...)
{
    (void)flags;
    note(path);
    return -1;
}

#ifdef __GLIBC__ /* it has second names */
FILE *fopen64(const char *restrict path, const char *restrict mode)
{
    return fopen(path, mode);
}

int open64(const char *path, int flags, ...)
{
    return open(path, flags);
}
#endif

int main(void)
{
    gnutls_x509_trust_list_t list;
    int ret;

    if (gnutls_global_init() < 0 || gnutls_x509_trust_list_init(&list, 0) < 0)
        return 1;
    watching = true;
    ret = gnutls_x509_trust_list_add_system_trust(list, 0, 0);
    watching = false;
    /* Nothing could be read, so any certificate is one of another store. */
    if (ret > 0 || count != 1 || seen[0] != '/')
        return 1;
    /* A list has one PKCS#11 store at most: a second one is refused. */
    if (gnutls_x509_trust_list_add_trust_file(list, "pkcs11:", NULL, GNUTLS_X509_FMT_DER, 0, 0) ==
        GNUTLS_E_INVALID_REQUEST)
        return 1;
    gnutls_x509_trust_list_deinit(list, 1);
    fputs(seen, stdout);
    return 0;
}
