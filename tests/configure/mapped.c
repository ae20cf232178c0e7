/* SPDX-License-Identifier: MIT */
/* What envoi-configure is linked with for its tests: a name server of rows that stand here, which c-ares is told to ask,
 * and a map from servers to ports of 127.0.0.1, because those of submission need not be free. MAP is "HOST:PORT=PORT
 * ..."; a server that is not in it is looked up, and not found. */
#include "../peers/dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <dlfcn.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct dns_row rows[] = {
    {.name = "_submissions._tcp.srv.example", .srv = {"0 0 465 mail.srv.example"}},
    {.name = "_submission._tcp.start.example", .srv = {"0 0 587 mail.start.example"}},
    {.name = "_submissions._tcp.host.example", .srv = {"0 0 465 mail.hoster.example"}},
    {.name = "_submissions._tcp.proven.example", .srv = {"0 0 465 mail.hoster.example"}},
    {.name = "_submissions._tcp.none.example", .srv = {"0 0 0 ."}},
    {.name = "_submission._tcp.none.example", .srv = {"0 0 0 ."}},
    {.name = "_submissions._tcp.bad.example", .srv = {"0 0 465 mail.bad.example"}},
    {.name = "_submissions._tcp.second.example",
     .srv = {"0 0 465 mail.bad.example.second.example", "1 0 465 b.second.example"}},
    {.name = "_submissions._tcp.token.example", .srv = {"0 0 465 mail.token.example"}},
    {.name = "_submissions._tcp.down.example", .rcode = 2},
    {.name = "_submission._tcp.down.example", .rcode = 2},
    {.name = "down.example", .rcode = 2},
    {.name = "hosted.example", .mx = {"10 aspmx.l.google.com"}},
    {.name = "office.example", .mx = {"10 office-example.mail.protection.outlook.com"}},
    {.name = "bridge.example", .mx = {"10 mail.protonmail.ch"}},
    {.name = NULL},
};

int __real_envoi_session_connect(struct envoi_session *session, const char *server);
int __wrap_envoi_session_connect(struct envoi_session *session, const char *server);

#if ARES_VERSION < 0x012200 /* 1.34.0 */
typedef struct ares_options ares_init_options_arg;
#else
typedef const struct ares_options ares_init_options_arg;
#endif

/* In place of c-ares' own: libenvoi finds this one first. */
__attribute__((visibility("default"))) int ares_init_options(ares_channel *channel, ares_init_options_arg *options,
                                                             int mask)
{
    static const char *servers;
    int (*init)(ares_channel *, ares_init_options_arg *, int);
    int rc;

    *(void **)&init = dlsym(RTLD_NEXT, "ares_init_options");
    rc = init(channel, options, mask);
    if (rc || mask & ARES_OPT_SERVERS) /* for /etc/hosts alone */
        return rc;
    if (!servers)
        servers = dns_start(rows);
    return ares_set_servers_ports_csv(*channel, servers);
}

/* The port of the map; 0: the server is not in it. */
static unsigned mapped(const char *server)
{
    const char *map = getenv("MAP");
    size_t len = strlen(server);

    for (const char *word = map; word && *word; word += strcspn(word, " "), word += strspn(word, " "))
        if (!strncmp(word, server, len) && word[len] == '=')
            return (unsigned)strtoul(word + len + 1, NULL, 10);
    return 0;
}

static int dial(void *ctx, const char *host, unsigned port, int *in, int *out)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char server[512];

    (void)ctx, (void)out;
    snprintf(server, sizeof server, "%s:%u", host, port);
    at.sin_port = htons((uint16_t)mapped(server));
    *in = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(*in, (struct sockaddr *)&at, sizeof at) == 0)
        return ENVOI_OK;
    close(*in);
    *in = -1;
    return ENVOI_E_CONNECT;
}

int __wrap_envoi_session_connect(struct envoi_session *session, const char *server)
{
    if (mapped(server))
        envoi_session_set_dial(session, dial, NULL);
    return __real_envoi_session_connect(session, server);
}
