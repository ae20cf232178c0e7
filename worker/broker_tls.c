/* SPDX-License-Identifier: MIT */
#include "worker/broker_tls.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/config.h"

#include <envoi/envoi.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* The reason of OpenSSL's last error, which is removed. */
static const char *broker_tls_error(void)
{
    unsigned long error = ERR_peek_last_error();
    const char *text = ERR_reason_error_string(error);

    ERR_clear_error();
    return text ? text : "no reason is known";
}

/* As OpenSSL itself would do it, but the reason is kept: librabbitmq does not pass it on. */
static int broker_tls_verify(X509_STORE_CTX *store, void *data)
{
    struct broker_tls *tls = data;
    int ok = X509_verify_cert(store) == 1;

    if (!ok) {
        int error = X509_STORE_CTX_get_error(store);

        if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH)
            snprintf(tls->reason, sizeof tls->reason, "it is for another name");
        else
            snprintf(tls->reason, sizeof tls->reason, "%s", X509_verify_cert_error_string(error));
    }
    return ok;
}

/* Instead of a question on the terminal. */
static int broker_tls_no_passphrase(char *buf, int size, int rwflag, void *data)
{
    (void)buf, (void)size, (void)rwflag, (void)data;
    return -1;
}

static int broker_tls_own(SSL_CTX *context, const struct config *config, struct fault *fault)
{
    SSL_CTX_set_default_passwd_cb(context, broker_tls_no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, config->cert) != 1)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_TLS, "%s: the certificate for the broker cannot be used: %s",
                         config->cert, broker_tls_error());
    if (SSL_CTX_use_PrivateKey_file(context, config->key, SSL_FILETYPE_PEM) != 1)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_TLS,
                         "%s: the key for the broker cannot be used: %s; it must be PEM without a passphrase",
                         config->key, broker_tls_error());
    return 0;
}

int broker_tls_prepare(void *context, const struct config *config, struct broker_tls *tls, struct fault *fault)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);
    int ok = config->ca ? SSL_CTX_load_verify_locations(context, config->ca, NULL)
                        : SSL_CTX_set_default_verify_paths(context);

    *tls = (struct broker_tls){{0}};
    if (ok != 1)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_TLS, "%s: the certificates of the broker's CA cannot be read: %s",
                         config->ca ? config->ca : "the system's CA file", broker_tls_error());
    if (config->cert && broker_tls_own(context, config, fault))
        return fault->exit;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        (X509_VERIFY_PARAM_set1_ip_asc(param, config->host) != 1 &&
         X509_VERIFY_PARAM_set1_host(param, config->host, 0) != 1))
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_TLS, "TLS to the broker cannot be prepared: %s",
                         broker_tls_error());
    ERR_clear_error();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, broker_tls_verify, tls);
    return 0;
}

int broker_tls_explain(const struct broker_tls *tls, const struct config *config, struct fault *fault)
{
    if (*tls->reason)
        return fault_set(fault, EXIT_PROTOCOL, ENVOI_E_CERTIFICATE,
                         "the certificate of the broker %s:%d is not trusted: %s", config->host, config->port,
                         tls->reason);
    return fault_set(fault, EXIT_PROTOCOL, ENVOI_E_TLS, "no TLS with the broker %s:%d: %s", config->host, config->port,
                     broker_tls_error());
}
