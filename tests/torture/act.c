/* SPDX-License-Identifier: MIT */
/* What is done of envoi in a scene. */
#include "../plugins/tree.h"
#include "library/library.h"
#include "scene.h"

#include <envoi/message_file.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define PKI(file)   PKI_DIR "/" file
#define WATCHES_MAX 64
#define ROUNDS_MAX  1000000

bool act_good(struct act *a, const char *text, int rc)
{
    if (rc == ENVOI_OK)
        return true;
    if (a->rc == ENVOI_OK) {
        a->rc = rc;
        snprintf(a->error, sizeof a->error, "%s", text ? text : envoi_error_text(rc));
    }
    return false;
}

/* ---- the loop of an application ---- */

static struct {
    struct pollfd list[WATCHES_MAX];
    nfds_t count;
} loop;

static void watch(void *ctx, int fd, unsigned events)
{
    nfds_t i = 0;

    (void)ctx;
    while (i < loop.count && loop.list[i].fd != fd)
        i++;
    if (!events) {
        if (i < loop.count)
            loop.list[i] = loop.list[--loop.count];
    } else if (i < WATCHES_MAX) {
        loop.list[i] = (struct pollfd){.fd = fd};
        loop.list[i].events =
            (short)((events & ENVOI_EVENT_READ ? POLLIN : 0) | (events & ENVOI_EVENT_WRITE ? POLLOUT : 0));
        if (i == loop.count)
            loop.count++;
    }
}

/* ppoll() is not one of the calls that are wrapped: it is the application's. */
static int wait_once(struct envoi_session *s)
{
    int64_t at = envoi_session_deadline(s), left = at < 0 ? 1000 : at - scene_now();
    struct timespec patience = {.tv_sec = 0};
    int rc = ENVOI_E_AGAIN;

    if (left > 0)
        patience = (struct timespec){(time_t)(left / 1000), (long)(left % 1000 * 1000000)};
    if (ppoll(loop.list, loop.count, &patience, NULL) <= 0)
        return envoi_session_process(s, -1, 0);
    for (nfds_t i = 0; i < loop.count && rc == ENVOI_E_AGAIN; i++) {
        int got = loop.list[i].revents;

        loop.list[i].revents = 0;
        if (got)
            rc = envoi_session_process(
                s, loop.list[i].fd, (got & ~POLLOUT ? ENVOI_EVENT_READ : 0) | (got & ~POLLIN ? ENVOI_EVENT_WRITE : 0));
    }
    return rc;
}

/* To the end of what a verb has begun. */
static bool verb(struct act *a, struct envoi_session *s, int rc)
{
    for (int i = 0; a->scene->face == FACE_LOOP && rc == ENVOI_E_AGAIN && i < ROUNDS_MAX; i++)
        rc = wait_once(s);
    return act_good(a, envoi_session_error(s), rc);
}

/* ---- objects ---- */

int act_library(struct act *a)
{
    const struct scene *scene = a->scene;
    const char *vendor = tree_path("%s", scene->vendor ? scene->vendor : "vendor");
    const char *admin = scene->admin ? tree_path("%s", scene->admin) : NULL;
    int rc = envoi_library_new(&a->library);

    if (rc || (rc = envoi_library_set_descriptor_directories(a->library, vendor, NULL, admin)) ||
        (rc = envoi_library_set_module_directory(a->library, tree_path("modules"))) ||
        (rc = envoi_library_set_ca_file(a->library, PKI("ca.pem"))) ||
        (rc = envoi_library_set_tls_backend(a->library, scene->backend)))
        return rc;
    return scene->by_name ? library_set_dns_servers(a->library, scene_dns()) : ENVOI_OK;
}

/* The sticky error of a setter is the setter's result. */
static int prepare(struct act *a, struct envoi_session *s)
{
    const struct scene *scene = a->scene;
    int rc;

    if ((rc = envoi_session_set_timeout(s, ENVOI_PHASE_NONE, a->timeout)) ||
        (rc = envoi_session_set_tls(s, scene->tls)) || (rc = envoi_session_set_tls_name(s, "mail.example.test")) ||
        (rc = envoi_session_set_lmtp(s, scene->sink & SINK_LMTP ? 1 : 0)) ||
        (rc = envoi_session_set_chunking(s, scene->chunk, 0)))
        return rc;
    if (scene->mechanisms && ((rc = envoi_session_set_mechanisms(s, scene->mechanisms)) ||
                              (rc = envoi_session_set_password(s, "user", "not so secret")) ||
                              (rc = envoi_session_allow_cleartext_auth(s, 1))))
        return rc;
    if (scene->certificate &&
        ((rc = envoi_session_set_client_certificate(s, PKI("client.chain.pem"), PKI("client-encrypted.key"))) ||
         (rc = envoi_session_set_passphrase(s, "key pass"))))
        return rc;
    return ENVOI_OK;
}

bool act_session(struct act *a, struct envoi_session **out)
{
    return act_good(a, NULL, envoi_session_new(a->library, out)) && verb(a, *out, prepare(a, *out));
}

static int set_content(struct act *a, size_t i, struct envoi_message *m)
{
    switch (a->scene->source) {
    case SOURCE_STREAM:
        return envoi_message_set_file(m, a->streams[i]);
    case SOURCE_FILE:
    case SOURCE_PIPE:
        return envoi_message_set_fd(m, a->fds[i]);
    default:
        return envoi_message_set_data(m, a->content[i], a->len[i]);
    }
}

static void recipient(const struct act *a, size_t i, size_t k, char text[64])
{
    bool refused = a->scene->letters >= 3 && i == 2 && k == 1;

    snprintf(text, 64, "%c%zu.%zu@example.net", refused ? 'x' : 'r', k, a->first + i);
}

static void sender(const struct act *a, size_t i, char text[64])
{
    snprintf(text, 64, "%c%zu@example.org", a->scene->letters >= 3 && i == 1 ? 'x' : 's', a->first + i);
}

bool act_message(struct act *a, size_t i)
{
    struct envoi_message *m;
    char text[64];
    int rc;

    sender(a, i, text);
    if (!act_good(a, NULL, envoi_message_new(text, &a->messages[i])))
        return false;
    m = a->messages[i];
    rc = set_content(a, i, m);
    for (size_t k = 0; !rc && k < SCENE_RECIPIENTS; k++) {
        recipient(a, i, k, text);
        rc = envoi_message_add_recipient(m, text);
    }
    return act_good(a, NULL, rc);
}

/* ---- a session ---- */

static int send_at_once(struct act *a, struct envoi_session *s)
{
    char from[64], to[SCENE_RECIPIENTS][64];
    const char *const recipients[] = {to[0], to[1], NULL};

    sender(a, 0, from);
    for (size_t k = 0; k < SCENE_RECIPIENTS; k++)
        recipient(a, 0, k, to[k]);
    return envoi_session_sendmail(s, from, recipients, a->content[0], a->len[0], NULL, NULL, &a->messages[0]);
}

static bool deliver(struct act *a, struct envoi_session *s)
{
    if (a->scene->face == FACE_SENDMAIL)
        return verb(a, s, send_at_once(a, s));
    for (size_t i = 0; i < a->scene->letters; i++)
        if (!act_message(a, i))
            return false;
    return verb(a, s, envoi_session_send_all(s, a->messages, a->scene->letters));
}

static void play_session(struct act *a)
{
    struct envoi_session *s = NULL;

    if (act_session(a, &s) && (a->scene->face != FACE_LOOP || verb(a, s, envoi_session_set_watch(s, watch, NULL))) &&
        verb(a, s, envoi_session_connect(s, a->where))) {
        (void)deliver(a, s);
        (void)verb(a, s, envoi_session_quit(s));
    }
    envoi_session_free(s);
}

void act_play(struct act *a)
{
    loop.count = 0;
    if (!a->scene->library || act_good(a, NULL, act_library(a))) {
        if (a->scene->face == FACE_POOL)
            act_pool(a);
        else
            play_session(a);
    }
    if (a->scene->library) {
        envoi_library_free(a->library);
        a->library = NULL;
    }
}
