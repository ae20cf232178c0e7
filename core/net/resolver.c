/* SPDX-License-Identifier: MIT */
#include "net/resolver.h"

#include "base/text.h"

#include <ares.h>
#include <envoi/session.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* c-ares counts its users without a lock, so it is initialised once for the process. It keeps its own allocator: ours
 * would be set for other users of c-ares in the process, too, which may already hold memory from the old one. */
static pthread_once_t resolver_once = PTHREAD_ONCE_INIT;
static int resolver_library_status;

static void resolver_start_library(void)
{
    resolver_library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

/* ---- sockets of c-ares: never blocking, never inherited, never raising SIGPIPE ---- */

static ares_socket_t channel_open_socket(int family, int type, int protocol, void *ctx)
{
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

static int channel_close_socket(ares_socket_t fd, void *ctx)
{
    struct resolver *r = ctx;

    watch_forget(r->watch, fd);
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
    struct iovec copy[16];
    struct msghdr message = {.msg_iov = copy};

    if (count > (int)(sizeof copy / sizeof copy[0]))
        count = (int)(sizeof copy / sizeof copy[0]); /* a short write, which is allowed for a stream */
    memcpy(copy, pieces, (size_t)count * sizeof copy[0]);
    message.msg_iovlen = (size_t)count;
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static const struct ares_socket_functions channel_functions = {channel_open_socket, channel_close_socket,
                                                               channel_connect, channel_receive, channel_send};

static void channel_set_functions(ares_channel channel, struct resolver *r)
{
    ares_set_socket_functions(channel, &channel_functions, r);
}
#else
static int channel_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, unsigned flags, void *ctx)
{
    return connect(fd, to, len);
}

static ares_ssize_t channel_send(ares_socket_t fd, const void *data, size_t len, int flags, const struct sockaddr *to,
                                 ares_socklen_t to_len, void *ctx)
{
    return sendto(fd, data, len, flags | MSG_NOSIGNAL, to, to_len);
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
static void channel_set_functions(ares_channel channel, struct resolver *r)
{
    (void)ares_set_socket_functions_ex(channel, &channel_functions, r);
}
#endif

/* c-ares says so whenever it waits for something else at a socket; for nothing before it closes it. */
static void channel_socket_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct resolver *r = ctx;
    unsigned events = (readable ? ENVOI_EVENT_READ : 0) | (writable ? ENVOI_EVENT_WRITE : 0);
    size_t i = 0;

    while (i < r->socket_count && r->sockets[i].fd != fd)
        i++;
    if (i == RESOLVER_SOCKETS_MAX)
        return; /* never ready: its name server counts as one that does not answer */
    r->sockets[i] = (struct resolver_socket){.fd = fd, .events = events};
    if (i == r->socket_count)
        r->socket_count++;
    if (!events)
        r->sockets[i] = r->sockets[--r->socket_count];
}

/* ---- channels ---- */

/* For /etc/hosts alone. The options are complete, so that c-ares reads neither resolv.conf nor the environment. */
static int channel_open_files(ares_channel *channel)
{
    struct in_addr no_server = {0};
    struct ares_options options = {.flags = ARES_FLAG_NOALIASES,
                                   .lookups = (char[]){"f"},
                                   .timeout = 1000,
                                   .tries = 1,
                                   .ndots = 1,
                                   .servers = &no_server,
                                   .nservers = 1};

    return ares_init_options(channel, &options,
                             ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                                 ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_NOROTATE);
}

/* For the name servers. In a set-uid program LOCALDOMAIN (search domains), RES_OPTIONS and HOSTALIASES must have no
 * effect, so options that override the environment are set. */
static int channel_open_servers(struct resolver *r, ares_channel *channel, const struct resolver_policy *policy)
{
    struct ares_options options = {.lookups = (char[]){"b"},
                                   .flags = ARES_FLAG_NOALIASES,
                                   .timeout = 5000,
                                   .tries = 4,
                                   .ndots = 1,
                                   .sock_state_cb = channel_socket_state,
                                   .sock_state_cb_data = r};
    int mask = ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    int rc;

    if (policy->secure)
        mask |= ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_DOMAINS |
                ARES_OPT_NOROTATE;
    rc = ares_init_options(channel, &options, mask);
    if (rc == ARES_SUCCESS && policy->servers && (rc = ares_set_servers_ports_csv(*channel, policy->servers))) {
        ares_destroy(*channel);
        *channel = NULL;
    }
    return rc;
}

static int channel_failure(int status, struct envoi_errctx *fault)
{
    int code = status == ARES_ENOMEM ? ENVOI_E_MEMORY : ENVOI_E_LOOKUP;

    return fault_set(fault, code, ENVOI_PHASE_DNS, "name resolution cannot start: %s", ares_strerror(status));
}

/* ---- answers ---- */

static void resolver_add(struct resolver *r, int family, const struct endpoint *e)
{
    size_t *count = &r->addresses.count[family];

    for (size_t i = 0; i < *count; i++)
        if (endpoint_equal(&r->addresses.found[family][i], e))
            return;
    if (*count < ADDRESSES_MAX)
        r->addresses.found[family][(*count)++] = *e;
}

/* Entries of /etc/hosts (`both`) have no TTL, and c-ares says 0. */
static void resolver_note_ttl(struct resolver *r, int seconds, bool both)
{
    int64_t ttl = seconds < 0 ? 0 : (int64_t)seconds * 1000;

    if (!both && (r->ttl < 0 || ttl < r->ttl))
        r->ttl = ttl;
}

static void resolver_take(struct resolver *r, const struct ares_addrinfo *answer, bool both)
{
    uint16_t port = htons(r->target->port);
    bool first = both; /* the first address of such an answer tells which family to try first */

    for (const struct ares_addrinfo_cname *c = answer->cnames; c; c = c->next)
        resolver_note_ttl(r, c->ttl, both);
    for (const struct ares_addrinfo_node *n = answer->nodes; n; n = n->ai_next) {
        int family = n->ai_family == AF_INET6 ? FAMILY_V6 : FAMILY_V4;
        struct endpoint e;

        if (!endpoint_set(&e, n->ai_addr, (socklen_t)n->ai_addrlen))
            continue;
        if (family == FAMILY_V6)
            e.at.in6.sin6_port = port;
        else
            e.at.in.sin_port = port;
        if (first)
            r->addresses.first = family;
        first = false;
        resolver_add(r, family, &e);
        resolver_note_ttl(r, n->ai_ttl, both);
    }
}

static void query_answered(void *ctx, int status, int timeouts, struct ares_addrinfo *answer)
{
    struct resolver_query *query = ctx;

    query->done = true;
    query->status = status;
    if (!answer)
        return;
    if (status == ARES_SUCCESS)
        resolver_take(query->resolver, answer, query->both);
    ares_freeaddrinfo(answer);
}

static void query_ask(struct resolver *r, ares_channel channel, const char *name, int family,
                      struct resolver_query *query)
{
    struct ares_addrinfo_hints hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};

    query->resolver = r;
    query->asked = true;
    query->both = family == AF_UNSPEC;
    ares_getaddrinfo(channel, name, NULL, &hints, query_answered, query);
}

/* ---- the look-up ---- */

static const char localhost[] = "localhost";

/* Is it this name, or one below it? No name server is asked for localhost, which is this machine, and for "invalid",
 * which does not exist (RFC 6761 sections 6.3 and 6.4). */
static bool resolver_is_below(const struct target *target, const char *top)
{
    size_t len = strlen(target->name), tail = strlen(top);

    if (len < tail || !text_equal(target->name + len - tail, top))
        return false;
    return len == tail || target->name[len - tail - 1] == '.';
}

static bool resolver_is_localhost(const struct target *target)
{
    return resolver_is_below(target, localhost);
}

/* c-ares knows localhost if /etc/hosts does not have it, but not if there is no such file, as in a bare chroot. */
static void resolver_add_loopback(struct resolver *r)
{
    uint16_t port = htons(r->target->port);
    struct endpoint v6 = {.len = sizeof v6.at.in6,
                          .at.in6 = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    struct endpoint v4 = {.len = sizeof v4.at.in,
                          .at.in = {.sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}}};

    r->addresses.first = FAMILY_V6;
    resolver_add(r, FAMILY_V6, &v6);
    resolver_add(r, FAMILY_V4, &v4);
}

static int resolver_ask_files(struct resolver *r, struct envoi_errctx *fault)
{
    struct resolver_query query = {0};
    ares_channel channel = NULL;
    int status = channel_open_files(&channel);

    if (status != ARES_SUCCESS)
        return channel_failure(status, fault);
    channel_set_functions(channel, r);
    query_ask(r, channel, resolver_is_localhost(r->target) ? localhost : r->target->name, AF_UNSPEC, &query);
    ares_destroy(channel);
    if (query.status == ARES_ENOMEM)
        return channel_failure(ARES_ENOMEM, fault);
    return ENVOI_OK;
}

static int resolver_ask_servers(struct resolver *r, const struct resolver_policy *policy, struct envoi_errctx *fault)
{
    char absolute[256];
    const char *name = r->target->name;
    ares_channel channel = NULL;
    int status = channel_open_servers(r, &channel, policy);

    if (status != ARES_SUCCESS)
        return channel_failure(status, fault);
    channel_set_functions(channel, r);
    r->channel = channel;
    r->addresses.first = FAMILY_V6;
    if (r->target->absolute) {
        (void)snprintf(absolute, sizeof absolute, "%s.", name);
        name = absolute;
    }
    query_ask(r, channel, name, AF_INET6, &r->queries[FAMILY_V6]);
    query_ask(r, channel, name, AF_INET, &r->queries[FAMILY_V4]);
    return ENVOI_OK;
}

/* A channel must not be destroyed by its own callback, so this follows each call that can run the last one. */
static void resolver_stop_if_done(struct resolver *r)
{
    if (r->channel && resolver_done(r, FAMILIES))
        resolver_stop(r);
}

int resolver_start(struct resolver *r, const struct target *target, const struct resolver_policy *policy,
                   struct watch *watch, struct envoi_errctx *fault)
{
    int rc;

    *r = (struct resolver){.target = target, .watch = watch, .ttl = -1};
    (void)pthread_once(&resolver_once, resolver_start_library);
    if (resolver_library_status != ARES_SUCCESS)
        return channel_failure(resolver_library_status, fault);
    rc = resolver_ask_files(r, fault);
    if (!rc && r->addresses.count[FAMILY_V6] + r->addresses.count[FAMILY_V4] == 0) {
        if (resolver_is_localhost(target))
            resolver_add_loopback(r);
        else if (resolver_is_below(target, "invalid"))
            r->queries[FAMILY_V6].status = r->queries[FAMILY_V4].status = ARES_ENOTFOUND;
        else
            rc = resolver_ask_servers(r, policy, fault);
    }
    resolver_stop_if_done(r);
    return rc;
}

void resolver_process(struct resolver *r, int fd, unsigned events)
{
    ares_channel channel = r->channel;

    if (!channel)
        return;
    ares_process_fd(channel, events & ENVOI_EVENT_READ ? fd : ARES_SOCKET_BAD,
                    events & ENVOI_EVENT_WRITE ? fd : ARES_SOCKET_BAD);
    resolver_stop_if_done(r);
}

bool resolver_done(const struct resolver *r, int family)
{
    if (family == FAMILIES)
        return resolver_done(r, FAMILY_V6) && resolver_done(r, FAMILY_V4);
    return !r->queries[family].asked || r->queries[family].done;
}

void resolver_watch(const struct resolver *r)
{
    for (size_t i = 0; i < r->socket_count; i++)
        watch_want(r->watch, r->sockets[i].fd, r->sockets[i].events);
}

int64_t resolver_deadline(const struct resolver *r, int64_t now)
{
    struct timeval room, *left;

    if (!r->channel || !(left = ares_timeout(r->channel, NULL, &room)))
        return -1;
    /* c-ares counts in microseconds: one millisecond more, so that its time-out has passed when it is called. */
    return now + (int64_t)left->tv_sec * 1000 + left->tv_usec / 1000 + 1;
}

int resolver_failure(const struct resolver *r, struct envoi_errctx *fault)
{
    int v6 = r->queries[FAMILY_V6].status, v4 = r->queries[FAMILY_V4].status;
    int status = v4 == ARES_ENODATA || v4 == ARES_SUCCESS ? v6 : v4;
    const char *name = r->target->name;

    switch (status) {
    case ARES_ENOMEM:
        return fault_set(fault, ENVOI_E_MEMORY, ENVOI_PHASE_DNS, "%s: %s", name, ares_strerror(status));
    case ARES_ENOTFOUND:
        return fault_set(fault, ENVOI_E_RESOLVE, ENVOI_PHASE_DNS, "%s: no such host", name);
    case ARES_ENODATA:
        return fault_set(fault, ENVOI_E_RESOLVE, ENVOI_PHASE_DNS, "%s: the host has no address", name);
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

void resolver_stop(struct resolver *r)
{
    ares_channel channel = r->channel;

    r->channel = NULL;
    for (int f = 0; f < FAMILIES; f++)
        r->queries[f].done = true;
    if (channel)
        ares_destroy(channel);
}
