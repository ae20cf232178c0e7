/* SPDX-License-Identifier: MIT */
/* The whole engine, between a fuzzed application and a fuzzed server. An input is a play: lines, whose first octet says
 * what happens (README.md has the table). server.c keeps a ledger of what the server took; play.c and letter.c hold the
 * engine to it after every step. */
#include "base/mem.h"
#include "play.h"
#include "support/blocks.h"
#include "support/fake_tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MOST  400
#define MEMORY_MOST ((size_t)3 << 20)

/* The message that can still be changed: what was sent once stays as it was, since the ledger is compared with it. */
static struct letter *last_letter(struct play *p)
{
    struct letter *l = p->letter_count ? &p->letters[p->letter_count - 1] : NULL;

    return l && l->message && !l->sends && !letter_in_flight(l) ? l : NULL;
}

/* ---- settings ---- */

static int play_credential(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len)
{
    struct play *p = ctx;

    (void)mechanism;
    if (p->credential_later && p->credential_later-- % 2)
        return ENVOI_E_AGAIN;
    if (credential == ENVOI_CRED_REALM || credential == ENVOI_CRED_AUTHZID)
        return ENVOI_E_CANCELLED;
    *data = credential == ENVOI_CRED_AUTHID ? PLAY_USER : credential == ENVOI_CRED_TOKEN ? PLAY_TOKEN : PLAY_PASSWORD;
    *len = strlen(*data);
    return ENVOI_OK;
}

/* A secret that is replaced is wiped. */
static void set_secret(char **slot, const char *text)
{
    mem_free_secret(*slot);
    *slot = mem_strdup(text);
    FUZZ_CHECK(*slot, "out of memory");
}

static void set_credentials(struct play *p, char c)
{
    if (c == 'u' || c == 't')
        set_secret(&p->settings.user, PLAY_USER);
    if (c == 'u')
        set_secret(&p->settings.password, PLAY_PASSWORD);
    if (c == 't')
        set_secret(&p->settings.token, PLAY_TOKEN);
    if (c == 'k' || c == 'K') {
        p->settings.credential = play_credential;
        p->settings.credential_ctx = p;
        p->credential_later += c == 'K' ? 5 : 0;
    }
}

/* "=lvc2": each octet changes one thing. Only while there is no connection. */
static void step_set(struct play *p, const char *rest)
{
    static const size_t chunks[] = {0, 1, 7, 64, 512, 65536};
    struct settings *s = &p->settings;

    for (; *rest && !engine_alive(p->engine); rest++) {
        if (*rest >= '0' && *rest <= '3')
            s->tls = ENVOI_TLS_OFF + (*rest - '0');
        else if (*rest >= 'A' && *rest <= 'F')
            s->chunk_size = chunks[*rest - 'A'];
        else if (*rest >= 'x' && *rest <= 'z')
            p->window = *rest - 'x';
        else if (*rest >= 'p' && *rest <= 'r')
            engine_set_trace_level(p->engine, *rest - 'p');
        else if (*rest && strchr("utkK", *rest))
            set_credentials(p, *rest);
        s->lmtp ^= *rest == 'l';
        s->tls_verify ^= *rest == 'v';
        s->cleartext_auth ^= *rest == 'c';
        s->nonblocking ^= *rest == 'n';
        s->blocking_mechanisms ^= *rest == 'b';
        s->chunk_waits ^= *rest == 'w';
        s->max_ssf = *rest == 's' ? 256 : *rest == 'S' ? 0 : s->max_ssf;
        s->min_ssf = *rest == 'm' ? 56 : *rest == 'S' ? 0 : s->min_ssf;
        p->peer.unix_socket ^= *rest == 'U';
        p->peer.host_is_ip ^= *rest == 'i';
    }
}

/* "@SCRAM-SHA-256 * !LOGIN": the list of mechanisms. */
static void step_mechanisms(struct play *p, const char *rest)
{
    if (!engine_alive(p->engine))
        FUZZ_CHECK(mem_replace(&p->settings.mechanisms, *rest ? rest : NULL) == ENVOI_OK, "out of memory");
}

/* ---- messages ---- */

static void step_from(struct play *p, const char *rest)
{
    struct letter *l = &p->letters[p->letter_count];

    if (p->letter_count == LETTERS_MAX)
        return;
    p->letter_count++;
    *l = (struct letter){.rewinds = true, .step = SIZE_MAX};
    (void)envoi_message_new(rest, &l->message);
}

/* "TADDRESS" or "TADDRESS<tab>OPTIONS". */
static void step_to(struct play *p, const char *rest)
{
    const char *tab = strchr(rest, '\t');
    struct letter *l = last_letter(p);
    char *address;

    if (!l || envoi_message_recipients(l->message) == RECIPIENTS_MOST)
        return;
    address = fuzz_string(rest, tab ? (size_t)(tab - rest) : strlen(rest));
    (void)envoi_message_add_recipient_with(l->message, address, tab ? tab + 1 : NULL);
    fuzz_free(address);
}

static void step_options(struct play *p, const char *rest)
{
    struct letter *l = last_letter(p);

    if (l)
        (void)envoi_message_set_options(l->message, *rest ? rest : NULL);
}

/* "B2dc": the body, the ways of the message. */
static void step_body(struct play *p, const char *rest)
{
    struct letter *l = last_letter(p);

    for (; l && *rest; rest++) {
        if (*rest >= '0' && *rest <= '3')
            l->body = *rest - '0';
        else if (*rest == 'd')
            (void)envoi_message_set_drop_options(l->message, 1);
        else if (*rest == 'e')
            (void)envoi_message_set_size_estimate(l->message, 1000);
        l->canonical ^= *rest == 'c';
    }
}

/* "Qk3a": where the content comes from. */
static void step_source(struct play *p, const char *rest)
{
    struct letter *l = last_letter(p);

    for (; l && *rest; rest++) {
        l->callback = *rest == 'k' || (l->callback && *rest != 'm');
        l->rewinds ^= *rest == 'r';
        l->unknown ^= *rest == 'u';
        l->lies ^= *rest == 'l';
        l->fails ^= *rest == 'f';
        if (*rest == 'a')
            l->again = 2;
        else if (*rest >= '1' && *rest <= '9')
            l->step = (size_t)1 << (2 * (*rest - '1'));
    }
}

static void add_content(struct letter *l, const void *data, size_t len, const char *end)
{
    if (l->content.len + len + strlen(end) > CONTENT_MOST)
        return;
    fuzz_add(&l->content, data, len);
    fuzz_add(&l->content, end, strlen(end));
}

/* "M200": the content so far, so many times. */
static void step_multiply(struct play *p, const char *rest)
{
    struct letter *l = last_letter(p);
    size_t len = l ? l->content.len : 0;

    for (unsigned long n = strtoul(rest, NULL, 10); l && n > 1 && l->content.len + len <= CONTENT_MOST && len; n--) {
        uint8_t *copy = fuzz_copy(l->content.data, len);
        fuzz_add(&l->content, copy, len);
        fuzz_free(copy);
    }
}

/* ---- verbs ---- */

static void step_connect(struct play *p, const char *rest)
{
    (void)rest;
    if (engine_alive(p->engine))
        return;
    engine_close(p->engine);
    p->server.lmtp = p->settings.lmtp;
    p->peer.tls = p->settings.tls;
    play_verb(p, NULL, false, false);
    server_begin(&p->server, p->peer.tls == ENVOI_TLS_IMPLICIT);
    play_verb_began(p, engine_connect(p->engine, &p->peer));
}

static void step_plain_verb(struct play *p, char which)
{
    static const struct {
        char which;
        int (*begin)(struct engine *e);
        bool by_verb;
    } verbs[] = {{'i', engine_hello_if_needed, false},
                 {'t', engine_starttls, false},
                 {'r', engine_rset, true},
                 {'q', engine_quit, false},
                 {'y', engine_prepare, false}};

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (verbs[i].which == which) {
            play_verb(p, NULL, verbs[i].by_verb, false);
            play_verb_began(p, verbs[i].begin(p->engine));
        }
}

static void step_hello(struct play *p, char which, const char *rest)
{
    const char *name = *rest ? rest : NULL;

    play_verb(p, NULL, false, false);
    play_verb_began(p, which == 'h' ? engine_ehlo(p->engine, name) : engine_helo(p->engine, name));
}

/* "cVERB ARGUMENTS"; MAIL, RCPT and RSET have verbs of their own, which the server's books tell apart. */
static void step_command(struct play *p, const char *rest)
{
    const char *blank = strchr(rest, ' ');
    char *verb = fuzz_string(rest, blank ? (size_t)(blank - rest) : strlen(rest));
    char *line = fuzz_string(rest, blank && !blank[1] ? (size_t)(blank - rest) : strlen(rest));

    if (strcmp(verb, "MAIL") != 0 && strcmp(verb, "RCPT") != 0 && strcmp(verb, "RSET") != 0) {
        play_verb(p, line, false, false);
        play_verb_began(p, engine_command(p->engine, verb, blank ? blank + 1 : NULL));
    }
    fuzz_free(line);
    fuzz_free(verb);
}

static void step_lookup(struct play *p, const char *rest)
{
    struct fuzz_bytes line = {0};
    char *text;

    fuzz_add(&line, "VRFY ", 5);
    fuzz_add(&line, rest, strlen(rest));
    for (size_t i = 0; rest[i]; i++)
        if ((unsigned char)rest[i] >= 0x80) {
            fuzz_add(&line, " SMTPUTF8", 9);
            break;
        }
    text = fuzz_string(line.data, line.len);
    play_verb(p, text, false, false);
    play_verb_began(p, engine_lookup(p->engine, "VRFY", rest));
    fuzz_free(text);
    fuzz_bytes_free(&line);
}

static void step_path(struct play *p, char which, const char *rest)
{
    const char *tab = strchr(rest, '\t');
    char *path = fuzz_string(rest, tab ? (size_t)(tab - rest) : strlen(rest));
    const char *options = tab ? tab + 1 : NULL;

    play_verb(p, NULL, true, false);
    play_verb_began(p, which == 'm' ? engine_mail(p->engine, path, options) : engine_rcpt(p->engine, path, options));
    fuzz_free(path);
}

static void step_data(struct play *p, const char *rest)
{
    if (play_is_busy(p))
        return;
    fuzz_clear(&p->data);
    fuzz_add(&p->data, rest, strlen(rest));
    play_verb(p, NULL, true, false);
    play_verb_began(p, engine_data(p->engine, p->data.data, p->data.len));
}

/* The application's own mechanism: "one", then "two" and so on, done after the third. */
static int play_step(void *ctx, const void *challenge, size_t len, const void **response, size_t *response_len,
                     int *done)
{
    static const char *const words[] = {"one", "", "three", "four"};
    struct play *p = ctx;

    FUZZ_CHECK((p->auth_at == 0) == !challenge && (challenge || !len), "called with%s a challenge",
               challenge ? "" : "out");
    if (p->auth_at == 6)
        return ENVOI_E_AUTH;
    *response = words[p->auth_at % 4];
    *response_len = strlen(*response);
    *done = p->auth_at++ >= 2;
    return ENVOI_OK;
}

static void step_login(struct play *p, char which, const char *rest)
{
    bool own = which == 'A';

    if (own && (play_is_busy(p) || !*rest)) /* who brings the steps says of what */
        return;
    if (own)
        p->auth_at = 0;
    play_verb(p, NULL, false, own);
    play_verb_began(p, engine_login(p->engine, *rest ? rest : NULL, own ? play_step : NULL, p, own));
}

/* ---- sending ---- */

static void begun(struct letter *const *letters, size_t count, int rc)
{
    for (size_t i = 0; i < count; i++)
        if (rc != ENVOI_E_BUSY && letters[i]->dones + (unsigned)letter_in_flight(letters[i]) > letters[i]->sends)
            letter_sent(letters[i]);
}

/* "!": the last message; "&": all of them; "+": the last one behind those that are on their way. */
static void step_send(struct play *p, char which)
{
    struct envoi_message *messages[LETTERS_MAX];
    struct letter *letters[LETTERS_MAX];
    size_t count = 0, first = which == '&' || !p->letter_count ? 0 : p->letter_count - 1;
    int rc = ENVOI_OK;

    for (size_t i = first; i < p->letter_count; i++)
        if (!letter_in_flight(&p->letters[i]) && (which == '+' || !play_is_busy(p)) && letter_prepare(&p->letters[i])) {
            letters[count] = &p->letters[i];
            messages[count++] = p->letters[i].message;
        }
    if (!count)
        return;
    play_verb(p, NULL, false, false);
    p->many |= count > 1 || which == '+';
    if (which == '+') {
        message_begin(messages[0]);
        if ((rc = engine_queue(p->engine, messages[0])))
            letters[0]->sent_to = 0; /* as before the first send: nobody says why */
        begun(letters, count, rc);
        engine_go(p->engine);
        play_settle(p);
        p->busy |= play_is_busy(p);
        play_check(p);
        return;
    }
    rc = engine_send_all(p->engine, messages, count);
    begun(letters, count, rc);
    play_verb_began(p, rc);
}

/* ---- the server ---- */

/* "l" and "n" are held until something else is said, and go with that in one go. */
static void step_speak(struct play *p, char which, const uint8_t *rest, size_t len)
{
    bytes_add(&p->held, rest, len);
    if (which != 's')
        bytes_add_text(&p->held, which == 'S' || which == 'l' ? "\r\n" : "\n");
    if (which == 'l' || which == 'n' || !p->held.len)
        return;
    play_speak(p, p->held.data, p->held.len);
    bytes_clear(&p->held);
}

/* "*50 250 ok": a line, so many times, in one go. */
static void step_repeat(struct play *p, const char *rest)
{
    struct bytes text = {0};
    char *line = NULL;
    unsigned long n = strtoul(rest, &line, 10);

    line += *line == ' ';
    for (n = n < 2000 ? n : 2000; n && text.len < 200000; n--) {
        bytes_add_text(&text, line);
        bytes_add_text(&text, "\r\n");
    }
    if (text.len)
        play_speak(p, text.data, text.len);
    bytes_free(&text);
}

static void step_wait(struct play *p, const char *rest)
{
    unsigned long time = strtoul(rest, NULL, 10);

    p->now += time < 1000000 ? (int64_t)time : 1000000;
    play_settle(p);
    play_check(p);
}

static size_t step_of(const char *rest)
{
    unsigned long n = strtoul(rest, NULL, 10);

    return n ? n : SIZE_MAX;
}

/* The octets that may leave before the server speaks; "J" alone: all. */
static void step_most(struct play *p, const char *rest)
{
    p->up_most = *rest ? strtoul(rest, NULL, 10) : SIZE_MAX;
    play_settle(p);
    play_check(p);
}

/* ---- steps ---- */

static bool step_of_message(struct play *p, char which, const char *rest, const uint8_t *raw, size_t len)
{
    static const struct {
        char which;
        void (*run)(struct play *p, const char *rest);
    } steps[] = {{'=', step_set},     {'@', step_mechanisms}, {'F', step_from},   {'T', step_to},
                 {'P', step_options}, {'B', step_body},       {'Q', step_source}, {'M', step_multiply}};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i].which == which) {
            steps[i].run(p, rest);
            return true;
        }
    if (!strchr("DdNR", which))
        return false;
    if (last_letter(p))
        add_content(last_letter(p), raw, len, which == 'D' ? "\r\n" : which == 'N' ? "\n" : which == 'R' ? "\r" : "");
    return true;
}

static bool step_of_verb(struct play *p, char which, const char *rest)
{
    static const struct {
        char which;
        void (*run)(struct play *p, const char *rest);
    } steps[] = {{'C', step_connect}, {'c', step_command}, {'v', step_lookup}, {'b', step_data}};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i].which == which) {
            steps[i].run(p, rest);
            return true;
        }
    if (strchr("itrqy", which))
        step_plain_verb(p, which);
    else if (strchr("hH", which))
        step_hello(p, which, rest);
    else if (strchr("mp", which))
        step_path(p, which, rest);
    else if (strchr("aA", which))
        step_login(p, which, rest);
    else if (strchr("!&+", which))
        step_send(p, which);
    else
        return false;
    return true;
}

static void step_of_wire(struct play *p, char which, const char *rest, const uint8_t *raw, size_t len)
{
    if (which == 'x')
        engine_close(p->engine);
    else if (which == 'j')
        p->up_step = step_of(rest);
    else if (which == 'k')
        p->down_step = step_of(rest);
    else if (which == 'J')
        step_most(p, rest);
    else if (which == 'w')
        step_wait(p, rest);
    else if (which == '*')
        step_repeat(p, rest);
    else if (strchr("SsLln", which))
        step_speak(p, which, raw, len);
    else if (which == 'Z') /* as it is, under all layers */
        play_say(p, raw, len);
    else if (strchr("GUO", which) && p->server.tls)
        play_record(p, which == 'O' ? FAKE_TLS_CLOSE : FAKE_TLS_HELLO,
                    which == 'G'   ? "trusted"
                    : which == 'U' ? "untrusted"
                                   : "",
                    which == 'G'   ? 7
                    : which == 'U' ? 9
                                   : 0);
    else if (strchr("EX", which) && engine_alive(p->engine))
        play_lose(p, which == 'X' ? ECONNRESET : 0);
    if (which == 'x')
        play_check(p);
}

static void play_step_line(struct play *p)
{
    const uint8_t *end = memchr(p->in.data, '\n', p->in.len);
    size_t len = end ? (size_t)(end - p->in.data) : p->in.len;
    char which = len ? (char)p->in.data[0] : '\n', *rest = fuzz_string(p->in.data + (len > 0), len - (len > 0));

    if (which && !step_of_message(p, which, rest, p->in.data + 1, len ? len - 1 : 0) && !step_of_verb(p, which, rest))
        step_of_wire(p, which, rest, p->in.data + 1, len ? len - 1 : 0);
    fuzz_free(rest);
    p->in.data += len + (end ? 1 : 0);
    p->in.len -= len + (end ? 1 : 0);
}

/* ---- the end ---- */

/* What is unfinished ends, by the clock or with the connection. */
static void end_verb(struct play *p, bool by_clock)
{
    p->up_most = SIZE_MAX;
    play_settle(p);
    play_check(p);
    if (play_is_busy(p) && by_clock) {
        for (int i = 0; i < 2 && play_is_busy(p); i++) { /* a late greeting is traced before it is given up */
            p->now = engine_deadline(p->engine);
            engine_tick(p->engine, p->now);
        }
        FUZZ_CHECK(!play_is_busy(p), "the deadline has passed, and it goes on");
        play_check(p);
    }
    if (engine_alive(p->engine))
        play_lose(p, 0);
}

/* The same engine, with a good server: whatever came before, it works. */
static void use_again(struct play *p)
{
    static const struct {
        char which;
        const char *rest, *reply;
    } steps[] = {{'h', "again.example", "250 mx.example"}, {'c', "NOOP", "250 ok"}, {'q', "", "221 bye"}};

    p->settings.tls = ENVOI_TLS_OFF;
    p->down_step = p->up_step = SIZE_MAX;
    bytes_clear(&p->held);
    step_connect(p, "");
    play_speak(p, "220 mx.example\r\n", 16);
    FUZZ_CHECK(engine_result(p->engine) == ENVOI_OK, "the next connection: %s", p->fault.text);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        (void)step_of_verb(p, steps[i].which, steps[i].rest);
        FUZZ_CHECK(play_is_busy(p), "the next connection says nothing");
        step_speak(p, 'S', (const uint8_t *)steps[i].reply, strlen(steps[i].reply));
        FUZZ_CHECK(engine_result(p->engine) == ENVOI_OK, "%s after another connection: %s", steps[i].rest,
                   p->fault.text);
    }
    FUZZ_CHECK(!engine_alive(p->engine), "QUIT, and it lives");
}

static void run(const uint8_t *data, size_t size)
{
    struct play p = {.in = {data, size}};

    play_begin(&p);
    for (unsigned steps = 0; p.in.len && steps < STEPS_MOST; steps++)
        play_step_line(&p);
    end_verb(&p, size & 1);
    use_again(&p);
    play_free(&p);
}

/* A secret that the input has, be it only its beginning, is not one that the engine leaked. libFuzzer learns them from
 * the comparisons that it watches. */
static bool has_secret(const uint8_t *data, size_t size)
{
    for (const char *const *secret = play_secrets(); *secret; secret++)
        if (bytes_contain(data, size, *secret, 6))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    size_t alive;

    if (!ready) {
        (void)play_secrets();
        blocks_install();
        blocks_add_secret(PLAY_PASSWORD, strlen(PLAY_PASSWORD));
        blocks_add_secret(PLAY_TOKEN, strlen(PLAY_TOKEN));
    }
    ready = true;
    if (has_secret(data, size))
        return 0;
    alive = blocks_alive();
    blocks_reset_peak();
    run(data, size);
    FUZZ_CHECK(blocks_alive() == alive, "%zu blocks are lost", blocks_alive() - alive);
    FUZZ_CHECK(!blocks_leaked(), "\"%s\" is in memory that was given back", blocks_leaked());
    FUZZ_CHECK(blocks_peak() <= MEMORY_MOST, "%zu octets at once", blocks_peak());
    return 0;
}
