/* SPDX-License-Identifier: MIT */
#include "net/channel.h"

#include "portable/socket.h"

#include <ares.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* c-ares counts its users without a lock, so it is initialised once for the process. It keeps its own allocator: ours
 * would be set for other users of c-ares in the process, too, which may already hold memory from the old one. */
static pthread_once_t channel_once = PTHREAD_ONCE_INIT;
static int channel_library_status;

static void channel_start_library(void)
{
    channel_library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

/* ---- sockets of c-ares: never blocking, never inherited, never raising SIGPIPE ---- */

static ares_socket_t channel_open_socket(int family, int type, int protocol, void *ctx)
{
    return socket_open(family, type, protocol);
}

static int channel_close_socket(ares_socket_t fd, void *ctx)
{
    struct channel *c = ctx;

    watch_forget(c->watch, fd);
    return close(fd);
}

static ares_ssize_t channel_receive(ares_socket_t fd, void *data, size_t len, int flags, struct sockaddr *from,
                                    ares_socklen_t *from_len, void *ctx)
{
    return recvfrom(fd, data, len, flags, from, from_len);
}

#if ARES_VERSION < 0x012200 /* 1.34.0 */
static int channel_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *ctx)
{
    return connect(fd, to, len);
}

static ares_ssize_t channel_send(ares_socket_t fd, const struct iovec *pieces, int count, void *ctx)
{
    return socket_send(fd, pieces, (size_t)count, NULL, 0);
}

static const struct ares_socket_functions channel_functions = {channel_open_socket, channel_close_socket,
                                                               channel_connect, channel_receive, channel_send};

static void channel_set_functions(struct channel *c)
{
    ares_set_socket_functions(c->handle, &channel_functions, c);
}
#else
static int channel_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, unsigned flags, void *ctx)
{
    return connect(fd, to, len);
}

static ares_ssize_t channel_send(ares_socket_t fd, const void *data, size_t len, int flags, const struct sockaddr *to,
                                 ares_socklen_t to_len, void *ctx)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};

    return socket_send(fd, &piece, 1, to, to_len);
}

/* No option is set: buffers of another size or TCP Fast Open are not worth it for one question. */
static int channel_set_option(ares_socket_t fd, ares_socket_opt_t option, const void *value, ares_socklen_t len,
                              void *ctx)
{
    errno = ENOSYS;
    return -1;
}

/* The addresses of a name are sorted by the source address that each would have (RFC 6724). */
static int channel_get_name(ares_socket_t fd, struct sockaddr *name, ares_socklen_t *len, void *ctx)
{
    return getsockname(fd, name, len);
}

static const struct ares_socket_functions_ex channel_functions = {.version = 1,
                                                                  .flags = ARES_SOCKFUNC_FLAG_NONBLOCKING,
                                                                  .asocket = channel_open_socket,
                                                                  .aclose = channel_close_socket,
                                                                  .asetsockopt = channel_set_option,
                                                                  .aconnect = channel_connect,
                                                                  .arecvfrom = channel_receive,
                                                                  .asendto = channel_send,
                                                                  .agetsockname = channel_get_name};

/* Fails only if one of the six that must be there is not. */
static void channel_set_functions(struct channel *c)
{
    (void)ares_set_socket_functions_ex(c->handle, &channel_functions, c);
}
#endif

/* c-ares says so whenever it waits for something else at a socket; for nothing before it closes it. */
static void channel_socket_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct channel *c = ctx;
    unsigned events = (readable ? ENVOI_EVENT_READ : 0) | (writable ? ENVOI_EVENT_WRITE : 0);
    size_t i = 0;

    while (i < c->socket_count && c->sockets[i].fd != fd)
        i++;
    if (i == CHANNEL_SOCKETS_MAX)
        return; /* never ready: its name server counts as one that does not answer */
    c->sockets[i] = (struct channel_socket){.fd = fd, .events = events};
    if (i == c->socket_count)
        c->socket_count++;
    if (!events)
        c->sockets[i] = c->sockets[--c->socket_count];
}

/* ---- channels ---- */

static int channel_failure(int status, struct envoi_errctx *fault)
{
    int code = status == ARES_ENOMEM ? ENVOI_E_MEMORY : ENVOI_E_LOOKUP;

    return fault_set(fault, code, ENVOI_PHASE_DNS, "name resolution cannot start: %s", ares_strerror(status));
}

static int channel_start(struct channel *c, const struct ares_options *options, int mask, struct watch *watch,
                         const char *servers, struct envoi_errctx *fault)
{
    struct ares_options copy = *options;
    ares_channel handle = NULL;
    int status;

    (void)pthread_once(&channel_once, channel_start_library);
    *c = (struct channel){.watch = watch};
    copy.sock_state_cb = channel_socket_state;
    copy.sock_state_cb_data = c;
    status = channel_library_status;
    if (status == ARES_SUCCESS)
        status = ares_init_options(&handle, &copy, mask | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS && servers && (status = ares_set_servers_ports_csv(handle, servers)))
        ares_destroy(handle);
    if (status != ARES_SUCCESS)
        return channel_failure(status, fault);
    c->handle = handle;
    channel_set_functions(c);
    return ENVOI_OK;
}

/* The options are complete, down to an empty list to sort by, so that c-ares reads neither resolv.conf nor the
 * environment. */
int channel_open_files(struct channel *c, struct watch *watch, struct envoi_errctx *fault)
{
    struct in_addr no_server = {0};
    struct ares_options options = {.flags = ARES_FLAG_NOALIASES,
                                   .lookups = (char[]){"f"},
                                   .timeout = 1000,
                                   .tries = 1,
                                   .ndots = 1,
                                   .servers = &no_server,
                                   .nservers = 1};

    return channel_start(c, &options,
                         ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                             ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE,
                         watch, NULL, fault);
}

/* In a set-uid program LOCALDOMAIN (search domains), RES_OPTIONS and HOSTALIASES must have no effect, so options that
 * override the environment are set. */
int channel_open_servers(struct channel *c, const struct resolver_policy *policy, struct watch *watch,
                         struct envoi_errctx *fault)
{
    struct ares_options options = {
        .lookups = (char[]){"b"}, .flags = ARES_FLAG_NOALIASES, .timeout = 5000, .tries = 4, .ndots = 1};
    int mask = ARES_OPT_LOOKUPS;

    if (policy->secure)
        mask |= ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_DOMAINS |
                ARES_OPT_NOROTATE;
    return channel_start(c, &options, mask, watch, policy->servers, fault);
}

void channel_close(struct channel *c)
{
    ares_channel handle = c->handle;

    c->handle = NULL;
    if (handle)
        ares_destroy(handle);
}

void channel_process(struct channel *c, int fd, unsigned events)
{
    ares_process_fd(c->handle, events & ENVOI_EVENT_READ ? fd : ARES_SOCKET_BAD,
                    events & ENVOI_EVENT_WRITE ? fd : ARES_SOCKET_BAD);
}

void channel_watch(const struct channel *c)
{
    for (size_t i = 0; i < c->socket_count; i++)
        watch_want(c->watch, c->sockets[i].fd, c->sockets[i].events);
}

int64_t channel_deadline(const struct channel *c, int64_t now)
{
    struct timeval room, *left;

    if (!c->handle || !(left = ares_timeout(c->handle, NULL, &room)))
        return -1;
    /* c-ares counts in microseconds: one millisecond more, so that its time-out has passed when it is called. */
    return now + (int64_t)left->tv_sec * 1000 + left->tv_usec / 1000 + 1;
}

/* ---- failures ---- */

int channel_report(int status, const char *name, struct envoi_errctx *fault)
{
    switch (status) {
    case ARES_ENOMEM:
        return fault_set(fault, ENVOI_E_MEMORY, ENVOI_PHASE_DNS, "%s: %s", name, ares_strerror(status));
    case ARES_EBADNAME:
        return fault_set(fault, ENVOI_E_RESOLVE, ENVOI_PHASE_DNS, "%s: %s", name, ares_strerror(status));
    case ARES_ETIMEOUT:
        return fault_set(fault, ENVOI_E_LOOKUP, ENVOI_PHASE_DNS, "%s: the name servers do not answer", name);
    case ARES_ECONNREFUSED:
        return fault_set(fault, ENVOI_E_LOOKUP, ENVOI_PHASE_DNS, "%s: no name server can be reached", name);
    default: /* SERVFAIL, REFUSED, an answer that cannot be read ... */
        return fault_set(fault, ENVOI_E_LOOKUP, ENVOI_PHASE_DNS, "%s: the name servers cannot tell: %s", name,
                         ares_strerror(status));
    }
}
