/* SPDX-License-Identifier: MIT */
/* The reader of bundles beside the libraries: if it takes a file as a bundle, both libraries see the same certificates in
 * it, and no two names that a library takes as equal have different keys. */
#include "bundle.h"

#include <criterion/criterion.h>
#include <envoi/plugin.h>
#include <gnutls/x509.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

TestSuite(bundle, .timeout = 60);

#define PKI(file)    PKI_DIR "/" file
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SYSTEM     "/etc/ssl/certs/ca-certificates.crt"
#define DAMAGES    3000
#define TEXT_MAX   1000000
#define CHARACTERS "\n\r-=A+ /BEGIN.#\t"

static int live;

static void *take(size_t size)
{
    live++;
    return malloc(size);
}

static void give(void *ptr)
{
    live -= ptr != NULL;
    free(ptr);
}

static const struct envoi_host host = {.struct_size = sizeof host, .alloc = take, .free = give};

static size_t load(const char *path, char *text)
{
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(text, 1, TEXT_MAX, file) : 0;

    if (file)
        fclose(file);
    return len;
}

static void store(int fd, const char *text, size_t len)
{
    cr_assert_eq(ftruncate(fd, 0), 0);
    cr_assert_eq(pwrite(fd, text, len, 0), (ssize_t)len);
}

/* ---- what the libraries see ---- */

static void compare_openssl(const struct backend_bundle *bundle, const char *text, size_t len)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    STACK_OF(X509_INFO) *all = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);

    /* It may hold what only the parser finds fault with; then the library sees none. */
    for (int i = 0; i < sk_X509_INFO_num(all); i++) {
        X509 *cert = sk_X509_INFO_value(all, i)->x509;
        const struct backend_bundle_cert *ours = &bundle->certs[i];
        unsigned char *der = NULL, *name = NULL;

        cr_assert_lt((size_t)i, bundle->count);
        cr_assert_eq(i2d_X509(cert, &der), (int)ours->der_len);
        cr_assert_eq(memcmp(der, ours->der, ours->der_len), 0);
        cr_assert_eq(i2d_X509_NAME(X509_get_subject_name(cert), &name), (int)ours->subject_len);
        cr_assert_eq(memcmp(name, ours->subject, ours->subject_len), 0);
        OPENSSL_free(der);
        OPENSSL_free(name);
    }
    cr_assert(!all || (size_t)sk_X509_INFO_num(all) == bundle->count);
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(bio);
}

static void compare_gnutls(const struct backend_bundle *bundle, char *text, size_t len)
{
    const gnutls_datum_t data = {.data = (unsigned char *)text, .size = (unsigned)len};
    gnutls_x509_crt_t *all = NULL;
    gnutls_datum_t der;
    unsigned count = 0;

    if (gnutls_x509_crt_list_import2(&all, &count, &data, GNUTLS_X509_FMT_PEM, 0) < 0)
        return;
    cr_assert_eq(count, bundle->count);
    for (unsigned i = 0; i < count; i++) {
        cr_assert_geq(gnutls_x509_crt_export2(all[i], GNUTLS_X509_FMT_DER, &der), 0);
        cr_assert_eq(der.size, bundle->certs[i].der_len);
        cr_assert_eq(memcmp(der.data, bundle->certs[i].der, der.size), 0);
        gnutls_free(der.data);
        gnutls_x509_crt_deinit(all[i]);
    }
    gnutls_free(all);
}

/* Returns the number of certificates; 0: it is no bundle. */
static size_t compare(const char *path, char *text, size_t len)
{
    struct backend_bundle bundle;
    int32_t rc = backend_bundle_read(&bundle, &host, path);
    size_t count = bundle.count;

    cr_assert(rc == ENVOI_OK || rc == ENVOI_E_NOT_SUPPORTED);
    cr_assert_eq(rc == ENVOI_OK, count > 0);
    if (!rc) {
        compare_openssl(&bundle, text, len);
        compare_gnutls(&bundle, text, len);
    }
    backend_bundle_free(&bundle);
    cr_assert_eq(live, 0);
    return count;
}

Test(bundle, of_the_system)
{
    char *text = malloc(TEXT_MAX);
    size_t len = load(SYSTEM, text);

    if (len == 0)
        cr_skip_test("there is no " SYSTEM);
    cr_expect_gt(compare(SYSTEM, text, len), 50);
    free(text);
}

#ifdef GNUTLS_TRUST_FILE
static bool has_der(const struct backend_bundle *bundle, const gnutls_datum_t *der)
{
    for (size_t i = 0; i < bundle->count; i++)
        if (bundle->certs[i].der_len == der->size && memcmp(bundle->certs[i].der, der->data, der->size) == 0)
            return true;
    return false;
}

/* The file that was found when envoi was built has the CAs that GnuTLS trusts if it is told to trust the system's. */
Test(bundle, of_gnutls)
{
    gnutls_x509_trust_list_iter_t at = NULL;
    gnutls_x509_trust_list_t list;
    struct backend_bundle bundle;
    gnutls_x509_crt_t cert;
    gnutls_datum_t der;
    size_t count = 0;

    cr_assert_geq(gnutls_x509_trust_list_init(&list, 0), 0);
    if (gnutls_x509_trust_list_add_system_trust(list, 0, 0) <= 0)
        cr_skip_test("the system has no CAs");
    cr_assert_eq(backend_bundle_read(&bundle, &host, GNUTLS_TRUST_FILE), ENVOI_OK);
    while (gnutls_x509_trust_list_iter_get_ca(list, &at, &cert) >= 0) {
        cr_assert_geq(gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_DER, &der), 0);
        cr_expect(has_der(&bundle, &der), "number %zu", count);
        count++;
        gnutls_free(der.data);
        gnutls_x509_crt_deinit(cert);
    }
    cr_expect_eq(count, bundle.count);
    gnutls_x509_trust_list_iter_deinit(at);
    gnutls_x509_trust_list_deinit(list, 1);
    backend_bundle_free(&bundle);
}
#endif

Test(bundle, damaged)
{
    static const char *const files[] = {PKI("ca.pem"), PKI("inter.pem"), PKI("rsa.pem")};
    char path[64], *text = malloc(TEXT_MAX), *damaged = malloc(TEXT_MAX);
    size_t len = 0, whole = 0, other = 0;
    int fd = memfd_create("bundle", MFD_CLOEXEC); /* in memory: a disk takes seconds for so many */

    cr_assert_geq(fd, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (size_t i = 0; i < COUNT(files); i++)
        len += load(files[i], text + len);
    srand(1);
    for (int i = 0; i < DAMAGES; i++) {
        size_t at = (size_t)rand() % len, cut = i % 3 ? 1 : (size_t)rand() % (len - at);
        size_t damaged_len = i % 3 == 1 ? len : len - cut;

        memcpy(damaged, text, at);
        memcpy(damaged + at, text + at + (len - damaged_len), damaged_len - at);
        if (i % 3 == 1)
            damaged[at] = CHARACTERS[(size_t)rand() % (sizeof CHARACTERS - 1)];
        store(fd, damaged, damaged_len);
        *(compare(path, damaged, damaged_len) ? &whole : &other) += 1;
    }
    cr_expect_gt(whole, DAMAGES / 20, "%zu", whole);
    cr_expect_gt(other, DAMAGES / 20, "%zu", other);
    close(fd);
    free(text);
    free(damaged);
}

/* ---- keys ---- */

static const struct {
    const char *type;
    int kind;
    const char *value;
    int more; /* 1: in the part of the attribute before it */
} names[] = {
    {"CN", V_ASN1_UTF8STRING, "a root", 0},
    {"CN", V_ASN1_PRINTABLESTRING, "a root", 0},
    {"CN", V_ASN1_T61STRING, "A ROOT", 0},
    {"CN", V_ASN1_IA5STRING, " a   Root ", 0},
    {"CN", V_ASN1_BMPSTRING, "\0a\0 \0r\0o\0o\0t", 0},
    {"O", V_ASN1_UTF8STRING, "a root", 0},
    {"CN", V_ASN1_UTF8STRING, "an\303\251", 0},
    {"CN", V_ASN1_T61STRING, "An\351", 0},
    {"CN", V_ASN1_UTF8STRING, "a root", -1},
    {"CN", V_ASN1_UTF8STRING, "aroot", 0},
    {"CN", V_ASN1_UTF8STRING, "another", 0},
    {"CN", V_ASN1_NUMERICSTRING, "12", 0},
    {"CN", V_ASN1_UTF8STRING, "12", 0},
};

static X509_NAME *name_of(size_t row)
{
    const char *value = names[row].value;
    int len = names[row].kind == V_ASN1_BMPSTRING ? 12 : (int)strlen(value);
    X509_NAME *name = X509_NAME_new();

    cr_assert_eq(X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"XX", -1, -1, 0), 1);
    cr_assert_eq(X509_NAME_add_entry_by_txt(name, names[row].type, names[row].kind, (const unsigned char *)value, len,
                                            -1, names[row].more),
                 1, "%zu", row);
    return name;
}

static uint32_t key_of(X509_NAME *name)
{
    const unsigned char *der;
    size_t len;

    cr_assert_eq(X509_NAME_get0_der(name, &der, &len), 1);
    return backend_bundle_key(der, len);
}

Test(bundle, equal_names_have_equal_keys)
{
    int equal = 0, other = 0;

    for (size_t i = 0; i < COUNT(names); i++) {
        for (size_t k = 0; k < COUNT(names); k++) {
            X509_NAME *a = name_of(i);
            X509_NAME *b = name_of(k);
            uint32_t one = key_of(a), two = key_of(b);

            if (X509_NAME_cmp(a, b) == 0)
                cr_expect(one == two || !one || !two, "%zu %zu", i, k);
            equal += i != k && X509_NAME_cmp(a, b) == 0;
            other += one && two && one != two;
            X509_NAME_free(a);
            X509_NAME_free(b);
        }
    }
    cr_expect_gt(equal, 10);
    cr_expect_gt(other, 50);
    cr_expect_eq(backend_bundle_key((const uint8_t *)"0\200", 2), 0);
    cr_expect_eq(backend_bundle_key((const uint8_t *)"", 0), 0);
}
