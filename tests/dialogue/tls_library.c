/* SPDX-License-Identifier: MIT */
/* TLS of a library on either side: the plugin of one, and a server in memory by the same or the other. */
#include "../conformance/transport/peer.h"
#include "tls.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS    50 /* a handshake has fewer flights, but octets may come one by one */
#define HANDSHAKE 22 /* the type of a record */

struct conversation {
    struct stream to_server, to_client;
    void *server, *peer;
    bool shaken; /* the server's part of the handshake is over, with success or not */
};

static const struct {
    const char *id, *module, *symbol;
} plugins[] = {
    {"openssl", MODULE_OPENSSL, "envoi_plugin_openssl"},
    {"gnutls", MODULE_GNUTLS, "envoi_plugin_gnutls"},
#ifdef MODULE_MBEDTLS
    {"mbedtls", MODULE_MBEDTLS, "envoi_plugin_mbedtls"},
#endif
};
static const struct peer_library *const libraries[] = {&peer_openssl, &peer_gnutls};

/* Of the current play: there is one at a time. */
static struct {
    size_t plugin;
    const struct peer_library *library;
    unsigned version;
} now;

static const struct envoi_plugin *library_plugin(void)
{
    envoi_plugin_entry *entry;
    void *module = dlopen(plugins[now.plugin].module, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *symbol = module ? dlsym(module, plugins[now.plugin].symbol) : NULL;

    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
    memcpy(&entry, &symbol, sizeof entry);
    dlclose(module);
    return entry();
}

static void library_pin(uint8_t pin[32])
{
    FILE *file = fopen(PKI_DIR "/dialogue.pin", "rb");

    if (!file || fread(pin, 1, 32, file) != 32)
        abort();
    fclose(file);
}

static struct conversation *conversation_of(struct player *p)
{
    if (!p->conversation && !(p->conversation = calloc(1, sizeof(struct conversation))))
        abort();
    return p->conversation;
}

/* Takes the octets that the server's library has to send. */
static void take(struct conversation *c, struct bytes *wire)
{
    char buf[4096];
    size_t n;

    while ((n = stream_take(&c->to_client, buf, sizeof buf)) > 0)
        bytes_add(wire, buf, n);
}

/* Decrypts the records that have come whole. */
static void open_records(struct player *p, struct conversation *c)
{
    char buf[4096];
    size_t n;
    int rc;

    while ((rc = now.library->recv(c->peer, buf, sizeof buf, &n)) == PEER_OK)
        bytes_add(&p->server.sasl, buf, n);
    if (rc == PEER_CLOSED)
        p->server.notified = true;
    /* A failure is the client's alert if the client has ended the connection. Else: */
    else if (rc == PEER_FAILED && p->engine && engine_alive(p->engine))
        player_break(p, "the client talks in clear after TLS");
}

static void library_hear(struct player *p)
{
    struct conversation *c = conversation_of(p);
    struct bytes *wire = &p->server.wire;

    if (wire->len && !c->to_server.moved) {
        p->server.hello_seen = wire->data[0] == HANDSHAKE;
        if (!p->server.hello_seen)
            player_break(p, "the client talks in clear where TLS should begin");
    }
    if (wire->len)
        stream_put(&c->to_server, wire->data, wire->len);
    bytes_clear(wire);
    if (c->shaken)
        open_records(p, c);
}

static void library_put(struct player *p, struct bytes *wire, const void *data, size_t len)
{
    struct conversation *c = conversation_of(p);

    if (!c->peer || now.library->send(c->peer, data, len) != PEER_OK)
        player_break(p, "the server of the library has nothing to say");
    take(c, wire);
}

static void library_alert(struct player *p, struct bytes *wire)
{
    struct conversation *c = conversation_of(p);

    if (!c->peer || now.library->close(c->peer) == PEER_FAILED)
        player_break(p, "the server of the library cannot close");
    take(c, wire);
}

static void library_shake(struct player *p, const char *how)
{
    bool trusted = strcmp(how, "trusted") == 0;
    const struct peer_config config = {.chain =
                                           trusted ? PKI_DIR "/dialogue.chain.pem" : PKI_DIR "/untrusted.chain.pem",
                                       .key = trusted ? PKI_DIR "/dialogue.key" : PKI_DIR "/untrusted.key",
                                       .lowest = now.version,
                                       .highest = now.version};
    struct conversation *c = conversation_of(p);
    int rc = PEER_AGAIN;

    c->server = now.library->server_new(&config);
    c->peer = now.library->peer_new(c->server, &c->to_server, &c->to_client);
    for (int i = 0; i < ROUNDS && rc == PEER_AGAIN && !p->stopped; i++) {
        struct bytes wire = {0};
        rc = now.library->handshake(c->peer);
        take(c, &wire);
        server_feed(p, &wire, true);
        bytes_free(&wire);
        if (rc == PEER_AGAIN)
            player_settle(p);
    }
    c->shaken = true;
    if (rc == PEER_OK)
        server_hear(p); /* octets that the client sent after its part of the handshake */
}

/* As text in the SNI; an address has none. */
static bool library_is_hello_for(struct player *p, const char *name)
{
    const struct stream *hello = &conversation_of(p)->to_server;

    return p->peer.host_is_ip || bytes_contain(hello->data + hello->begin, stream_len(hello), name, strlen(name));
}

/* The octets of a library's hello cannot be written in a script. */
static void library_expect_hello(struct player *p)
{
    p->hello_may_come = true;
}

static void library_free(struct player *p)
{
    struct conversation *c = p->conversation;

    if (!c)
        return;
    if (c->peer)
        now.library->peer_free(c->peer);
    if (c->server)
        now.library->server_free(c->server);
    stream_clear(&c->to_server);
    stream_clear(&c->to_client);
    free(c);
    p->conversation = NULL;
}

const struct play_tls *play_tls_library(size_t index, size_t peer, unsigned version)
{
    static struct play_tls tls = {.plugin = library_plugin,
                                  .ca_file = PKI_DIR "/ca.pem",
                                  .pin = library_pin,
                                  .hear = library_hear,
                                  .put = library_put,
                                  .alert = library_alert,
                                  .is_hello_for = library_is_hello_for,
                                  .shake = library_shake,
                                  .expect_hello = library_expect_hello,
                                  .free = library_free};

    now.plugin = index;
    now.library = libraries[peer];
    now.version = version;
    tls.id = plugins[index].id;
    return &tls;
}
