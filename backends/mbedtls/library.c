/* SPDX-License-Identifier: MIT */
/* Where the library's versions 2.28 and 3.6 differ: other names, other forms, or no function at all. */
#include "backend.h"
#include "portable/random.h"

#include <mbedtls/cipher.h>
#include <mbedtls/error.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define IS_3 1
#include <psa/crypto.h>
#else
#define IS_3                            0
#define MBEDTLS_PRIVATE(member)         member
#define MBEDTLS_ERR_SSL_BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE
#endif

int library_random(void *nothing, unsigned char *out, size_t len)
{
    (void)nothing;
    while (len > 0) {
        size_t n = len < RANDOM_MOST ? len : RANDOM_MOST;

        if (!random_draw(out, n))
            return MBEDTLS_ERR_SSL_HW_ACCEL_FAILED;
        out += n;
        len -= n;
    }
    return 0;
}

bool library_is_ca(const mbedtls_x509_crt *cert)
{
    return cert->MBEDTLS_PRIVATE(ca_istrue) != 0;
}

unsigned library_alert(const mbedtls_ssl_context *library)
{
    return library->MBEDTLS_PRIVATE(in_msg)[1];
}

bool library_can_resume(const mbedtls_ssl_session *session)
{
    return session->MBEDTLS_PRIVATE(ticket_len) > 0 || session->MBEDTLS_PRIVATE(id_len) > 0;
}

bool library_is_merged(const mbedtls_x509_name *attribute)
{
    return attribute->MBEDTLS_PRIVATE(next_merged) != 0;
}

/* A key of an elliptic curve gets a table when it signs for the first time. */
static bool sign_once(mbedtls_pk_context *key)
{
    unsigned char sum[32] = {0}, signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    size_t len;

    if (!mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA))
        return true;
#if IS_3
    return mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, sum, sizeof sum, signature, sizeof signature, &len, library_random,
                           NULL) == 0;
#else
    return mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, sum, sizeof sum, signature, &len, library_random, NULL) == 0;
#endif
}

#if IS_3

int library_start(void)
{
    return psa_crypto_init();
}

bool library_versions(mbedtls_ssl_config *config, uint32_t least, uint32_t most)
{
    if (most && most < (least > ENVOI_TLS_1_2 ? least : ENVOI_TLS_1_2))
        return false;
    mbedtls_ssl_conf_min_tls_version(config,
                                     least > ENVOI_TLS_1_2 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(config,
                                     most == ENVOI_TLS_1_2 ? MBEDTLS_SSL_VERSION_TLS1_2 : MBEDTLS_SSL_VERSION_TLS1_3);
    return true;
}

/* The library offers RSASSA-PSS to servers of TLS 1.2 too, and then refuses it (3.6.6). So PKCS #1, which TLS 1.3
 * does not have, comes first: a server that goes by our order takes it. */
void library_setup(mbedtls_ssl_config *config)
{
    static const uint16_t signatures[] = {
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
        MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,    MBEDTLS_TLS1_3_SIG_NONE};

    mbedtls_ssl_conf_sig_algs(config, signatures);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(config,
                                                             MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
}

int library_parse_key(mbedtls_pk_context *key, const uint8_t *pem, size_t len, const char *passphrase,
                      size_t passphrase_len)
{
    return mbedtls_pk_parse_key(key, pem, len, (const unsigned char *)passphrase, passphrase_len, library_random, NULL);
}

bool library_key_fits(mbedtls_pk_context *key, const mbedtls_x509_crt *cert)
{
    return mbedtls_pk_check_pair(&cert->pk, key, library_random, NULL) == 0 && sign_once(key);
}

uint32_t library_bits(const char *suite)
{
    return (uint32_t)mbedtls_ssl_ciphersuite_get_cipher_key_bitlen(mbedtls_ssl_ciphersuite_from_string(suite));
}

bool library_has_asked(const mbedtls_ssl_context *library)
{
    enum { CERTIFICATE_REQUIRED = 116 };

    return library_alert(library) == CERTIFICATE_REQUIRED;
}

/* With TLS 1.2 the library does not tell whether there was an extended master secret, without which the keys are not
 * bound to the certificate (RFC 7627). */
bool library_export(mbedtls_ssl_context *library, const char *label, uint8_t *out, size_t len)
{
    return mbedtls_ssl_get_version_number(library) == MBEDTLS_SSL_VERSION_TLS1_3 &&
           mbedtls_ssl_export_keying_material(library, out, len, label, strlen(label), NULL, 0, 0) == 0;
}

#else

int library_start(void)
{
    return 0;
}

bool library_versions(mbedtls_ssl_config *config, uint32_t least, uint32_t most)
{
    if (least > ENVOI_TLS_1_2 || (most && most < ENVOI_TLS_1_2))
        return false;
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    return true;
}

void library_setup(mbedtls_ssl_config *config)
{
    static const int hashes[] = {MBEDTLS_MD_SHA512, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};

    mbedtls_ssl_conf_sig_hashes(config, hashes); /* the default has SHA-1 */
}

int library_parse_key(mbedtls_pk_context *key, const uint8_t *pem, size_t len, const char *passphrase,
                      size_t passphrase_len)
{
    return mbedtls_pk_parse_key(key, pem, len, (const unsigned char *)passphrase, passphrase_len);
}

bool library_key_fits(mbedtls_pk_context *key, const mbedtls_x509_crt *cert)
{
    return mbedtls_pk_check_pair(&cert->pk, key) == 0 && sign_once(key);
}

uint32_t library_bits(const char *suite)
{
    const mbedtls_ssl_ciphersuite_t *found = mbedtls_ssl_ciphersuite_from_string(suite);
    const mbedtls_cipher_info_t *cipher = found ? mbedtls_cipher_info_from_type(found->cipher) : NULL;

    return cipher ? cipher->key_bitlen : 0;
}

bool library_has_asked(const mbedtls_ssl_context *library)
{
    return library->client_auth > 0;
}

bool library_export(mbedtls_ssl_context *library, const char *label, uint8_t *out, size_t len)
{
    (void)library;
    (void)label;
    (void)out;
    (void)len;
    return false;
}

#endif

size_t library_sum(mbedtls_md_type_t type, const void *data, size_t len, uint8_t *sum)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(type);

    return info && mbedtls_md(info, data, len, sum) == 0 ? mbedtls_md_get_size(info) : 0;
}

/* A code is the sum of one of an upper and one of a lower module. */
enum library_failure library_kind(int code)
{
    enum { UPPER = 0x7f80, LOWER = 0x7f };
    static const struct {
        int code, mask;
        enum library_failure kind;
    } rows[] = {
        {MBEDTLS_ERR_SSL_ALLOC_FAILED, UPPER, FAILURE_MEMORY},
        {MBEDTLS_ERR_X509_ALLOC_FAILED, UPPER, FAILURE_MEMORY},
        {MBEDTLS_ERR_PK_ALLOC_FAILED, UPPER, FAILURE_MEMORY},
        {MBEDTLS_ERR_ECP_ALLOC_FAILED, UPPER, FAILURE_MEMORY},
        {MBEDTLS_ERR_MD_ALLOC_FAILED, UPPER, FAILURE_MEMORY},
        {MBEDTLS_ERR_CIPHER_ALLOC_FAILED, UPPER, FAILURE_MEMORY},
        {MBEDTLS_ERR_MPI_ALLOC_FAILED, LOWER, FAILURE_MEMORY},
        {MBEDTLS_ERR_ASN1_ALLOC_FAILED, LOWER, FAILURE_MEMORY},
        {MBEDTLS_ERR_SSL_BAD_CERTIFICATE, UPPER, FAILURE_CERTIFICATE},
        {MBEDTLS_ERR_SSL_INVALID_RECORD, UPPER, FAILURE_NOT_TLS},
        {-0x6e80, UPPER, FAILURE_VERSION}, /* its name depends on the version, its number does not */
        {MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, UPPER, FAILURE_ALERT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((-code & rows[i].mask) == -rows[i].code)
            return rows[i].kind;
    }
    /* All codes about the form of certificates. */
    return -code >= 0x2000 && -code < 0x3000 ? FAILURE_CERTIFICATE : FAILURE_OTHER;
}
