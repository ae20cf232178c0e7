/* SPDX-License-Identifier: MIT */
/* Octets both ways, and how it ends: in good order, cut off, by what is not TLS, by a layer below that fails. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#define TRUNCATED "the connection ended without the closing alert of TLS"

static uint8_t *make_octets(size_t len)
{
    uint8_t *data = malloc(len);

    check(data);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    return data;
}

static void expect_from_server(struct rig *rig, const uint8_t *data, size_t len)
{
    uint8_t buf[5000];
    size_t done = 0, n;

    while (done < len) {
        int32_t rc = rig_recv_some(rig, buf, sizeof(buf), &n);
        check_eq(rc, ENVOI_OK, "%zu of %zu octets, then %d: %s", done, len, rc, rig->error_text);
        check(n <= len - done && memcmp(buf, data + done, n) == 0, "other octets arrive after %zu", done);
        done += n;
    }
}

static void expect_from_client(struct rig *rig, const uint8_t *data, size_t len)
{
    uint8_t *got = malloc(len);

    check(got);
    rig_peer_recv_all(rig, got, len);
    check_arr_eq(got, data, len);
    free(got);
}

/* ---- both ways ---- */

MATRIX(octets, both_ways, COMBOS, 0, "octets arrive whole and in order, in both directions")
{
    size_t len = combo.one_by_one ? 20000 : 1 << 20;
    uint8_t *data = make_octets(len);
    struct rig rig;

    rig_establish(&rig, combo, "good");
    if (!combo.one_by_one)
        rig.window = 700;
    check_eq(rig_send_all(&rig, data, len), ENVOI_OK, "%s", rig.error_text);
    expect_from_client(&rig, data, len);
    check_eq(combo.library->send(rig.peer, data, len), PEER_OK);
    expect_from_server(&rig, data, len);
    /* and a small one after it: nothing is left over */
    check_eq(rig_send_all(&rig, data, 1), ENVOI_OK);
    expect_from_client(&rig, data, 1);
    check_eq(rig.tls->pending(rig.conn), 0);
    free(data);
    rig_close(&rig);
}

MATRIX(octets, pending, COMBOS_WHOLE, 0, "pending() tells how many decrypted octets are held")
{
    struct rig rig;
    char buf[4];
    size_t n;

    rig_establish(&rig, combo, "good");
    check_eq(rig.combo.library->send(rig.peer, "0123456789", 10), PEER_OK);
    check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_OK);
    check_eq(n, 4);
    check_eq(rig.tls->pending(rig.conn), 6);
    rig_close(&rig);
}

/* What the server sent behind its tickets is told by the same call: nobody would ask for it again. */
MATRIX(octets, behind_tickets, COMBOS_WHOLE, 0, "octets behind a ticket are told by the same call of recv()")
{
    struct rig rig;
    char buf[64];
    size_t n;

    rig_establish(&rig, combo, "good");
    check_eq(rig.combo.library->send(rig.peer, "220 hello\r\n", 11), PEER_OK);
    check_eq(rig_recv(&rig, buf, sizeof(buf), &n), ENVOI_OK);
    check_eq(n, 11);
    check_eq(rig_recv(&rig, buf, sizeof(buf), &n), ENVOI_E_AGAIN);
    check_eq(rig.said, ENVOI_WANT_READ);
    rig_close(&rig);
}

/* ---- AGAIN from send ---- */

/* faults: 74 */
MATRIX(octets, repeated_send, COMBOS_WHOLE, 0,
       "after AGAIN the same octets come again at another address, and go out once")
{
    uint8_t *data = make_octets(9000);
    struct rig rig;
    size_t n, total;

    rig_establish(&rig, combo, "good");
    for (size_t window = 0; window < 60; window += 7) {
        uint8_t *here = malloc(3000), *there = malloc(9000);
        check(here && there);
        memcpy(here, data, 3000);
        memcpy(there, data, 9000);
        rig.window = window; /* the record does not go out whole */
        check_eq(rig_send(&rig, here, 3000, &n), ENVOI_E_AGAIN);
        check_eq(rig.said, ENVOI_WANT_WRITE);
        memset(here, 0, 3000);
        free(here);
        check_eq(rig_shutdown(&rig), ENVOI_E_USAGE, "closed in the middle of a record");
        check_eq(rig_send(&rig, there, 2999, &n), ENVOI_E_USAGE, "fewer octets than before");
        rig.window = SIZE_MAX;
        check_eq(rig_send(&rig, there, 9000, &n), ENVOI_OK, "%s", rig.error_text);
        for (total = n; total < 9000; total += n)
            check_eq(rig_send(&rig, there + total, 9000 - total, &n), ENVOI_OK);
        free(there);
        expect_from_client(&rig, data, 9000);
    }
    free(data);
    rig_close(&rig);
}

/* ---- the end ---- */

/* faults: 9 */
MATRIX(octets, closed_by_server, COMBOS, 0, "ENVOI_E_EOF comes after close_notify, and only sending goes on")
{
    struct rig rig;
    uint8_t buf[64];
    size_t n;

    rig_establish(&rig, combo, "good");
    check_eq(rig.combo.library->send(rig.peer, "221 bye\r\n", 9), PEER_OK);
    check_eq(rig.combo.library->close(rig.peer), PEER_OK);
    rig.to_client.over = true;
    expect_from_server(&rig, (const uint8_t *)"221 bye\r\n", 9);
    check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_E_EOF);
    check_eq(n, 0);
    check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_E_EOF);
    check_eq(rig_send_all(&rig, (const uint8_t *)"x", 1), ENVOI_OK, "the other direction is still open");
    rig_close(&rig);
}

/* At every place where the octets below can end without a close_notify. */
/* faults: 21, 71 */
MATRIX(octets, cut_off, COMBOS_WHOLE, 0,
       "octets that end without close_notify are ENVOI_E_TRUNCATED, wherever they end")
{
    struct rig rig;
    uint8_t buf[64];
    size_t n;

    rig_establish(&rig, combo, "good");
    rig_disconnect(&rig);
    for (size_t left = 0; left < 40; left++) {
        struct envoi_conn_params params = rig_params();
        int32_t rc;
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        check_eq(rig_handshake(&rig), ENVOI_OK);
        while (rig_recv_some(&rig, buf, sizeof(buf), &n) != ENVOI_E_AGAIN)
            ; /* tickets */
        check_eq(rig.combo.library->send(rig.peer, "250", 3), PEER_OK);
        if (stream_len(&rig.to_client) < left) /* the whole record: nothing is cut */
            break;
        rig.to_client.end = rig.to_client.begin + left;
        rig.to_client.over = true;
        rc = rig_recv_some(&rig, buf, sizeof(buf), &n);
        if (rc == ENVOI_OK) /* the last round */
            rc = rig_recv_some(&rig, buf, sizeof(buf), &n);
        check_eq(rc, ENVOI_E_TRUNCATED, "%zu octets of a record: %d %s", left, rc, rig.error_text);
        check_words(rig.error_text, TRUNCATED);
        check_eq(rig_recv(&rig, buf, sizeof(buf), &n), ENVOI_E_TRUNCATED);
    }
    rig_close(&rig);
}

MATRIX(octets, shutdown, COMBOS, 0, "shutdown() queues one close_notify; then nothing is sent any more")
{
    struct rig rig;
    uint8_t buf[64];
    size_t n, window;

    rig_establish(&rig, combo, "good");
    window = rig.window;
    rig.window = 0;
    check_eq(rig_shutdown(&rig), ENVOI_E_AGAIN);
    check_eq(rig.said, ENVOI_WANT_WRITE);
    rig.window = window;
    int32_t rc = ENVOI_E_AGAIN;
    for (int i = 0; i < 200 && rc == ENVOI_E_AGAIN; i++)
        rc = rig_shutdown(&rig);
    check_eq(rc, ENVOI_OK);
    check_eq(rig.combo.library->recv(rig.peer, buf, sizeof(buf), &n), PEER_CLOSED);
    n = rig.to_server.moved;
    check_eq(rig_shutdown(&rig), ENVOI_OK, "once more");
    check_eq(rig.to_server.moved, n, "a second close_notify");
    check_eq(rig_send(&rig, "x", 1, &n), ENVOI_E_USAGE);
    /* What the server still has to say is heard. */
    check_eq(rig.combo.library->send(rig.peer, "221", 3), PEER_OK);
    expect_from_server(&rig, (const uint8_t *)"221", 3);
    rig_close(&rig);
}

/* ---- out of order ---- */

MATRIX(octets, too_early, COMBO_ONE, 0,
       "recv, send, shutdown and channel_binding before the handshake are ENVOI_E_USAGE and do nothing")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;
    uint8_t buf[64];
    size_t n;

    rig_open(&rig, combo);
    rig_context(&rig, &config);
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_recv(&rig, buf, sizeof(buf), &n), ENVOI_E_USAGE);
    check_eq(rig_send(&rig, "x", 1, &n), ENVOI_E_USAGE);
    check_eq(rig_shutdown(&rig), ENVOI_E_USAGE);
    check_eq(rig_binding(&rig, "tls-exporter", buf, sizeof(buf), &n), ENVOI_E_USAGE);
    check_eq(rig.tls->pending(rig.conn), 0);
    check_eq(stream_len(&rig.to_server), 0, "octets without a call that may send");
    rig_close(&rig);
}

/* ---- what is not TLS, and what is below ---- */

static const char *const nonsense[] = {
    "220 mail.example.test ESMTP\r\n",
    "554 go away\r\n",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "\x16\x03\x03\xff\xff and then some more of it, until it is longer than any header of a record would be",
};

/* faults: 6, 20 */
MATRIX(octets, not_tls, COMBOS, 0, "a server that does not speak TLS is ENVOI_E_TLS")
{
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    rig_open(&rig, combo);
    rig_context(&rig, &config);
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        stream_put(&rig.to_client, nonsense[i], strlen(nonsense[i]));
        int32_t rc = ENVOI_E_AGAIN;
        for (int n = 0; n < 5000 && rc == ENVOI_E_AGAIN; n++)
            rc = rig_step(&rig);
        check_eq(rc, ENVOI_E_TLS, "%s to \"%s\": %d %s", rig.tls->name, nonsense[i], rc, rig.error_text);
        if (i < 3)
            check_words(rig.error_text, "something that is not TLS");
    }
    rig_close(&rig);
}

/* faults: 5, 20 */
MATRIX(octets, cut_off_in_handshake, COMBOS, 0, "a handshake that is cut off is ENVOI_E_TRUNCATED")
{
    static const size_t cuts[] = {0, 1, 5, 6, 100, 500};
    struct envoi_tls_config config = rig_config();
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    rig_open(&rig, combo);
    rig_context(&rig, &config);
    rig_serve(&rig, "good", NULL);
    for (size_t i = 0; i < COUNT(cuts); i++) {
        int32_t rc = ENVOI_E_AGAIN;
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        for (int n = 0; n < 5000 && stream_len(&rig.to_client) == 0; n++) {
            check_eq(rig_step(&rig), ENVOI_E_AGAIN);
            rig.combo.library->handshake(rig.peer);
        }
        check_gt(stream_len(&rig.to_client), cuts[i]);
        rig.to_client.end = rig.to_client.begin + cuts[i];
        rig.to_client.over = true;
        for (int n = 0; n < 5000 && rc == ENVOI_E_AGAIN; n++)
            rc = rig_step(&rig);
        check_eq(rc, ENVOI_E_TRUNCATED, "after %zu: %d %s", cuts[i], rc, rig.error_text);
        check_words(rig.error_text, TRUNCATED);
    }
    rig_close(&rig);
}

/* faults: 9 */
MATRIX(octets, forged, COMBOS_WHOLE, 0, "a changed record is ENVOI_E_TLS, and nothing goes on after it")
{
    struct rig rig;
    uint8_t buf[64];
    size_t n;

    rig_establish(&rig, combo, "good");
    check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_E_AGAIN);
    check_eq(rig.combo.library->send(rig.peer, "250 OK", 6), PEER_OK);
    rig.to_client.data[rig.to_client.end - 1] ^= 1;
    check_eq(rig_recv(&rig, buf, sizeof(buf), &n), ENVOI_E_TLS);
    check_eq(rig_send(&rig, "x", 1, &n), ENVOI_E_TLS, "it goes on");
    rig_close(&rig);
}

/* faults: 74 */
MATRIX(octets, lower_fails, COMBOS_WHOLE, 0, "the error of lower is passed on")
{
    struct envoi_conn_params params = rig_params();
    struct rig rig;
    uint8_t buf[64];
    size_t n;

    rig_establish(&rig, combo, "good");
    rig.send_result = ENVOI_E_MEMORY;
    check_eq(rig_send(&rig, "x", 1, &n), ENVOI_E_MEMORY);
    rig.send_result = 0;
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK);
    rig.recv_result = ENVOI_E_MEMORY;
    check_eq(rig_recv(&rig, buf, sizeof(buf), &n), ENVOI_E_MEMORY);
    rig.recv_result = 0;
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    rig.send_result = ENVOI_E_MEMORY;
    check_eq(rig_step(&rig), ENVOI_E_MEMORY);
    rig.send_result = 0;
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    rig.recv_result = ENVOI_E_MEMORY;
    check_eq(rig_step(&rig), ENVOI_E_MEMORY);
    rig.recv_result = 0;
    check_eq(rig_connect(&rig, &params), ENVOI_OK);
    check_eq(rig_handshake(&rig), ENVOI_OK);
    rig.send_result = ENVOI_E_MEMORY;
    check_eq(rig_shutdown(&rig), ENVOI_E_MEMORY);
    rig_close(&rig);
}

/* ---- renegotiation ---- */

/* The server's wish is declined by a warning: no new handshake begins. */
/* faults: 11 */
MATRIX(octets, renegotiation, COMBOS_WHOLE, 0, "a wish to renegotiate is declined by an alert")
{
    struct rig rig;
    uint8_t buf[64];
    size_t n;

    combo.version = ENVOI_TLS_1_2;
    rig_establish(&rig, combo, "good");
    check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_E_AGAIN);
    stream_clear(&rig.to_server);
    check_eq(combo.library->renegotiate(rig.peer) == PEER_FAILED, false);
    check_gt(stream_len(&rig.to_client), 0, "the server asks for nothing");
    check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_E_AGAIN, "%s", rig.error_text);
    check_gt(stream_len(&rig.to_server), 5);
    check_eq(rig.to_server.data[rig.to_server.begin], 21, "not an alert");
    n = 5 + rig.to_server.data[rig.to_server.begin + 4];
    check_eq(stream_len(&rig.to_server), n, "more than an alert");
    rig_close(&rig);
}

/* Each is answered, and what comes behind is read with the new keys. */
/* faults: 11 */
MATRIX(octets, key_updates, COMBOS_WHOLE, CHECK_TLS13 | CHECK_KEY_UPDATE,
       "key updates are answered, and what follows is read")
{
    struct rig rig;
    uint8_t buf[64];
    size_t n;

    combo.version = ENVOI_TLS_1_3;
    rig_establish(&rig, combo, "good");
    for (int i = 0; i < 3; i++) {
        check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_E_AGAIN);
        check_eq(combo.library->update_keys(rig.peer), PEER_OK);
        check_eq(combo.library->send(rig.peer, "250", 3), PEER_OK);
        expect_from_server(&rig, (const uint8_t *)"250", 3);
        check_eq(rig_send_all(&rig, (const uint8_t *)"NOOP", 4), ENVOI_OK);
        expect_from_client(&rig, (const uint8_t *)"NOOP", 4);
    }
    rig_close(&rig);
}

/* The wish comes while a record is on its way that lower has no room for: it goes out whole, and once. */
/* faults: 11 */
MATRIX(octets, key_update_amid_record, COMBOS_WHOLE, CHECK_TLS13 | CHECK_KEY_UPDATE,
       "a key update amid a record that waits for room breaks nothing")
{
    static uint8_t data[9000];
    struct rig rig;
    uint8_t buf[64];
    size_t n, total;

    combo.version = ENVOI_TLS_1_3;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t window = 0; window < 3000; window += 700) {
        rig_establish(&rig, combo, "good");
        check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_E_AGAIN);
        rig.window = window;
        check_eq(rig_send(&rig, data, 3000, &n), ENVOI_E_AGAIN);
        check_eq(combo.library->update_keys(rig.peer), PEER_OK);
        check_eq(combo.library->send(rig.peer, "250", 3), PEER_OK);
        rig.window = SIZE_MAX;
        expect_from_server(&rig, (const uint8_t *)"250", 3);
        for (total = 0; total < sizeof(data); total += n)
            check_eq(rig_send(&rig, data + total, sizeof(data) - total, &n), ENVOI_OK, "%s", rig.error_text);
        expect_from_client(&rig, data, sizeof(data));
        rig_close(&rig);
    }
}

/* Key updates and nothing else: each call comes back, and says that there is nothing, or that it is enough. */
/* faults: 11 */
MATRIX(octets, key_updates_without_end, COMBOS_WHOLE, CHECK_TLS13 | CHECK_KEY_UPDATE,
       "key updates without end neither hang nor pile up memory")
{
    struct rig rig;
    uint8_t buf[64];
    size_t n;
    int32_t rc = ENVOI_E_AGAIN;

    combo.version = ENVOI_TLS_1_3;
    rig_establish(&rig, combo, "good");
    check_eq(rig_recv_some(&rig, buf, sizeof(buf), &n), ENVOI_E_AGAIN);
    for (int i = 0; i < 1000 && rc == ENVOI_E_AGAIN; i++) {
        size_t live = rig_memory.live;
        if (combo.library->update_keys(rig.peer) != PEER_OK)
            break; /* the server's library has had enough of it */
        rc = rig_recv_some(&rig, buf, sizeof(buf), &n);
        check_leq(rig_memory.live, live + 1, "memory piles up");
    }
    check(rc == ENVOI_E_AGAIN || rc == ENVOI_E_TLS, "%d: %s", rc, rig.error_text);
    rig_close(&rig);
}
