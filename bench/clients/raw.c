/* SPDX-License-Identifier: MIT */
/* The plainest loops that there are, as the measure of the others: the dialogue without a look at the replies, and the
 * content by write(), from memory, from a file (read and write) or from a callback; with --tls by SSL_write() or
 * gnutls_record_send(). One BDAT takes the whole content, so that nothing needs to be looked at. */
#include "client.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 65536

static int fd;
static SSL *ssl;
static gnutls_session_t session;

static void fail(const char *what)
{
    fprintf(stderr, "raw: %s\n", what);
    exit(1);
}

static ssize_t put_some(const char *data, size_t len)
{
    if (ssl)
        return SSL_write(ssl, data, len > INT_MAX ? INT_MAX : (int)len);
    return session ? gnutls_record_send(session, data, len) : write(fd, data, len);
}

static void put(const char *data, size_t len)
{
    while (len) {
        ssize_t n = put_some(data, len);

        if (n <= 0)
            fail("cannot write");
        data += n;
        len -= (size_t)n;
    }
}

static size_t get_some(char *block, size_t cap)
{
    ssize_t n;

    if (ssl)
        n = SSL_read(ssl, block, (int)cap);
    else if (session)
        while ((n = gnutls_record_recv(session, block, cap)) == GNUTLS_E_AGAIN) /* a ticket came, no data */
            continue;
    else
        n = read(fd, block, cap);
    if (n <= 0)
        fail("cannot read");
    return (size_t)n;
}

/* Waits for `lines` replies of one line; all of them are good here. */
static void get(unsigned lines)
{
    char block[BLOCK];

    while (lines) {
        size_t n = get_some(block, sizeof block);

        for (size_t i = 0; i < n && lines; i++)
            lines -= block[i] == '\n';
    }
}

static void start_openssl(const struct job *job)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    SSL_CTX_load_verify_locations(ctx, job->ca, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1)
        fail("no handshake");
}

static void start_gnutls(const struct job *job)
{
    gnutls_certificate_credentials_t trust;

    gnutls_certificate_allocate_credentials(&trust);
    gnutls_certificate_set_x509_trust_file(trust, job->ca, GNUTLS_X509_FMT_PEM);
    gnutls_init(&session, GNUTLS_CLIENT);
    gnutls_set_default_priority(session);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, trust);
    gnutls_session_set_verify_cert(session, "localhost", 0);
    gnutls_transport_set_int(session, fd);
    if (gnutls_handshake(session) != GNUTLS_E_SUCCESS)
        fail("no handshake");
}

/* EHLO's reply has as many lines as the sink announces: the last one has a blank behind the code. */
static void hello(void)
{
    char block[BLOCK];
    size_t len = 0;

    put("EHLO client.example.org\r\n", 25);
    do {
        len += get_some(block + len, sizeof block - 1 - len);
        block[len] = '\0';
    } while (!strstr(block, "250 ") || block[len - 1] != '\n');
}

static void open_connection(const struct job *job)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)job->port)};
    int on = 1;

    inet_pton(AF_INET, job->host, &at.sin_addr);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at))
        fail("cannot connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    get(1);
    hello();
    if (!job->ca)
        return;
    put("STARTTLS\r\n", 10);
    get(1);
    if (strcmp(job->backend, "gnutls") == 0)
        start_gnutls(job);
    else
        start_openssl(job);
    hello();
}

/* What a callback would be in a program: called through a pointer, it fills a buffer. */
static size_t (*volatile callback)(struct job *job, void *buf, size_t cap) = client_pull;

static void put_content(struct job *job)
{
    static char block[BLOCK];
    bool by_callback = strcmp(job->source, "callback") == 0;

    client_rewind(job);
    if (job->content) {
        put(job->content, job->len);
        return;
    }
    if (!by_callback)
        lseek(fileno(job->stream), 0, SEEK_SET);
    for (;;) {
        ssize_t n =
            by_callback ? (ssize_t)callback(job, block, sizeof block) : read(fileno(job->stream), block, sizeof block);

        if (n <= 0)
            break;
        put(block, (size_t)n);
    }
}

int main(int argc, char **argv)
{
    struct job job;
    char text[8192];
    size_t len;

    client_init(&job, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    open_connection(&job);
    client_begin(&job);
    for (unsigned i = 0; i < job.count; i++) {
        len = (size_t)snprintf(text, sizeof text, "MAIL FROM:<" CLIENT_SENDER ">\r\n");
        for (unsigned k = 0; k < job.recipients; k++)
            len += (size_t)snprintf(text + len, sizeof text - len, "RCPT TO:<%s>\r\n", client_recipient(k));
        len += (size_t)snprintf(text + len, sizeof text - len, "BDAT %zu LAST\r\n", job.len);
        put(text, len);
        put_content(&job);
        get(2 + job.recipients);
    }
    client_end(&job, job.count);
    put("QUIT\r\n", 6);
    get(1);
    return 0;
}
