/* SPDX-License-Identifier: MIT */
#include "mta.h"

#include "mta_auth.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define LINE_MAX_OCTETS 8192

struct connection {
    struct mta *mta;
    pthread_t thread;
    int fd; /* -1: closed */
    SSL *ssl;
    char in[LINE_MAX_OCTETS];
    size_t len;
};

/* What is told of it, in memory that processes share. */
struct record {
    atomic_uint counts[MTA_COUNTS];
    atomic_uint ledger[MTA_LEDGER];
    atomic_bool rude;
};

struct mta {
    SSL_CTX *ctx;
    int listener;
    pid_t process; /* 0: this one */
    pthread_t thread;
    pthread_mutex_t lock; /* of the descriptors */
    struct connection *list[CONNECTIONS_MAX];
    size_t count;
    struct record *record;
    char where[32];
};

static void count(struct connection *c, enum mta_count what)
{
    (void)atomic_fetch_add(&c->mta->record->counts[what], 1);
}

/* ---- octets ---- */

static bool put(struct connection *c, const char *text)
{
    size_t len = strlen(text), n = 0;

    if (c->ssl)
        return SSL_write_ex(c->ssl, text, len, &n) == 1;
    return send(c->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool fill(struct connection *c)
{
    size_t room = sizeof c->in - c->len, n = 0;
    ssize_t got;

    if (!room)
        return false;
    if (c->ssl) {
        if (SSL_read_ex(c->ssl, c->in + c->len, room, &n) != 1)
            return false;
    } else {
        if ((got = recv(c->fd, c->in + c->len, room, 0)) <= 0)
            return false;
        n = (size_t)got;
    }
    c->len += n;
    return true;
}

static bool get_line(struct connection *c, char line[LINE_MAX_OCTETS])
{
    char *end;

    while (!(end = memmem(c->in, c->len, "\r\n", 2)))
        if (!fill(c))
            return false;
    snprintf(line, LINE_MAX_OCTETS, "%.*s", (int)(end - c->in), c->in);
    c->len -= (size_t)(end + 2 - c->in);
    memmove(c->in, end + 2, c->len);
    return true;
}

/* ---- commands ---- */

static bool hello(struct connection *c)
{
    return put(c, c->ssl ? "250-here\r\n250-PIPELINING\r\n250 AUTH " MTA_MECHANISMS "\r\n"
                         : "250-here\r\n250-STARTTLS\r\n250-PIPELINING\r\n250 AUTH " MTA_MECHANISMS "\r\n");
}

static bool start_tls(struct connection *c)
{
    if (!put(c, "220 go\r\n"))
        return false;
    c->ssl = SSL_new(c->mta->ctx);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) != 1)
        return false;
    count(c, MTA_HANDSHAKES);
    if (SSL_session_reused(c->ssl))
        count(c, MTA_RESUMED);
    return true;
}

/* The client's next answer, decoded. */
static int answer_of(struct connection *c, const char *challenge, char answer[MTA_TEXT_MAX])
{
    char base64[2 * MTA_TEXT_MAX], line[2 * MTA_TEXT_MAX + 8], got[LINE_MAX_OCTETS];

    mta_encode(challenge, strlen(challenge), base64);
    snprintf(line, sizeof line, "334 %s\r\n", base64);
    return put(c, line) && get_line(c, got) ? mta_decode(got, answer) : -1;
}

static bool authenticate(struct connection *c, const char *line)
{
    char answer[MTA_TEXT_MAX] = "", challenge[MTA_TEXT_MAX], initial[2 * MTA_TEXT_MAX] = "";
    struct mta_auth a = {0};
    enum mta_auth_result result;
    int len;

    if (sscanf(line, "AUTH %31s %2000s", a.mechanism, initial) < 1 || (len = mta_decode(initial, answer)) < 0)
        return put(c, "501 what?\r\n");
    while ((result = mta_auth_step(&a, answer, (size_t)len, challenge)) == MTA_AUTH_CHALLENGE)
        if ((len = answer_of(c, challenge, answer)) < 0)
            return false;
    if (result == MTA_AUTH_GOOD)
        count(c, MTA_LOGINS);
    return put(c, result == MTA_AUTH_GOOD ? "235 2.7.0 welcome\r\n" : "535 5.7.8 no\r\n");
}

static void reset(struct connection *c)
{
    struct linger linger = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static bool content(struct connection *c)
{
    char line[LINE_MAX_OCTETS];
    unsigned number, listed = MTA_LEDGER;

    if (!put(c, "354 go\r\n"))
        return false;
    if (c->mta->record->rude) {
        reset(c);
        return false;
    }
    do {
        if (!get_line(c, line))
            return false;
        if (sscanf(line, "N: %u", &number) == 1 && number < MTA_LEDGER)
            listed = number;
    } while (strcmp(line, ".") != 0);
    count(c, MTA_MESSAGES);
    if (listed < MTA_LEDGER)
        (void)atomic_fetch_add(&c->mta->record->ledger[listed], 1);
    return put(c, "250 2.0.0 queued\r\n");
}

static void talk(struct connection *c)
{
    char line[LINE_MAX_OCTETS];
    bool fine = put(c, "220 here\r\n");

    while (fine && get_line(c, line)) {
        if (strncmp(line, "EHLO", 4) == 0)
            fine = hello(c);
        else if (strcmp(line, "STARTTLS") == 0)
            fine = start_tls(c);
        else if (strncmp(line, "AUTH ", 5) == 0)
            fine = authenticate(c, line);
        else if (strcmp(line, "DATA") == 0)
            fine = content(c);
        else
            fine = put(c, line[0] == 'Q' ? "221 bye\r\n" : "250 ok\r\n") && line[0] != 'Q';
    }
}

static void *serve(void *ctx)
{
    struct connection *c = ctx;

    count(c, MTA_CONNECTIONS);
    talk(c);
    if (c->ssl)
        (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    pthread_mutex_lock(&c->mta->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&c->mta->lock);
    return NULL;
}

static void *listen_for_more(void *ctx)
{
    struct mta *m = ctx;
    int fd;

    while (m->count < CONNECTIONS_MAX && (fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        int on = 1;

        /* Replies to pipelined commands go out one by one. */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        c->mta = m;
        c->fd = fd;
        m->list[m->count] = c;
        if (pthread_create(&c->thread, NULL, serve, c))
            abort();
        m->count++;
    }
    return NULL;
}

/* ---- life ---- */

static int listener_at(char where[32])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        abort();
    snprintf(where, 32, "127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

/* SSL_write() knows no MSG_NOSIGNAL. In the threads of the server alone, so that the client is not helped. */
static void run(struct mta *m)
{
    sigset_t pipe, old;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &old);
    if (pthread_create(&m->thread, NULL, listen_for_more, m))
        abort();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static struct mta *mta_new(void)
{
    struct mta *m = calloc(1, sizeof *m);

    m->record = mmap(NULL, sizeof *m->record, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    m->listener = listener_at(m->where);
    if (m->record == MAP_FAILED)
        abort();
    return m;
}

static void begin(struct mta *m)
{
    m->ctx = SSL_CTX_new(TLS_server_method());
    if (!m->ctx || SSL_CTX_use_certificate_chain_file(m->ctx, PKI_DIR "/good.chain.pem") != 1 ||
        SSL_CTX_use_PrivateKey_file(m->ctx, PKI_DIR "/good.key", SSL_FILETYPE_PEM) != 1 ||
        pthread_mutex_init(&m->lock, NULL))
        abort();
    SSL_CTX_set_session_id_context(m->ctx, (const unsigned char *)"envoi", 5);
    run(m);
}

struct mta *mta_start(void)
{
    struct mta *m = mta_new();

    begin(m);
    return m;
}

struct mta *mta_start_apart(void)
{
    struct mta *m = mta_new();

    if ((m->process = fork()) < 0)
        abort();
    if (m->process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        begin(m);
        for (;;)
            pause(); /* until mta_stop() */
    }
    return m;
}

const char *mta_where(const struct mta *m)
{
    return m->where;
}

unsigned mta_count(struct mta *m, enum mta_count what)
{
    return m->record->counts[what];
}

unsigned mta_taken(struct mta *m, unsigned number)
{
    return m->record->ledger[number];
}

void mta_set_rude(struct mta *m, bool rude)
{
    m->record->rude = rude;
}

static void end(struct mta *m)
{
    shutdown(m->listener, SHUT_RDWR); /* accept() returns */
    pthread_join(m->thread, NULL);
    close(m->listener);
    for (size_t i = 0; i < m->count; i++) {
        pthread_mutex_lock(&m->lock);
        if (m->list[i]->fd >= 0)
            shutdown(m->list[i]->fd, SHUT_RDWR);
        pthread_mutex_unlock(&m->lock);
        pthread_join(m->list[i]->thread, NULL);
        free(m->list[i]);
    }
    SSL_CTX_free(m->ctx);
    pthread_mutex_destroy(&m->lock);
}

void mta_stop(struct mta *m)
{
    if (!m->process) {
        end(m);
    } else {
        close(m->listener);
        kill(m->process, SIGKILL);
        (void)waitpid(m->process, NULL, 0);
    }
    munmap(m->record, sizeof *m->record);
    free(m);
}
