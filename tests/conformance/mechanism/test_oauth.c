/* SPDX-License-Identifier: MIT */
/* OAUTHBEARER (RFC 7628) and XOAUTH2: the messages, what the server says of a refusal, and what is no token. */
#include "combos.h"
#include "harness.h"

#include <string.h>

static struct client client;
static const char *const names[] = {"OAUTHBEARER", "XOAUTH2"};

static void expect_out(const char *data, size_t len)
{
    check(client.wrote);
    check_eq(client.out_len, len, "%zu octets instead of %zu", client.out_len, len);
    check_eq(memcmp(client.out, data, len), 0, "'%.*s'", (int)client.out_len, client.out);
}

#define EXPECT_OUT(text) expect_out(text, sizeof(text) - 1)

static void send_message(const char *mech)
{
    client_begin(&client, mech);
    check_eq(client_step(&client, NULL, 0), ENVOI_OK, "%s", host_record.text);
    check_eq(client.result, ENVOI_STEP_DONE);
}

/* What the server says of the refusal. */
static void explain(const char *challenge)
{
    check_eq(client_step(&client, challenge, strlen(challenge)), ENVOI_OK, "%s", host_record.text);
    check_eq(client.result, ENVOI_STEP_CONTINUE, "a mechanism that was refused is not content");
}

/* RFC 7628, sections 4.1 and 4.3; the port is not known to a plugin, and may be left out. */
EACH_NAMED("OAUTHBEARER", mech_oauth, the_example_of_rfc_7628, "the messages of RFC 7628")
{
    client_open(&client);
    client.value[AUTHID] = "user@example.com";
    client.value[TOKEN] = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
    client.params.host = "server.example.com";
    send_message("OAUTHBEARER");
    EXPECT_OUT("n,a=user@example.com,\1host=server.example.com\1"
               "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1");
    explain("{\"status\":\"invalid_token\",\"scope\":\"example_scope\","
            "\"openid-configuration\":\"https://example.com/.well-known/openid-configuration\"}");
    EXPECT_OUT("\1");
    check(client.told, "the reason of the refusal is not reported by set_error");
    check_words(host_record.text, "\"status\":\"invalid_token\",\"scope\":\"example_scope\"");
    client_close(&client);
}

/* The example of Google's description. */
EACH_NAMED("XOAUTH2", mech_oauth, the_example_of_xoauth2, "the messages of Google's description")
{
    client_open(&client);
    client.value[AUTHID] = "someuser@example.com";
    client.value[TOKEN] = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
    send_message("XOAUTH2");
    EXPECT_OUT("user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1");
    explain("{\"status\":\"401\",\"schemes\":\"bearer mac\",\"scope\":\"https://mail.google.com/\"}");
    EXPECT_OUT("");
    check(client.told, "the reason of the refusal is not reported by set_error");
    check_words(host_record.text, "\"status\":\"401\"");
    client_close(&client);
}

/* The message may be asked for by an empty challenge. */
OF_PLUGIN("oauth", mech_oauth, an_empty_challenge_is_answered, "an empty challenge is answered with the message")
{
    client_open(&client);
    client_begin(&client, "OAUTHBEARER");
    check_eq(client_step(&client, "", 0), ENVOI_OK);
    EXPECT_OUT("n,a=alice,\1host=mail.example.org\1auth=Bearer tok3n.of-alice~1+/==\1\1");
    client_begin(&client, "OAUTHBEARER");
    client_expect(&client, client_step(&client, "{}", 2), ENVOI_E_AUTH, "before it had the token");
    check(!client.wrote);
    client_close(&client);
}

/* A host that cannot stand there is left out. */
OF_PLUGIN("oauth", mech_oauth, host_is_optional, "a host that cannot stand in the message is left out")
{
    static const char *const hosts[] = {NULL, "", "two words", "m\xc3\xbcnchen.example", "a\1auth=Bearer b", "a\x7f"};

    client_open(&client);
    client.value[TOKEN] = "abcd";
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        client.params.host = hosts[i];
        send_message("OAUTHBEARER");
        EXPECT_OUT("n,a=alice,\1auth=Bearer abcd\1\1");
    }
    client.params.host = "2001:db8::1";
    send_message("OAUTHBEARER");
    EXPECT_OUT("n,a=alice,\1host=2001:db8::1\1auth=Bearer abcd\1\1");
    client_close(&client);
}

/* Both name whom to act as; "," and "=" are written otherwise in a saslname (RFC 5801). */
OF_PLUGIN("oauth", mech_oauth, the_name_to_act_as, "the name to act as, in the form of either mechanism")
{
    client_open(&client);
    client.value[TOKEN] = "abcd";
    client.params.host = NULL;
    client.value[AUTHZID] = "=bob,, j\xc3\xbcrgen=";
    send_message("OAUTHBEARER");
    EXPECT_OUT("n,a==3Dbob=2C=2C j\xc3\xbcrgen=3D,\1auth=Bearer abcd\1\1");
    send_message("XOAUTH2");
    EXPECT_OUT("user==bob,, j\xc3\xbcrgen=\1auth=Bearer abcd\1\1");
    client.value[AUTHZID] = "";
    send_message("XOAUTH2");
    EXPECT_OUT("user=alice\1auth=Bearer abcd\1\1");
    client_close(&client);
}

OF_PLUGIN("oauth", mech_oauth, what_is_no_token_is_refused, "a token that RFC 6750 does not allow is refused")
{
    static const char *const good[] = {"a", "a=", "AZaz09-._~+/=="};
    static const char *const bad[] = {"two words", "a=b",   "a\1", "a\nb", "a\tb", "\xc3\xa4",
                                      "a,b",       "a\x7f", "a\"", "=a",   "="};

    client_open(&client);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        client.value[TOKEN] = good[i];
        send_message("OAUTHBEARER");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        client.value[TOKEN] = bad[i];
        client_begin(&client, "OAUTHBEARER");
        client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_USAGE, "RFC 6750");
        check(!client.wrote);
    }
    client.value[TOKEN] = "";
    client_begin(&client, "OAUTHBEARER");
    client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_USAGE, "empty");
    client_close(&client);
}

OF_PLUGIN("oauth", mech_oauth, what_is_no_name_is_refused, "a name with a control character is refused")
{
    static const char *const bad[] = {"al\1ice", "alice\n", "\talice", "ali\x7f"};

    client_open(&client);
    for (size_t m = 0; m < 2; m++) {
        for (int place = AUTHID; place <= AUTHZID; place++) {
            const char *given = client.value[place];
            for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                client.value[place] = bad[i];
                client_begin(&client, names[m]);
                client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_USAGE, "control character");
                check(!client.wrote);
            }
            client.value[place] = given;
        }
    }
    client.value[AUTHID] = "";
    client_begin(&client, "XOAUTH2");
    client_expect(&client, client_step(&client, NULL, 0), ENVOI_E_USAGE, "empty");
    client_close(&client);
}

/* Whatever the server says: one line, printable, not too much of it, and without the token. */
/* faults: 65 */
OF_PLUGIN("oauth", mech_oauth, the_reason_is_safe_to_show,
          "the server's reason is told in one line and without the token")
{
    static char huge[4097];
    static const char *const said[][2] = {
        {"{}", "the server says: {}"},
        {"a\r\nb\tc", "the server says: a  b c"},
        {"\x01\x7f\x80\xff", "the server says:  ***"},
        {"tok3n.of-alice~1+/==", "the server says: *"},
        {"a tok3n.of-alice~1+/==tok3n.of-alice~1+/== b", "the server says: a ** b"},
        {"tok3n.of-alice~1+/", "the server says: tok3n.of-alice~1+/"}, /* a part: that is the core's to cover */
        {"%s%n", "the server says: %s%n"},
    };

    client_open(&client);
    host_watch(client.value[TOKEN], strlen(client.value[TOKEN]));
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        send_message("XOAUTH2");
        explain(said[i][0]);
        check_str_eq(host_record.text, said[i][1]);
    }
    memset(huge, 'x', sizeof huge);
    memcpy(huge + 150, client.value[TOKEN], strlen(client.value[TOKEN]));
    send_message("XOAUTH2");
    check_eq(client_step(&client, huge, sizeof huge - 1), ENVOI_OK);
    check(client.told && strlen(host_record.text) < 190 && strstr(host_record.text, "xx*xxxxxxxxx..."), "%s",
          host_record.text);
    send_message("XOAUTH2");
    client_expect(&client, client_step(&client, huge, sizeof huge), ENVOI_E_AUTH, "too long");
    send_message("XOAUTH2");
    explain("");
    check(!client.told, "nothing was said, and it is told: %s", host_record.text);
    client_expect(&client, client_step(&client, "", 0), ENVOI_E_AUTH, "second challenge");
    client_close(&client);
}

/* A token of three octets is in every other text. */
OF_PLUGIN("oauth", mech_oauth, a_short_token_is_not_looked_for, "a token of three octets is not looked for")
{
    client_open(&client);
    client.value[TOKEN] = "tok";
    send_message("OAUTHBEARER");
    explain("invalid_token");
    check_str_eq(host_record.text, "the server says: invalid_token");
    client.value[TOKEN] = "toke";
    send_message("OAUTHBEARER");
    explain("invalid_token");
    check_str_eq(host_record.text, "the server says: invalid_*n");
    client_close(&client);
}

/* A whole refusal with allocation number `n` failing. Returns 0 when `n` was beyond the last. */
static int refusal_failing(const char *mech, size_t n)
{
    host_fail_at(n, 0);
    int32_t rc = client.mechanism->mech_new(client.state, mech, &client.params, &client.ctx);
    if (rc == ENVOI_OK && (rc = client_step(&client, NULL, 0)) == ENVOI_OK)
        rc = client_step(&client, "{}", 2);
    client_end(&client);
    int failed = host_record.failed > 0;
    check_eq(rc, failed ? ENVOI_E_MEMORY : ENVOI_OK, "allocation %zu: %d (%s)", n, rc, host_record.text);
    host_fail_at(0, 0);
    return failed;
}

/* faults: 75, 77 */
OF_PLUGIN("oauth", mech_oauth, memory_may_run_out_and_holds_no_token, "memory may run out, and holds no token")
{
    client_open(&client);
    host_watch(client.value[TOKEN], strlen(client.value[TOKEN]));
    for (size_t m = 0; m < 2; m++) {
        size_t n = 1;
        client_begin(&client, names[m]);
        client_end(&client);
        while (refusal_failing(names[m], n))
            check_lt(++n, 10);
        check_gt(n, 1, "the plugin does not allocate through the host");

        /* The answer to the reason finds no room. */
        send_message(names[m]);
        client.sink_rc = ENVOI_E_MEMORY;
        client_expect(&client, client_step(&client, "{}", 2), ENVOI_E_MEMORY, "stored");
        client.sink_rc = ENVOI_OK;
    }
    client_close(&client);
}
